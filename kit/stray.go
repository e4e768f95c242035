package kit

import (
	"context"
	"slices"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/topic"
)

// expected reports whether a topic is subscribed: replies to asks that gave up
// still arrive.
func (c *connection) expected(name string) bool {
	return slices.ContainsFunc(c.filters, func(f paho.SubscribeOptions) bool {
		return topic.Matches(topic.Unshared(f.Topic), name)
	})
}

// unsubscribeStale ends a subscription that an earlier version of this service left in
// its session.
func (c *connection) unsubscribeStale(d *Delivery) {
	b := c.b
	b.dropped(b.dispatch.unmatched, "no_handler", d)
	if !b.dispatch.unexpectedTopics.first(c.clientID + " " + d.Topic) {
		return
	}
	b.life.spawn(func() {
		ctx, cancel := context.WithTimeout(b.life.feeds, askTimeout)
		defer cancel()
		if b.Ready(ctx) != nil { // before that, connect may not be done
			return
		}
		_, _ = c.cm.Unsubscribe(ctx, &paho.Unsubscribe{Topics: []string{d.Topic}})
	})
}
