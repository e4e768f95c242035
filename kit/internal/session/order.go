package session

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// order lets publications that an outage held up go out in the order in which
// they began. While none is held up it costs a counter.
type order struct {
	begun atomic.Uint64
	held  atomic.Int32 // how many wait

	mu      sync.Mutex
	waiting []*Turn // by number; the first may go
	going   *Turn   // the first, on its way to the connection
}

// Turn is the place of one publication among those of its session.
type Turn struct {
	order  *order
	number uint64
	late   bool          // it failed once, so others may have begun after it
	apart  bool          // nothing waits for it any more
	first  chan struct{} // capacity 1: it may have become the first
	stored bool          // it is in the session, and the next thing to be written; with mu
}

// Begin gives a publication its place. End it.
func (s *State) Begin() Turn { return Turn{order: &s.order, number: s.order.begun.Add(1)} }

// Late notes that a publication did not get out and will be tried again.
func (t *Turn) Late() { t.late = true }

// Apart lets others go before a publication: it may be what ends the links.
func (t *Turn) Apart() {
	t.End()
	t.apart = true
}

// Await returns when all that began earlier and are held up are written, and
// connected says that there is a connection; at once when nothing is held up.
func (t *Turn) Await(ctx context.Context, connected func(context.Context) error) error {
	o := t.order
	switch {
	case t.apart:
		return connected(ctx)
	case !t.late && o.held.Load() == 0:
		return nil
	}
	t.join()
	for {
		o.mu.Lock()
		mine := o.waiting[0] == t && o.going == nil
		o.mu.Unlock()
		if mine {
			if err := connected(ctx); err != nil {
				return err
			}
			if o.start(t) {
				return nil
			}
			continue
		}
		select {
		case <-t.first:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// join queues the publication by its number.
func (t *Turn) join() {
	o := t.order
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.going == t { // it was tried and came back
		o.going = nil
		defer o.wake()
	}
	i, queued := slices.BinarySearchFunc(o.waiting, t.number, func(w *Turn, n uint64) int { return cmp.Compare(w.number, n) })
	if queued {
		return
	}
	if t.first == nil {
		t.first = make(chan struct{}, 1)
	}
	o.waiting = slices.Insert(o.waiting, i, t)
	o.held.Add(1)
}

// start reports whether t is still the first, and lets it go.
func (o *order) start(t *Turn) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting[0] != t || o.going != nil {
		return false
	}
	o.going, t.stored = t, false
	return true
}

// End gives up the place, if it is still held.
func (t *Turn) End() {
	if t.first != nil { // else it never waited
		t.order.mu.Lock()
		defer t.order.mu.Unlock()
		t.order.leave(t)
	}
}

// leave takes t out and lets the next one go; mu is held.
func (o *order) leave(t *Turn) {
	if o.going == t {
		o.going = nil
	}
	if i := slices.Index(o.waiting, t); i >= 0 {
		o.waiting = slices.Delete(o.waiting, i, i+1)
		o.held.Add(-1)
	}
	o.wake()
}

// wake tells the first that it may go; mu is held.
func (o *order) wake() {
	if len(o.waiting) == 0 {
		return
	}
	select {
	case o.waiting[0].first <- struct{}{}:
	default:
	}
}

// keep notes that t is in the session: the next publication that is written is
// this one.
func (o *order) keep(t *Turn) {
	if t == nil || t.first == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	t.stored = true
}

// Written tells that a publication was written to the connection.
func (s *State) Written() {
	o := &s.order
	if o.held.Load() == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.going != nil && o.going.stored {
		o.leave(o.going)
	}
}
