package kit

import (
	"context"
	"fmt"
	"time"

	"github.com/gotars/tars/kit/wire"
)

// evictedError ends a service whose client id another client has taken: MQTT
// knows one of each. It does not connect again, or the two would evict each
// other for ever.
type evictedError struct{ clientID string }

func (e evictedError) Error() string { return fmt.Sprintf("another %s is connected", e.clientID) }

const (
	// successorTimeout is how long a client that took the name has to say that it
	// is the same service, and well.
	successorTimeout = time.Second
	// evictionTimeout bounds telling of an eviction, connecting included.
	evictionTimeout = 5 * time.Second
)

// evicted reports whether the name of the service is somebody else's now, who
// speaks for it.
func (b *Bus) evicted() bool {
	err := b.life.failure.Load()
	return err != nil && containsError[evictedError](*err)
}

// tellEviction publishes the end of the service as its retained health, unless
// whoever took the name serves in its place and says so. The service's own
// connections are gone, so this takes another one.
func (b *Bus) tellEviction(ctx context.Context, cause error) {
	if b.tool || !b.cfg.EnableHealth {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, evictionTimeout)
	defer cancel()
	cfg := b.cfg
	cfg.Reconnect, cfg.IsolateLanes = true, false
	served := make(chan struct{}, 1)
	tool, err := openTool(ctx, b.id.ClientID, cfg, b.log, b.dial, Tap(b.ownTopic("health"), func(_ context.Context, d *Delivery) error {
		var h healthMessage
		if wire.Decode(d.Data, &h) == nil && h.OK && h.MessageID != b.status.lastID.Load() {
			select {
			case served <- struct{}{}:
			default:
			}
		}
		return nil
	}, Name("health")))
	if err != nil {
		b.log.Warn("health does not tell of the eviction", "err", err)
		return
	}
	defer func() { _ = tool.Close(ctx) }()
	select {
	case <-served:
		return
	case <-time.After(successorTimeout):
	}
	h := healthState{event: "error", err: cause.Error()}.message()
	h.MessageID = wire.NewID()
	b.forEachHealthTopic(h, func(to, typ string, v any) { tool.publishRetained(ctx, to, typ, v) })
}
