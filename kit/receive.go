package kit

import (
	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/session"
	"github.com/gotars/tars/kit/internal/topic"
)

// received runs on paho's only callback goroutine of the connection, so it must
// never block: it opens the envelope, serves waiting asks and cancels, and
// enqueues.
func (c *connection) received(p paho.PublishReceived) (bool, error) {
	b := c.b
	c.dropRedelivered(p.Client)
	d := b.newDelivery(p.Packet)
	c.expireCancelPairs()
	r := c.session.Arrive(p.Packet.PacketID, p.Packet.QoS)
	again := b.letters.restoreReplayed(d)
	own := d.sender != "" && d.sender == b.senderMark(p.Packet.Topic) // No Local holds for one connection, and this is another
	taken := again || own || c == b.conns.all[0] && b.answerAsk(d)
	for _, t := range c.cancellers {
		if !again && !own && topic.Matches(t.filter, d.Topic) {
			taken = true
			c.applyCancel(t, d)
		}
	}
	var mine *target // the last of its handlers gets d itself, the others a copy
	for i := range c.routes {
		t := &c.routes[i]
		if t.filter == "" || !topic.Matches(t.filter, d.Topic) || again && t.h.tap || own && t.group == "" {
			continue
		}
		taken = true
		if mine != nil {
			x := *d
			c.enqueue(mine, &x, r)
		}
		mine = t
	}
	if mine != nil {
		c.enqueue(mine, d, r)
	}
	if !taken && !c.isSubscribed(d.Topic) {
		c.unsubscribeStale(d)
	}
	r.Done()
	return true, nil
}

// enqueue puts an arrival into the lane of a handler. The packet is acknowledged when the
// receipt is done here and in every lane that holds it.
func (c *connection) enqueue(t *target, d *Delivery, r *session.Receipt) {
	d.Key = topic.Key(t.filter, d.Topic)
	r.Hold()
	t.lane.offer(item{h: t.h, d: d, receipt: r, ahead: c != t.lane.conn})
}

// dropRedelivered forgets what waits from an earlier link when the broker kept the
// session: it delivers all that again, and a lane holds one window of it.
func (c *connection) dropRedelivered(from *paho.Client) {
	if old := c.lastClient.Swap(from); old == nil || old == from {
		return
	}
	for _, l := range c.lanes {
		l.forget(func(it *item) bool { return it.ackedEarly || !c.session.Redelivered(it.receipt) })
		l.cancelKeys.Relinked(l.lastSeq())
	}
}
