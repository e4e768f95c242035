package kit

import (
	"context"
	"slices"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/session"
	"github.com/gotars/tars/kit/internal/topic"
)

// received runs on paho's only callback goroutine, so it must never block: it
// opens the envelope, serves waiting asks and cancels, and enqueues.
func (b *Bus) received(p paho.PublishReceived) (bool, error) {
	b.renew(p.Client)
	d := b.arrival(p.Packet)
	r := b.session.Arrive(p.Packet.PacketID, p.Packet.QoS)
	again := b.replayed(d)
	taken := again || b.answerAsk(d)
	for _, t := range b.cancels {
		if again || !topic.Matches(t.filter, d.Topic) {
			continue
		}
		taken = true
		x := *d
		if key, err := t.h.opt.cancel.key(&x); err != nil {
			b.refuse(t.h, &x, err)
		} else {
			t.lane.cancel(key)
		}
	}
	var mine *target // the last of its handlers gets d itself, the others a copy
	for i := range b.routes {
		t := &b.routes[i]
		if t.filter == "" || !topic.Matches(t.filter, d.Topic) || again && t.h.tap {
			continue
		}
		taken = true
		if mine != nil {
			x := *d
			mine.offer(&x, r)
		}
		mine = t
	}
	if mine != nil {
		mine.offer(d, r)
	}
	if !taken && !b.expected(d.Topic) {
		b.disown(d)
	}
	r.Done()
	return true, nil
}

func (t *target) offer(d *Delivery, r *session.Receipt) {
	d.Key = topic.Key(t.filter, d.Topic)
	r.Hold()
	t.lane.offer(item{h: t.h, d: d, receipt: r})
}

// renew forgets what waits from an earlier link when the broker kept the
// session: it delivers all that again, and a lane holds one window of it.
func (b *Bus) renew(c *paho.Client) {
	if old := b.from.Swap(c); old == nil || old == c {
		return
	}
	for _, l := range b.lanes {
		l.forget(func(it *item) bool { return it.early || !b.session.Again(it.receipt) })
	}
}

// expected reports whether a topic is subscribed: replies to asks that gave up
// still arrive.
func (b *Bus) expected(name string) bool {
	return slices.ContainsFunc(b.filters, func(f paho.SubscribeOptions) bool {
		return topic.Matches(topic.Unshared(f.Topic), name)
	})
}

// disown ends a subscription that an earlier version of this service left in
// its session.
func (b *Bus) disown(d *Delivery) {
	b.dropped(b.nobody, "nobody takes it", d)
	if !b.strangers.first(d.Topic) {
		return
	}
	b.spawn(func() {
		ctx, cancel := context.WithTimeout(b.feeds, askTimeout)
		defer cancel()
		if b.Ready(ctx) != nil { // before that, connect may not be done
			return
		}
		_, _ = b.cm.Unsubscribe(ctx, &paho.Unsubscribe{Topics: []string{d.Topic}})
	})
}
