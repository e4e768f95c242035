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
				l := newLane(newBus("x", busParams{Log: slog.New(slog.DiscardHandler)}))
				h := &registration{name: "heard", opt: options{queue: 8}, decode: func(*Delivery) error { return nil }}
				n := 0
				h.opt.orderKey = func(any) string { n++; return strconv.Itoa(n) }
				l.orderKey, l.limit = h.opt.orderKey, h.opt.queue
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if sorts {
					l.start(ctx)
				}
				const all = 2 * maxKeyedBacklog
				for range all {
					l.offer(item{h: h, d: &Delivery{}})
				}
				synctest.Wait()
				waiting, dropped := h.meter.Waiting.Load(), h.meter.Dropped()["overflow"]
				if waiting != maxKeyedBacklog+8 || waiting+dropped != all {
					t.Errorf("%d wait and %d are dropped of %d, want %d to wait", waiting, dropped, all, maxKeyedBacklog+8)
				}
			})
		})
	}
}

// Few messages can be large ones.
func TestWaitingBytesAreBounded(t *testing.T) {
	const size, all = 1 << 20, 200
	same := func(any) string { return "key" }
	fresh := 0
	tests := map[string]struct {
		by    func(any) string
		sorts bool
		max   int // bytes that may wait
	}{
		"of a lane":                 {nil, false, maxQueuedBytes},
		"of one key":                {same, true, maxQueuedBytes},
		"of keys that are made up":  {func(any) string { fresh++; return strconv.Itoa(fresh) }, true, maxQueuedBytes + size},
		"of what is not yet sorted": {same, false, 2 * maxQueuedBytes},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLane(newBus("x", busParams{Log: slog.New(slog.DiscardHandler)}))
				h := &registration{name: "heard", opt: options{queue: 1024, orderKey: tt.by}, decode: func(*Delivery) error { return nil }}
				l.orderKey, l.limit, l.workers = tt.by, h.opt.queue, 0
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.sorts {
					l.start(ctx)
				}
				for range all {
					l.offer(item{h: h, d: &Delivery{Payload: make([]byte, size)}})
				}
				synctest.Wait()
				waiting, dropped := int(h.meter.Waiting.Load()), int(h.meter.Dropped()["overflow"])
				if waiting*size > tt.max || waiting == 0 || waiting+dropped != all || l.bytes != waiting*size {
					t.Errorf("%d wait, %d are dropped of %d, and %d bytes are counted", waiting, dropped, all, l.bytes)
				}
				l.updateState(func() { l.open, l.workers = true, 1 })
				for l.queue.Len() > 0 || len(l.keys) > 0 {
					it, ok := l.queue.Remove(func(item) bool { return true })
					if !ok {
						it, _ = l.take()
					} else {
						l.uncount(&it)
					}
					l.finishItem(it, true)
				}
				if l.bytes != 0 {
					t.Errorf("%d bytes are counted when nothing waits", l.bytes)
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
		l := newLane(newBus("x", busParams{Log: slog.New(slog.DiscardHandler)}))
		h := &registration{name: "heard", opt: options{queue: 8}, decode: func(*Delivery) error { return nil }}
		h.opt.orderKey = func(v any) string { return string(v.(keyMessage)) }
		l.orderKey, l.limit = h.opt.orderKey, h.opt.queue
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l.workers = 0
		l.start(ctx)
		l.updateState(func() { l.open = true })
		offer := func(key string) {
			l.offer(item{h: h, d: &Delivery{Value: keyMessage(key)}})
			synctest.Wait()
		}
		for range 20 { // the kitchen has several turns
			offer("kitchen")
		}
		for l.queue.Len() > 0 || len(l.keys) > 0 {
			it, _ := l.take()
			l.finishItem(it, true)
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
			l.finishItem(it, true)
			if n > 20 {
				t.Fatalf("after %d turns the key in use had %d", n, turns)
			}
		}
		if waiting := h.meter.Waiting.Load(); waiting > maxKeyedBacklog+8 {
			t.Errorf("%d wait", waiting)
		}
	})
}
