package kit

import (
	"time"

	"github.com/gotars/tars/kit/internal/pairing"
)

// Overtake is for control: pause, stop, a change of volume. A message of such a
// handler runs in its place among the messages of its lane, as long as its turn
// comes within 20 ms of its arrival. After that it runs next, before everything
// that waits in the lane, and even before the broker has delivered what was
// published earlier: what its sender published earlier may then run later, and
// [CancelledBy] is what ends that. It never runs after what was published later.
// It is acknowledged on arrival. At most [Queue] of them wait; beyond that the
// oldest is dropped and counted as overflow.
func Overtake() Option { return func(o *options) { o.overtake = true } }

// overtakeAfter is how long a control keeps its place. It is more than the two
// copies of a message are apart when nothing waits (below 3 ms measured on a
// loaded machine), and less than a person notices.
const overtakeAfter = 20 * time.Millisecond

// control is an item of a handler that overtakes, while it waits.
type control struct {
	item
	pair  uint64 // what both of its copies have in common
	place uint64 // its number among the items of the lane; 0 while only the copy that comes ahead is here
}

// isSecondCopy reports whether an item is the second copy of a control to come. Where a lane has
// a connection of its own, one copy comes ahead on the first connection, and one in
// its place; either may come first. A tick or another event of this process comes
// once. The lane is locked.
func (l *lane) isSecondCopy(it *item) bool {
	if it.d == nil || l.conn == l.b.conns.all[0] {
		return false
	}
	id := pairID(it.d)
	if it.ahead {
		return !l.controlPairs.Ahead(id)
	}
	if l.controlPairs.InOrder(id, it.d.Attempt > 1) {
		return false
	}
	l.placeControl(pairing.HashID(id))
	return true
}

// placeControl notes that the copy in order has come of a control that waits. The
// lane is locked.
func (l *lane) placeControl(pair uint64) {
	waiting := l.controls.Items()
	for i := range waiting {
		if w := &waiting[i]; w.pair == pair && w.place == 0 {
			l.seq++
			w.place = l.seq
			l.cond.Broadcast()
			return
		}
	}
}

// controlIsNext reports whether the oldest control runs now: its turn has come, or
// it has waited for it long enough. The lane is locked.
func (l *lane) controlIsNext() bool {
	if l.controls.Len() == 0 {
		return false
	}
	c := &l.controls.Items()[0]
	inTurn := c.place != 0 && (l.queue.Len() == 0 || c.place < l.queue.Items()[0].seq)
	return inTurn || l.stopped || time.Since(c.at) >= overtakeAfter
}

// wakeForControl wakes a worker when the oldest control has waited long enough. The
// lane is locked.
func (l *lane) wakeForControl() {
	if l.open && l.controls.Len() > 0 {
		time.AfterFunc(time.Until(l.controls.Items()[0].at.Add(overtakeAfter)), func() { l.updateState(func() {}) })
	}
}

// pairID is what both copies of a message have in common, and hardly another one.
// The id of d is not: a payload without an envelope gets a fresh one each time.
func pairID(d *Delivery) string { return d.Topic + "\x00" + string(d.Payload) }

// pushControl acknowledges an item of a handler that overtakes, and queues it. The lane is
// locked.
func (l *lane) pushControl(it item) {
	it.settle(true)
	it.receipt = nil
	if l.controls.Len() >= it.h.opt.queue {
		oldest := l.controls.Pop()
		l.uncount(&oldest.item)
		l.b.countDropped(oldest.h, "overflow", oldest.d)
	}
	w := control{item: it, place: it.seq}
	if it.ahead {
		w.pair, w.place = pairing.HashID(pairID(it.d)), 0
	}
	l.controls.Push(w)
	l.cond.Broadcast()
}

// applyCancel ends the runs of t that d cancels. A lane with a connection of its own
// gets two copies of each cancel. One comes ahead, on the first connection, and
// ends what is here already. The other comes in order, behind all that was sent
// before the cancel, and what arrives between the two was sent before it, too.
func (c *connection) applyCancel(t target, d *Delivery) {
	x := *d
	var key string
	err := runIsolated(func() (err error) { key, err = t.h.opt.cancelledBy.cancelKey(&x); return err })
	ahead := c == c.b.conns.all[0]
	if err != nil {
		if ahead { // the other copy is no news
			c.b.countRefused(t.h, &x, err)
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
		l.cancelKeys.Cancel(key, id, again, seq, idle)
	case ahead:
		l.cancelKeys.CancelAhead(key, id, seq, idle)
	default:
		l.cancelKeys.CancelInOrder(key, id, again, seq, idle)
	}
}

// quietTime is how long a broker that could deliver must be silent, so that it
// has nothing more.
const quietTime = time.Second

// expireCancelPairs ends the wait for second copies of cancels when the broker has been
// silent for quietTime: they are lost, because a broker drops what it cannot queue. It is called before a message is noted as arrived.
func (c *connection) expireCancelPairs() {
	if len(c.cancellers) == 0 || c == c.b.conns.all[0] || !c.session.IdleFor(quietTime) {
		return
	}
	for _, t := range c.cancellers {
		t.lane.cancelKeys.CloseExpiredMarks(t.lane.lastSeq())
	}
}

// onSessionLost ends the wait for the second copies of all cancels, which were lost with
// the session of this connection.
func (c *connection) onSessionLost() {
	for _, t := range c.cancellers {
		t.lane.cancelKeys.SessionLost(t.lane.lastSeq())
	}
}

// lastSeq is the number of the last item that was offered to the lane.
func (l *lane) lastSeq() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}
