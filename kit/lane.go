package kit

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/gotars/tars/kit/internal/cancel"
	"github.com/gotars/tars/kit/internal/fairqueue"
	"github.com/gotars/tars/kit/internal/fifo"
	"github.com/gotars/tars/kit/internal/pairing"
	"github.com/gotars/tars/kit/internal/session"
	"github.com/gotars/tars/kit/msg"
)

// item is one delivery, or one call of this process, on its way to a handler.
type item struct {
	h          *registration
	d          *Delivery
	receipt    *session.Receipt            // of d; nil at QoS 0
	call       func(context.Context) error // what runs when there is no message
	onSettled  func()                      // called when the item is settled, also one that never runs
	seq        uint64                      // its number in the lane, in order of arrival
	at         time.Time                   // when it was offered to the lane
	ackedEarly bool                        // acknowledged while it waits, because of AckFirst
	ahead      bool                        // came ahead of what was sent before it, see Overtake
	key        *keyQueue                   // where it waits or waited, with OrderedBy
}

func (it *item) isQoS0() bool { return it.d != nil && it.d.QoS == msg.AtMostOnce }

// qos0Bytes is what an AtMostOnce item takes while it waits.
func (it *item) qos0Bytes() int {
	if !it.isQoS0() {
		return 0
	}
	return len(it.d.Payload)
}

// settle is called when nothing more happens to the item. done acknowledges its message;
// without it the broker delivers the message again.
func (it *item) settle(done bool) {
	if done && !it.ackedEarly {
		it.receipt.Done()
	}
	if it.onSettled != nil {
		it.onSettled()
	}
}

// pending is items that wait, and how many of them are AtMostOnce.
type pending struct {
	fifo.Queue[item]
	qos0 int
}

func (q *pending) push(it item) {
	q.Push(it)
	if it.isQoS0() {
		q.qos0++
	}
}

// pop takes the oldest item. It must not be empty.
func (q *pending) pop() item {
	it := q.Pop()
	if it.isQoS0() {
		q.qos0--
	}
	return it
}

// maxQueuedBytes is how much may wait in one lane in AtMostOnce messages, however
// few they are: some 8 minutes of speech, or 4 of the largest packets.
const maxQueuedBytes = 16 << 20

// lane is the queue and the workers of one handler, or of those that share it.
// Its queue is a slice and not a channel: a channel would have to be closed at
// the drain, while arrivals can still be offered. AtLeastOnce items are bounded
// by the Receive Maximum: those of an old link are forgotten when the broker
// delivers them again.
//
// Without OrderedBy workers take from queue. With it an item goes this way: offer
// puts it into queue; sortByKey decodes it, because only the decoded message has a
// key, and moves it into the keyQueue of its key; a keyQueue that has items and no
// worker waits in ready; take gives a worker the oldest item of the next keyQueue
// in ready; releaseKey puts the keyQueue back into ready when that item is done
// and more are left. So no key is with two workers at a time, which keeps its
// order.
type lane struct {
	b          *Bus
	name       string
	routes     []target
	cancellers []target    // its handlers with a CancelledBy
	conn       *connection // which feeds it
	workers    int
	orderKey   func(any) string // of OrderedBy; nil without one
	limit      int              // AtMostOnce items that may wait; with OrderedBy, for each key

	mu           sync.Mutex
	cond         *sync.Cond
	open         bool // handlers may run
	stopped      bool // nothing new is taken; what waits still runs
	halted       bool // nothing runs any more
	sorting      bool // a sorter may still fill ready
	seq          uint64
	bytes        int                 // of all AtMostOnce items that wait
	ackedEarly   int                 // items that wait and are acknowledged already
	controls     fifo.Queue[control] // what waits for handlers that Overtake
	controlPairs pairing.Pairs       // which copies of these have come
	queue        pending
	keys         map[string]*keyQueue
	keyCounts    fairqueue.KeyCounts
	ready        fairqueue.Queue[*keyQueue] // keys with work and no worker
	wg           sync.WaitGroup

	cancelKeys cancel.Keys // which keys run, and which were cancelled
}

func newLane(b *Bus) *lane {
	l := &lane{b: b, workers: 1, keys: map[string]*keyQueue{}}
	l.cond = sync.NewCond(&l.mu)
	return l
}

// start runs the lane until it is stopped and empty, or work ends.
func (l *lane) start(work context.Context) {
	context.AfterFunc(work, func() { l.updateState(func() { l.halted = true }) })
	if l.orderKey != nil {
		l.sorting = true
		l.wg.Go(l.sortByKey)
	}
	for range l.workers {
		l.startWorker(work)
	}
}

// startWorker starts a worker, also in the place of one that does not come back.
func (l *lane) startWorker(work context.Context) { l.wg.Go(func() { l.workerLoop(work) }) }

