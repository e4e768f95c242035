package kit

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/gotars/tars/kit/msg"
)

// Whoever sends with a fresh key each time fills no memory, whether the lane
// sorts or not.
func TestKeysAreBounded(t *testing.T) {
	for name, sorts := range map[string]bool{"sorted": true, "unsorted": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLane(newBus("x", parts{Log: slog.New(slog.DiscardHandler)}))
				h := &duty{name: "heard", opt: options{queue: 8}, decode: func(*Delivery) error { return nil }}
				n := 0
				h.opt.by = func(any) string { n++; return strconv.Itoa(n) }
				l.by, l.limit = h.opt.by, h.opt.queue
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if sorts {
					l.start(ctx)
				}
				const all = 2 * maxKeyed
				for range all {
					l.offer(item{h: h, d: &Delivery{}})
				}
				synctest.Wait()
				waiting, dropped := h.meter.Waiting.Load(), h.meter.Dropped()["overflow"]
				if waiting != maxKeyed+8 || waiting+dropped != all {
					t.Errorf("%d wait and %d are dropped of %d, want %d to wait", waiting, dropped, all, maxKeyed+8)
				}
			})
		})
	}
}

// keyMessage is a message that is its own key.
type keyMessage string

func (keyMessage) Route() msg.Route { return msg.Route{Topic: "test/key"} }

// A flood of keys that somebody made up costs a key in use nothing.
func TestFloodOfKeysDoesNotPushOutOneInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLane(newBus("x", parts{Log: slog.New(slog.DiscardHandler)}))
		h := &duty{name: "heard", opt: options{queue: 8}, decode: func(*Delivery) error { return nil }}
		h.opt.by = func(v any) string { return string(v.(keyMessage)) }
		l.by, l.limit = h.opt.by, h.opt.queue
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l.workers = 0
		l.start(ctx)
		l.set(func() { l.open = true })
		offer := func(key string) {
			l.offer(item{h: h, d: &Delivery{Value: keyMessage(key)}})
			synctest.Wait()
		}
		for range 20 { // the kitchen has several turns
			offer("kitchen")
		}
		for l.queue.Len() > 0 || len(l.keys) > 0 {
			it, _ := l.take()
			l.finish(it, true)
		}
		for i := range 20_000 {
			offer("made-up-" + strconv.Itoa(i))
		}
		for range 5 {
			offer("kitchen")
		}
		if got := l.keys["kitchen"]; got == nil || got.items.Len() != 5 {
			t.Fatalf("of the key in use wait %+v, want 5", got)
		}
		turns := 0
		for n := 1; turns < 5; n++ {
			it, _ := l.take()
			if it.key.name == "kitchen" {
				turns++
			}
			l.finish(it, true)
			if n > 20 {
				t.Fatalf("after %d turns the key in use had %d", n, turns)
			}
		}
		if waiting := h.meter.Waiting.Load(); waiting > maxKeyed+8 {
			t.Errorf("%d wait", waiting)
		}
	})
}
