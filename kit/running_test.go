package kit_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// The context of a run, and every one made of it, ends at the deadline of the
// run, by a cancel, with its cause, and when the run is over.
func TestContextOfARun(t *testing.T) {
	type call struct {
		ctx  context.Context
		kids []context.Context
		ran  atomic.Bool
	}
	derive := func(ctx context.Context) (*call, func()) {
		c := &call{ctx: ctx}
		plain, a := context.WithCancel(ctx)
		timed, b := context.WithTimeout(kit.WithBaggage(ctx, "k", "v"), time.Hour)
		stop := context.AfterFunc(ctx, func() { c.ran.Store(true) })
		c.kids = []context.Context{plain, timed}
		return c, func() { a(); b(); stop() }
	}
	check := func(t *testing.T, c *call, err, cause error) {
		t.Helper()
		for i, ctx := range append(c.kids, c.ctx) {
			if !errors.Is(ctx.Err(), err) || context.Cause(ctx) != cause {
				t.Errorf("context %d: %v because of %v, want %v because of %v", i, ctx.Err(), context.Cause(ctx), err, cause)
			}
		}
		if !c.ran.Load() {
			t.Error("AfterFunc did not run")
		}
	}
	var last *call
	var release func()
	wait := func(ctx context.Context, e Essay) error {
		last, release = derive(ctx)
		if m := kit.From(last.kids[1]); m.Topic == "" || m.Baggage["k"] != "v" || kit.From(ctx).Baggage != nil {
			t.Errorf("of the message it knows %+v", m)
		}
		if d, ok := ctx.Deadline(); !ok || time.Until(d) != 5*time.Second {
			t.Errorf("ends in %s, %v", time.Until(d), ok)
		}
		if e.ID != "short" {
			<-last.kids[0].Done()
		}
		return nil
	}
	kittest.Run(t, "ends", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, Essay{ID: "short"})
		b.Settle()
		check(t, last, context.Canceled, context.Canceled)
		release()

		time.Sleep(2 * time.Second) // while a timer for the first runs on
		b.Publish(t, Essay{ID: "long"})
		time.Sleep(5*time.Second - 50*time.Millisecond)
		b.Settle()
		if last.ctx.Err() != nil || last.ran.Load() {
			t.Error("ended before its deadline")
		}
		time.Sleep(50 * time.Millisecond)
		b.Settle()
		check(t, last, context.DeadlineExceeded, context.DeadlineExceeded)
		release()

		b.Publish(t, Essay{ID: "stopped"})
		b.Settle()
		b.Publish(t, Stop{ID: "stopped"})
		b.Settle()
		check(t, last, context.Canceled, kit.ErrCancelled)
		release()
	}, kittest.ServiceOf("writer", kit.On(wait, kit.Timeout(5*time.Second), kit.CancelledBy(
		func(s Stop) string { return s.ID }, func(e Essay) string { return e.ID }))))
}
