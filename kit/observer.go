package kit

import "context"

// Observer sees each run of a handler and each publication of one service, and
// may add to their contexts. A service has one when its module provides an
// Observer, as those of kit/otel do; without one there is nothing to pay for.
// Its methods are called by many goroutines at once and in the path of every
// message, so they must not block.
type Observer interface {
	// Run is called before the handler of that name runs. Retries belong to the
	// same run. d is nil for timers and whatever else has no message; it is not
	// to be changed. ended is called once with the outcome.
	Run(ctx context.Context, handler string, d *Delivery) (_ context.Context, ended func(error))
	// Publish is called before a message goes out on topic. ended is called once,
	// when the broker has accepted it or the publication has failed.
	Publish(ctx context.Context, topic string) (_ context.Context, ended func(error))
}

// ignoreEnd is the ended function of a bus without an observer.
func ignoreEnd(error) {}

// observeRun tells the observer of a run.
func (b *Bus) observeRun(ctx context.Context, it item) (context.Context, func(error)) {
	if b.observer == nil {
		return ctx, ignoreEnd
	}
	return b.observer.Run(ctx, it.h.name, it.d)
}

// observePublish tells the observer of a publication.
func (b *Bus) observePublish(ctx context.Context, topic string) (context.Context, func(error)) {
	if b.observer == nil {
		return ctx, ignoreEnd
	}
	return b.observer.Publish(ctx, topic)
}

// WithTraceparent sets the W3C trace context that publications with ctx carry,
// for an [Observer] that makes spans.
func WithTraceparent(ctx context.Context, traceparent string) context.Context {
	m := From(ctx)
	m.Traceparent = traceparent
	return context.WithValue(ctx, metaKey{}, &m)
}
