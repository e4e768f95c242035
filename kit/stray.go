package kit

import (
	"context"
	"slices"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/topic"
)

// isSubscribed reports whether a topic matches a filter of this connection. What arrives
// there is expected even when nobody takes it, such as a reply to an ask that gave up.
func (c *connection) isSubscribed(name string) bool {
	return slices.ContainsFunc(c.filters, func(f paho.SubscribeOptions) bool {
		return topic.Matches(topic.Unshared(f.Topic), name)
	})
}

// unsubscribeStale ends the subscription that brought d, which an earlier version of this
// service left in its session. It is tried once for each topic.
func (c *connection) unsubscribeStale(d *Delivery) {
	b := c.b
	b.countDropped(b.dispatch.unmatched, "no_handler", d)
	if !b.dispatch.unexpectedTopics.first(c.clientID + " " + d.Topic) {
		return
	}
	b.life.spawn(func() {
		ctx, cancel := context.WithTimeout(b.life.feedCtx, askTimeout)
		defer cancel()
		if b.Ready(ctx) != nil { // before that, connect may not be done
			return
		}
		_, _ = c.cm.Unsubscribe(ctx, &paho.Unsubscribe{Topics: []string{d.Topic}})
	})
}