// finishItem settles an item that ran, and lets the next one of its key run.
func (l *lane) finishItem(it item, done bool) {
	it.settle(done)
	l.releaseKey(it.key)
}

// updateState changes the lane's state and wakes everyone who waits for it.
func (l *lane) updateState(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	l.cond.Broadcast()
}

// offer queues an item without blocking. It reports false, and nothing is
// acknowledged, when the lane has stopped.
func (l *lane) offer(it item) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped || l.halted {
		return false
	}
	if l.orderKey != nil && it.isQoS0() && (l.queue.Len() >= maxKeyedBacklog+l.limit || l.bytes >= 2*maxQueuedBytes) {
		l.b.countDropped(it.h, "overflow", it.d)
		return true
	}
	if it.h.opt.overtake && l.isSecondCopy(&it) {
		it.settle(true)
		return true
	}
	l.seq++
	it.seq, it.at = l.seq, time.Now()
	it.h.meter.Waiting.Add(1)
	l.bytes += it.qos0Bytes()
	if it.h.opt.overtake {
		l.pushControl(it)
		return true
	}
	if it.h.opt.ackFirst && it.d != nil && l.ackedEarly < it.h.opt.queue {
		l.ackEarly(&it)
	}
	l.queue.push(it)
	if l.orderKey == nil {
		l.trim(&l.queue, l.limit)
		l.cond.Signal()
	} else { // a sorter is among those who wait
		l.cond.Broadcast()
	}
	return true
}

// ackEarly acknowledges an item that waits.
func (l *lane) ackEarly(it *item) {
	l.ackedEarly++
	it.settle(true)
	it.ackedEarly = true
}

// trim drops the oldest AtMostOnce item while more than limit wait, or more bytes
// in the whole lane than may: the last one stays.
func (l *lane) trim(q *pending, limit int) {
	for q.qos0 > limit || q.qos0 > 1 && l.bytes > maxQueuedBytes {
		it, _ := q.Remove(func(it item) bool { return it.isQoS0() })
		q.qos0--
		it.settle(true)
		l.uncount(&it)
		l.b.countDropped(it.h, "overflow", it.d)
	}
}

// uncount takes an item that waits no more out of the counts. If it was acknowledged by
// AckFirst, the next one that waits is acknowledged in its place.
func (l *lane) uncount(it *item) {
	it.h.meter.Waiting.Add(-1)
	l.bytes -= it.qos0Bytes()
	if !it.ackedEarly {
		return
	}
	l.ackedEarly--
	waiting := l.queue.Items()
	for i := range waiting {
		if w := &waiting[i]; w.h.opt.ackFirst && w.d != nil && !w.ackedEarly && w.receipt.Open() {
			l.ackEarly(w)
			return
		}
	}
}

// forget removes the waiting items for which keep is false, and acknowledges none.
func (l *lane) forget(keep func(*item) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	drop := func(it item) bool {
		if keep(&it) {
			return false
		}
		it.h.meter.Waiting.Add(-1)
		l.bytes -= it.qos0Bytes()
		return true
	}
	l.queue.RemoveAll(drop)
	for _, k := range l.keys {
		k.items.RemoveAll(drop)
	}
	l.ready.RemoveAll(func(k *keyQueue) bool {
		if k.items.Len() == 0 {
			delete(l.keys, k.name)
		}
		return k.items.Len() == 0
	})
	l.cond.Broadcast()
}

// take waits for the next item to run. It reports false when there will be none.
func (l *lane) take() (item, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.halted, l.stopped && !l.open:
			return item{}, false
		case !l.open:
		case l.controlIsNext():
			it := l.controls.Pop().item
			l.uncount(&it)
			return it, true
		case l.orderKey == nil && l.queue.Len() > 0:
			it := l.queue.pop()
			l.uncount(&it)
			return it, true
		case l.ready.Len() > 0:
			k := l.ready.Pop()
			it := k.items.pop()
			k.busy = true
			l.uncount(&it)
			return it, true
		case l.stopped && !l.sorting && l.queue.Len() == 0 && len(l.keys) == 0:
			return item{}, false
		}
		l.wakeForControl()
		l.cond.Wait()
	}
}

// abandon settles the items that will never run, without an acknowledgement. It follows the end of
// all workers or a halt.
func (l *lane) abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := slices.Clone(l.queue.Items()) // a control was acknowledged when it came
	for _, k := range l.keys {
		rest = append(rest, k.items.Items()...)
	}
	l.controls, l.queue, l.keys, l.ready = fifo.Queue[control]{}, pending{}, map[string]*keyQueue{}, fairqueue.Queue[*keyQueue]{}
	for i := range rest {
		rest[i].settle(false)
	}
}
