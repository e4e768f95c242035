package session

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// publishOrder lets publications that an outage held up go out in the order in
// which they began. While none is held up it costs one atomic counter.
type publishOrder struct {
	lastNumber   atomic.Uint64 // of the publication that began last
	waitingCount atomic.Int32  // how many wait

	mu       sync.Mutex
	queue    []*Turn // by number; the first may be written next
	inFlight *Turn   // the first of queue, on its way to the connection; nil: none
}

// Turn is the place of one publication among those of its session.
type Turn struct {
	order      *publishOrder
	number     uint64
	unsent     bool          // it failed once, so others may have begun after it
	detached   bool          // it is written without its turn, and nothing waits for it
	mayBeFirst chan struct{} // capacity 1: it may have become the first
	stored     bool          // it is in the session, and the next thing to be written; with mu
}

// Begin gives a publication its place. Every [Turn] ends with [Turn.End].
func (s *State) Begin() Turn { return Turn{order: &s.order, number: s.order.lastNumber.Add(1)} }

// MarkUnsent notes that a publication was not sent and will be tried again.
func (t *Turn) MarkUnsent() { t.unsent = true }

// Detach lets others go before a publication: it may be the one for which the broker
// closes the links.
func (t *Turn) Detach() {
	t.End()
	t.detached = true
}

// Await returns when every earlier publication that is held up has been written, and
// connected says that there is a connection; at once when nothing is held up.
func (t *Turn) Await(ctx context.Context, connected func(context.Context) error) error {
	o := t.order
	switch {
	case t.detached:
		return connected(ctx)
	case !t.unsent && o.waitingCount.Load() == 0:
		return nil
	}
	t.enqueue()
	for {
		o.mu.Lock()
		mine := o.queue[0] == t && o.inFlight == nil
		o.mu.Unlock()
		if mine {
			if err := connected(ctx); err != nil {
				return err
			}
			if o.letGo(t) {
				return nil
			}
			continue
		}
		select {
		case <-t.mayBeFirst:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// enqueue queues the publication by its number.
func (t *Turn) enqueue() {
	o := t.order
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inFlight == t { // it was tried and came back
		o.inFlight = nil
		defer o.wakeFirst()
	}
	i, queued := slices.BinarySearchFunc(o.queue, t.number, func(w *Turn, n uint64) int { return cmp.Compare(w.number, n) })
	if queued {
		return
	}
	if t.mayBeFirst == nil {
		t.mayBeFirst = make(chan struct{}, 1)
	}
	o.queue = slices.Insert(o.queue, i, t)
	o.waitingCount.Add(1)
}

// letGo reports whether t is still the first, and lets it go.
func (o *publishOrder) letGo(t *Turn) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.queue[0] != t || o.inFlight != nil {
		return false
	}
	o.inFlight, t.stored = t, false
	return true
}

// End gives up the place, if it is still held.
func (t *Turn) End() {
	if t.mayBeFirst != nil { // else it never waited
		t.order.mu.Lock()
		defer t.order.mu.Unlock()
		t.order.remove(t)
	}
}

// remove takes t out and lets the next one go; mu is held.
func (o *publishOrder) remove(t *Turn) {
	if o.inFlight == t {
		o.inFlight = nil
	}
	if i := slices.Index(o.queue, t); i >= 0 {
		o.queue = slices.Delete(o.queue, i, i+1)
		o.waitingCount.Add(-1)
	}
	o.wakeFirst()
}

// wakeFirst tells the first that it may go; mu is held.
func (o *publishOrder) wakeFirst() {
	if len(o.queue) == 0 {
		return
	}
	select {
	case o.queue[0].mayBeFirst <- struct{}{}:
	default:
	}
}

// markStored notes that t is in the session: the next publication that is written is
// this one.
func (o *publishOrder) markStored(t *Turn) {
	if t == nil || t.mayBeFirst == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	t.stored = true
}

// Written tells that a publication was written to the connection.
func (s *State) Written() {
	o := &s.order
	if o.waitingCount.Load() == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inFlight != nil && o.inFlight.stored {
		o.remove(o.inFlight)
	}
}
