package kit

import (
	"context"
	"sync"
	"time"

	"github.com/gotars/tars/kit/internal/fifo"
	"github.com/gotars/tars/kit/msg"
)

// pullBuffer is how many answers wait for a slow reader of AskStream; beyond it the
// oldest is dropped and counted.
const pullBuffer = 4096

// waiter collects the answers to one request, from the client's callback, which
// must not block, for one reader that waits.
type waiter struct {
	id     string
	topics []string
	arrive chan struct{} // capacity 1: something is in queue

	mu    sync.Mutex
	queue fifo.Queue[*Delivery]
}

// put adds an answer. It reports false when it dropped the oldest one for it.
func (w *waiter) put(d *Delivery) (room bool) {
	w.mu.Lock()
	room = w.queue.Len() < pullBuffer
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

// giveUp tells whoever answers to stop, although ctx is over.
func (b *Bus) giveUp(ctx context.Context, q msg.Message) {
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

func (b *Bus) forget(w *waiter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiting, w.id)
}

// serving reports whether the hooks of the service are done, so that answers will
// be subscribed.
func (b *Bus) serving() bool {
	select {
	case <-b.open:
		return true
	default:
		return false
	}
}
