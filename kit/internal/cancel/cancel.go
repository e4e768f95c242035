// Package cancel ends work by key, also work that has not begun: a cancel may
// overtake what it is for.
package cancel

import (
	"sync"
	"time"

	"github.com/gotars/tars/kit/internal/copies"
)

const (
	// Soon is how long a cancel waits for work that it overtook.
	Soon = 10 * time.Second
	// maxMarks bounds the cancels that are remembered.
	maxMarks = 1024
	// maxDone bounds the ids of cancels that came in order.
	maxDone = 4096
	// All is the key that ends everything that runs or waits.
	All = "*"
)

// Keys remembers which keys were cancelled and which are at work. Its zero value
// is ready for use, and safe for concurrent use.
type Keys struct {
	mu      sync.Mutex
	running map[*running]struct{}
	marks   map[string]mark
	link    uint64              // number of the last work that arrived before the present link
	again   map[string]uint64   // by key: cancels that came again on it, after work up to this number
	copies  copies.Pairs        // by the id of a cancel
	ahead   uint64              // how many came ahead
	numbers map[uint64]uint64   // of those whose other copy is to come, by the hash of the id
	done    map[uint64]struct{} // those that came in order, by the hash of the id
}

type running struct {
	key string
	seq uint64
	end func()
}

// mark ends what arrived as number seq or before, and what arrives soon after
// at. An open one waits for the copy of its cancel that comes in order: what
// arrives before that copy was sent before the cancel.
type mark struct {
	seq   uint64
	at    time.Time
	open  bool
	ahead uint64 // number of the cancel, when it came ahead
}

// Cancel ends what has key: at work, waiting up to number seq, or arriving soon.
// idle says that nothing waits, so that old marks can go. Key "" ends nothing.
// again says that the broker delivers the cancel id once more: then it ends what
// came once more before it, and nothing that was sent after it.
func (k *Keys) Cancel(key, id string, again bool, seq uint64, idle bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.repeated(id, again) {
		k.repeat(key, seq)
		return
	}
	k.cancel(key, mark{seq: seq}, idle)
}

// CancelAhead is Cancel by the copy of the cancel id that overtook what was sent
// before it. That ends as well, when it arrives before the copy of
// CancelInOrder; with the key All for at most Soon, since that copy may be lost.
func (k *Keys) CancelAhead(key, id string, seq uint64, idle bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.copies.Ahead(id) { // the other copy came first, and nothing was overtaken
		return
	}
	k.ahead++
	if k.numbers == nil || len(k.numbers) >= maxMarks {
		k.numbers = map[uint64]uint64{}
	}
	k.numbers[copies.Hash(id)] = k.ahead
	k.cancel(key, mark{seq: seq, open: true, ahead: k.ahead}, idle)
}

// CancelInOrder is Cancel by the copy of the cancel id that came in order. The
// copies in order of those that came ahead before it are lost, if they are not
// here yet.
func (k *Keys) CancelInOrder(key, id string, again bool, seq uint64, idle bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	waits := k.copies.Waits(id)
	k.copies.InOrder(id, again)
	if !waits && k.repeated(id, again) {
		k.repeat(key, seq)
		return
	}
	k.repeated(id, false)
	hash := copies.Hash(id)
	number := k.numbers[hash]
	delete(k.numbers, hash)
	k.close(seq, func(m mark) bool { return m.ahead < number })
	fresh := mark{seq: seq}
	switch m := k.marks[key]; {
	case number > 0 && m.ahead == number: // what was sent after the cancel is not ended for coming soon after this copy
		fresh.at = m.at
	case m.open && number > 0 && m.ahead > number: // of a later cancel, whose copy is to come
		fresh = m
		fresh.seq = max(m.seq, seq)
	}
	k.cancel(key, fresh, idle)
}

// Relinked tells that work up to number seq came on links that are lost: what was
// not acknowledged comes again, and so do cancels.
func (k *Keys) Relinked(seq uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.link = seq
	clear(k.again)
}

// repeat ends what came again on this link, before a cancel that came again.
func (k *Keys) repeat(key string, seq uint64) {
	if key == "" {
		return
	}
	if k.again == nil || len(k.again) >= maxMarks {
		k.again = map[string]uint64{}
	}
	k.again[key] = seq
	for r := range k.running {
		if (r.key == key || key == All) && r.seq > k.link {
			r.end()
		}
	}
}

// Complete tells that all is here that was sent until a moment ago, up to number
// seq: what an open mark waits for since longer than that was lost.
func (k *Keys) Complete(seq uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.close(seq, func(m mark) bool { return time.Since(m.at) > Soon })
}

// Forgotten tells that the broker has forgotten what it had not delivered.
func (k *Keys) Forgotten(seq uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.close(seq, func(mark) bool { return true })
}

func (k *Keys) close(seq uint64, which func(mark) bool) {
	for key, m := range k.marks {
		if m.open && which(m) {
			m.open, m.seq = false, seq
			k.marks[key] = m
		}
	}
}

// repeated notes a cancel, and reports whether it was noted before and is
// delivered again.
func (k *Keys) repeated(id string, again bool) bool {
	hash := copies.Hash(id)
	if _, known := k.done[hash]; known {
		return again
	}
	if k.done == nil || len(k.done) >= maxDone {
		k.done = map[uint64]struct{}{}
	}
	k.done[hash] = struct{}{}
	return false
}

func (k *Keys) cancel(key string, fresh mark, idle bool) {
	if key == "" {
		return
	}
	for name, m := range k.marks {
		if (idle && !m.open || len(k.marks) >= maxMarks) && time.Since(m.at) > Soon {
			delete(k.marks, name)
		}
	}
	if k.marks == nil || len(k.marks) >= maxMarks { // a flood of cancels, not a conversation
		k.marks = map[string]mark{}
	}
	if fresh.at.IsZero() {
		fresh.at = time.Now()
	}
	k.marks[key] = fresh
	for r := range k.running {
		if r.key == key || key == All {
			r.end()
		}
	}
}

// ends reports whether a cancel of key is also one of what arrived as number seq
// at the time at.
func (k *Keys) ends(key string, seq uint64, at time.Time) bool {
	if seq > k.link && (seq <= k.again[key] || seq <= k.again[All]) {
		return true
	}
	if m, ok := k.marks[key]; ok && (seq <= m.seq || m.open || at.Sub(m.at) < Soon) {
		return true
	}
	m, ok := k.marks[All]
	return ok && (seq <= m.seq || m.open && at.Sub(m.at) < Soon)
}

// Enter registers work that arrived as number seq at the time at, and ends it at
// once when its key is marked. The function it returns ends the registration.
func (k *Keys) Enter(key string, seq uint64, at time.Time, end func()) (leave func()) {
	r := &running{key, seq, end}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.running == nil {
		k.running = map[*running]struct{}{}
	}
	k.running[r] = struct{}{}
	if k.ends(key, seq, at) {
		end()
	}
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.running, r)
	}
}
