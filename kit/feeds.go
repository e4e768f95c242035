package kit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gotars/tars/kit/internal/backoff"
)

// startFeeds starts loops, ticks and local events, once.
func (b *Bus) startFeeds() {
	for _, t := range b.dispatch.routes {
		if t.h.feed == nil {
			continue
		}
		b.life.spawn(func() {
			t.h.feed(b.life.feedCtx, func(call func(context.Context) error) <-chan struct{} {
				done := make(chan struct{})
				end := sync.OnceFunc(func() { close(done) })
				if !t.lane.offer(item{h: t.h, call: call, onSettled: end}) {
					end()
				}
				return done
			})
		})
	}
	for _, h := range b.dispatch.handlers {
		if h.loop != nil {
			b.life.spawn(func() { b.keepLooping(h.registration) })
		}
	}
	if b.status.checkHealth != nil {
		b.life.spawn(b.watchHealth)
	}
	if b.cfg.EnableHeartbeat && !b.tool {
		b.life.spawn(func() { b.runHeartbeat(b.life.feedCtx) })
	}
}

// keepLooping runs a Loop again, with the reconnect backoff, when it ends early.
func (b *Bus) keepLooping(h *registration) {
	wait := backoff.Link{Min: b.cfg.ReconnectMinDelay, Max: b.cfg.ReconnectMaxDelay}
	for {
		wait.Up(time.Now())
		err := runIsolated(func() error { return h.loop(b.life.feedCtx) })
		if b.life.feedCtx.Err() != nil {
			return
		}
		if f, ok := errors.AsType[fatalError](err); ok {
			b.life.fail(fmt.Errorf("%s: %w", h.name, f.error))
			return
		}
		if err == nil {
			err = fmt.Errorf("%s ended", h.name)
		}
		b.log.Error("loop ended early", "handler", h.name, "err", err)
		b.publishHealth(b.life.feedCtx, healthState{event: "error", err: fmt.Sprintf("%s: %v", h.name, err)})
		select {
		case <-time.After(max(wait.Next(time.Now()), b.cfg.ReconnectMinDelay)):
			b.publishHealth(b.life.feedCtx, healthState{ok: true, event: "ready"})
		case <-b.life.feedCtx.Done():
			return
		}
	}
}

// feedFromChannel queues the handling of each event of a channel, and takes the next event
// when that one is handled.
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
