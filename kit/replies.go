package kit

import (
	"context"
	"sync"
	"time"

	"github.com/gotars/tars/kit/internal/fifo"
	"github.com/gotars/tars/kit/msg"
)

// replies owns what this service waits for after an Ask or an AskStream. mu
// guards waiting; the rest is fixed.
type replies struct {
	failures    string        // topic on which this service hears why it gets no answer
	lostReplies *registration // no handler: its meter counts the replies that Ask and AskStream lose

	mu      sync.Mutex
	waiting map[string]*waiter // by the id of the request
}

func newReplies(failures string) replies {
	return replies{failures: failures, lostReplies: &registration{name: "ask"}, waiting: map[string]*waiter{}}
}

// add lets w get answers. It reports false when its id is in use.
func (r *replies) add(w *waiter) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting[w.id] != nil {
		return false
	}
	r.waiting[w.id] = w
	return true
}

// find returns the waiter for answers to the request id, or nil.
func (r *replies) find(id string) *waiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting[id]
}

// remove ends what add began.
func (r *replies) remove(w *waiter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, w.id)
}

// maxWaitingReplies is how many answers wait for a slow reader of AskStream; beyond it the
// oldest is dropped and counted.
const maxWaitingReplies = 4096

// waiter collects the answers to one request, from the client's callback, which
// must not block, for one reader that waits.
type waiter struct {
	id     string
	topics []string      // on which answers come
	arrive chan struct{} // capacity 1: something is in queue

	mu    sync.Mutex
	queue fifo.Queue[*Delivery]
}

// put adds an answer. It reports false when it dropped the oldest one for it.
func (w *waiter) put(d *Delivery) (room bool) {
	w.mu.Lock()
	room = w.queue.Len() < maxWaitingReplies
	if !room {
		w.queue.Pop()
	}
	w.queue.Push(d)
	w.mu.Unlock()
	select {
	case w.arrive <- struct{}{}:
	default:
	}
	return room
}

// take returns the oldest answer, as soon as there is one, or the cause of ctx's
// end.
func (w *waiter) take(ctx context.Context) (*Delivery, error) {
	for {
		w.mu.Lock()
		if w.queue.Len() > 0 {
			defer w.mu.Unlock()
			return w.queue.Pop(), nil
		}
		w.mu.Unlock()
		select {
		case <-w.arrive:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// sendCancel publishes q.Cancel(), if Q has it, so that whoever answers q stops. It does so
// although ctx is over.
func (b *Bus) sendCancel(ctx context.Context, q msg.Message) {
	c, ok := q.(msg.Cancellable)
	if !ok {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	if err := b.Publish(ctx, c.Cancel()); err != nil {
		b.log.WarnContext(ctx, "cancel not sent", "err", err)
	}
}
