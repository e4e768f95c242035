package kit

import (
	"cmp"

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
	id := cmp.Or(d.ID, string(d.Payload))
	l.mu.Lock()
	defer l.mu.Unlock()
	if c == l.conn {
		return !l.copies.InOrder(id)
	}
	return !l.copies.Ahead(id)
}

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
	key, err := t.h.opt.cancel.key(&x)
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
	id := cmp.Or(d.ID, string(d.Payload))
	switch {
	case l.conn == c && ahead:
		l.cancels.Cancel(key, seq, idle)
	case ahead:
		l.cancels.CancelAhead(key, id, seq, idle)
	default:
		l.cancels.CancelInOrder(key, id, seq, idle)
	}
}

// senderKey is the user property that holds the client id of the sender, where
// its own subscription would bring the message back to it: No Local of MQTT
// works within one connection, and a bus has several.
const senderKey = "from_client"

// sign adds the sender to what comes back to it.
func (b *Bus) sign(to string, props *paho.UserProperties) {
	for _, filter := range b.echoes {
		if topic.Matches(filter, to) {
			props.Add(senderKey, b.id.client)
			return
		}
	}
}
