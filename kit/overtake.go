package kit

import (
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/topic"
)

// Overtake is for control: pause, stop, a change of volume. The messages of
// such a handler run before all that waits in their lane, and do not wait for
// the broker to deliver what was published before them. They never run after
// what was published later. They are acknowledged on arrival; at most Queue of
// them wait, and beyond that the oldest is dropped and counted. What its sender
// published earlier may run later: end it by CancelledBy.
func Overtake() Option { return func(o *options) { o.overtake = true } }

// duplicate reports whether d is the second copy of what overtakes. Where a lane
// has a connection of its own, one copy comes ahead on the first connection, and
// one in its place. Usually the first wins, and it may lose a race.
func (c *connection) duplicate(t *target, d *Delivery) bool {
	l := t.lane
	if !t.h.opt.overtake || l.conn == c.b.conns[0] {
		return false
	}
	id := pairID(d)
	l.mu.Lock()
	defer l.mu.Unlock()
	if c == l.conn {
		return !l.copies.InOrder(id, d.Attempt > 1)
	}
	return !l.copies.Ahead(id)
}

// pairID is what both copies of a message have in common, and hardly another one.
// The id of d is not: a payload without an envelope gets a fresh one each time.
func pairID(d *Delivery) string { return d.Topic + "\x00" + string(d.Payload) }

// pushUrgent queues an item that overtakes; the lane is locked.
func (l *lane) pushUrgent(it item) {
	it.settle(true)
	it.receipt = nil
	if l.urgent.Len() >= it.h.opt.queue {
		oldest := l.urgent.Pop()
		l.left(&oldest)
		l.b.dropped(oldest.h, "overflow", oldest.d)
	}
	l.urgent.Push(it)
	l.cond.Broadcast()
}

// cancel ends the runs of t that d cancels. A lane with a connection of its own
// gets two copies of each cancel. One comes ahead, on the first connection, and
// ends what is here already. The other comes in order, behind all that was sent
// before the cancel, and what arrives between the two was sent before it, too.
func (c *connection) cancel(t target, d *Delivery) {
	x := *d
	var key string
	err := isolate(func() (err error) { key, err = t.h.opt.cancel.key(&x); return err })
	ahead := c == c.b.conns[0]
	if err != nil {
		if ahead { // the other copy is no news
			c.b.refuse(t.h, &x, err)
		}
		return
	}
	l := t.lane
	l.mu.Lock()
	seq, idle := l.seq, l.queue.Len() == 0 && len(l.keys) == 0
	l.mu.Unlock()
	id, again := pairID(d), d.Attempt > 1
	switch {
	case l.conn == c && ahead:
		l.cancels.Cancel(key, id, again, seq, idle)
	case ahead:
		l.cancels.CancelAhead(key, id, seq, idle)
	default:
		l.cancels.CancelInOrder(key, id, again, seq, idle)
	}
}

// quietTime is how long a broker that could deliver must be silent, so that it
// has nothing more.
const quietTime = time.Second

// complete ends the wait for copies of cancels that are lost: the broker drops
// what it cannot queue. It is called before a message is noted as arrived.
func (c *connection) complete() {
	if len(c.cancels) == 0 || c == c.b.conns[0] || !c.session.Quiet(quietTime) {
		return
	}
	for _, t := range c.cancels {
		t.lane.cancels.Complete(t.lane.last())
	}
}

// forgotten ends the wait for all copies of cancels: the broker has lost the
// session, and what it held for it.
func (c *connection) forgotten() {
	for _, t := range c.cancels {
		t.lane.cancels.Forgotten(t.lane.last())
	}
}

// last is the number of the last item that arrived.
func (l *lane) last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}

// senderKey is the user property that says who sent a message and to where, when
// its own subscription would bring it back: No Local of MQTT works within one
// connection, and a bus has several.
const senderKey = "from_client"

// signature names this client as the sender to a topic. Who takes a message and
// publishes it elsewhere, properties and all, is another sender.
func (b *Bus) signature(topic string) string { return b.id.client + " " + topic }

// sign adds the sender to what comes back to it.
func (b *Bus) sign(to string, props *paho.UserProperties) {
	for _, filter := range b.echoes {
		if topic.Matches(filter, to) {
			props.Add(senderKey, b.signature(to))
			return
		}
	}
}
