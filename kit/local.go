package kit

import "context"

// feedFromChannel queues what comes, one after the other.
func feedFromChannel[E any](ctx context.Context, from <-chan E, run enqueueFunc, h func(context.Context, E) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-from:
			if !ok {
				return
			}
			select {
			case <-run(func(ctx context.Context) error { return h(ctx, e) }):
			case <-ctx.Done():
				return
			}
		}
	}
}
