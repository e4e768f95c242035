package kit

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"testing/synctest"
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
				const all = 2 * crowd
				for range all {
					l.offer(item{h: h, d: &Delivery{}})
				}
				synctest.Wait()
				waiting, dropped := h.meter.Waiting.Load(), h.meter.Dropped()["overflow"]
				if waiting != crowd+8 || waiting+dropped != all {
					t.Errorf("%d wait and %d are dropped of %d, want %d to wait", waiting, dropped, all, crowd+8)
				}
			})
		})
	}
}
