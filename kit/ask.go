package kit

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/gotars/tars/kit/internal/topic"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// defaultAskTimeout bounds an Ask whose context has no deadline.
const defaultAskTimeout = 10 * time.Second

// Ask publishes q and waits for its reply until ctx ends, at most 10s when ctx
// has no deadline. Giving up sends q.Cancel() where Q has it. The error is an
// [*NoReplyError] (no answer) or an [*Error] (a known failure); a failure inside R is
// R's own matter. A handler may ask: replies come on a connection where nothing
// waits for its work. A start hook may not, because nothing is subscribed before
// all hooks are done: it gets [ErrNotServing]. Ask in an [OnConnect] handler or in
// a [Loop].
func Ask[Q msg.Request[R], R msg.Message](ctx context.Context, b *Bus, q Q, opts ...PublishOption) (R, error) {
	var r R
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultAskTimeout)
		defer cancel()
	}
	w, err := b.request(ctx, q, opts, r.Route())
	if err != nil {
		return r, err
	}
	defer b.replies.remove(w)
	d, err := w.take(ctx)
	if err != nil {
		b.sendCancel(ctx, q)
		return r, &NoReplyError{Topic: q.Route().Topic, Err: err}
	}
	return decodeReply[R](b, d)
}

// AskStream publishes q and yields parts until R arrives; *last receives R when it
// is not nil. R ends the loop, so a lost part or a failure never hangs it.
// Leaving early, or ctx's end, sends q.Cancel() where Q has it.
func AskStream[Q msg.Streamed[P, R], P, R msg.Message](ctx context.Context, b *Bus, q Q, last *R, opts ...PublishOption) iter.Seq2[P, error] {
	return func(yield func(P, error) bool) {
		var p P
		var r R
		w, err := b.request(ctx, q, opts, r.Route(), p.Route())
		if err != nil {
			yield(p, err)
			return
		}
		defer b.replies.remove(w)
		for {
			d, err := w.take(ctx)
			if err != nil {
				b.sendCancel(ctx, q)
				yield(p, &NoReplyError{Topic: q.Route().Topic, Err: err})
				return
			}
			if d.Topic == b.replies.failures || topic.Matches(r.Route().Topic, d.Topic) {
				r, err := decodeReply[R](b, d)
				if err != nil {
					yield(p, err)
				} else if last != nil {
					*last = r
				}
				return
			}
			if err := decodeValue[P](d); err != nil {
				b.countRefused(b.replies.lostReplies, d, err) // a part that cannot be read is a lost part
				continue
			}
			if !yield(d.Value.(P), nil) {
				b.sendCancel(ctx, q)
				return
			}
		}
	}
}

// decodeReply is the R in d, or the failure it tells of.
func decodeReply[R msg.Message](b *Bus, d *Delivery) (r R, err error) {
	if d.Topic == b.replies.failures {
		var e errorReply
		if err := wire.Decode(d.Data, &e); err != nil {
			return r, err
		}
		return r, &Error{Code: Code(e.Code), Message: e.Message}
	}
	if err := decodeValue[R](d); err != nil {
		b.countRefused(b.replies.lostReplies, d, err)
		return r, &NoReplyError{Topic: d.Topic, Err: err}
	}
	return d.Value.(R), nil
}

// request publishes q and returns the waiter at which its answers arrive. The caller
// removes it.
func (b *Bus) request(ctx context.Context, q msg.Message, opts []PublishOption, replies ...msg.Route) (*waiter, error) {
	o := applyOptions(q.Route(), opts)
	if err := b.checkDeclared(q); err != nil {
		return nil, err
	}
	if !b.dispatch.serving() {
		return nil, &NoReplyError{Topic: q.Route().Topic, Err: ErrNotServing}
	}
	w := &waiter{id: o.id, arrive: make(chan struct{}, 1)}
	for _, r := range replies {
		w.topics = append(w.topics, r.Topic)
	}
	if !b.replies.add(w) {
		return nil, fmt.Errorf("ask %s: id %s is being asked already", q.Route().Topic, w.id)
	}
	if err := b.publishMessage(ctx, q, append(slices.Clip(opts), ID(o.id), func(p *publication) { p.errorTo = b.replies.failures })...); err != nil {
		b.replies.remove(w)
		return nil, &NoReplyError{Topic: q.Route().Topic, Err: err}
	}
	return w, nil
}

// answerAsk hands d to the ask that waits for it, and reports whether there is one.
func (b *Bus) answerAsk(d *Delivery) bool {
	id, failure := d.ID, d.Topic == b.replies.failures
	if failure {
		var e errorReply
		if wire.Decode(d.Data, &e) == nil {
			id = e.ID
		}
	}
	w := b.replies.find(id)
	if w == nil {
		return false
	}
	for _, t := range w.topics {
		if failure || topic.Matches(t, d.Topic) {
			x := *d
			x.Key = topic.Key(t, d.Topic)
			if !w.put(&x) {
				b.countDropped(b.replies.lostReplies, "overflow", d)
			}
			return true
		}
	}
	return false
}
