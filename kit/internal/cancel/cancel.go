// Package cancel ends work by key, also work that has not begun: a cancel may
// overtake what it is for.
package cancel

import (
	"sync"
	"time"

	"github.com/gotars/tars/kit/internal/pairing"
)

const (
	// MarkTTL is how long a cancel is remembered for work that it overtook.
	MarkTTL = 10 * time.Second
	// maxMarks bounds the cancels that are remembered.
	maxMarks = 1024
	// maxSeen bounds the ids of cancels that came in order.
	maxSeen = 4096
	// AllKeys is the key that ends everything that runs or waits.
	AllKeys = "*"
)

// Keys remembers which keys were cancelled and which are at work. Its zero value
// is ready for use, and safe for concurrent use.
type Keys struct {
	mu              sync.Mutex
	running         map[*running]struct{}
	marks           map[string]mark
	linkStart       uint64              // number of the last work that arrived before the present link
	redeliveredUpTo map[string]uint64   // by key: cancels that came again on it, after work up to this number
	pairs           pairing.Pairs       // by the id of a cancel
	aheadCount      uint64              // how many came ahead
	aheadNumbers    map[uint64]uint64   // of those whose other copy is to come, by the hash of the id
	seenInOrder     map[uint64]struct{} // those that came in order, by the hash of the id
}

type running struct {
	key string
	seq uint64
	end func()
}

// mark is a remembered cancel: it ends what arrived as number seq or before, and what
// arrives within MarkTTL after at. One with awaitsCopy came ahead, and the copy of its
// cancel that comes in order has not arrived: whatever arrives before that copy was
// sent before the cancel, and ends too.
type mark struct {
	seq        uint64
	at         time.Time
	awaitsCopy bool
	ahead      uint64 // number of the cancel, when it came ahead
}

// Cancel ends all work that has key: what runs, what waits up to number seq, and what
// arrives within [MarkTTL]. idle says that nothing waits, so that old marks can be
// forgotten. Key "" ends nothing. again says that the broker delivers the cancel id
// once more, after a link was lost: then it ends what was delivered once more before
// it, and nothing that was sent after it.
func (k *Keys) Cancel(key, id string, again bool, seq uint64, idle bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.noteSeen(id, again) {
		k.cancelRedelivered(key, seq)
		return
	}
	k.mark(key, mark{seq: seq}, idle)
}

// CancelAhead is [Keys.Cancel] by the copy of the cancel id that overtook what was sent
// before it. That ends as well, when it arrives before the copy of
// [Keys.CancelInOrder]; with the key [AllKeys] for at most [MarkTTL], since that copy may be lost.
func (k *Keys) CancelAhead(key, id string, seq uint64, idle bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.pairs.Ahead(id) { // the other copy came first, and nothing was overtaken
		return
	}
	k.aheadCount++
	if k.aheadNumbers == nil || len(k.aheadNumbers) >= maxMarks {
		k.aheadNumbers = map[uint64]uint64{}
	}
	k.aheadNumbers[pairing.HashID(id)] = k.aheadCount
	k.mark(key, mark{seq: seq, awaitsCopy: true, ahead: k.aheadCount}, idle)
}

// CancelInOrder is [Keys.Cancel] by the copy of the cancel id that came in order. The
// copies in order of those that came ahead before it are lost, if they are not
// here yet.
func (k *Keys) CancelInOrder(key, id string, again bool, seq uint64, idle bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	waits := k.pairs.Waits(id)
	k.pairs.InOrder(id, again)
	if !waits && k.noteSeen(id, again) {
		k.cancelRedelivered(key, seq)
		return
	}
	k.noteSeen(id, false)
	hash := pairing.HashID(id)
	number := k.aheadNumbers[hash]
	delete(k.aheadNumbers, hash)
	k.closeMarks(seq, func(m mark) bool { return m.ahead < number })
	fresh := mark{seq: seq}
	switch m := k.marks[key]; {
	case number > 0 && m.ahead == number: // what was sent after the cancel is not ended for coming soon after this copy
		fresh.at = m.at
	case m.awaitsCopy && number > 0 && m.ahead > number: // of a later cancel, whose copy is to come
		fresh = m
		fresh.seq = max(m.seq, seq)
	}
	k.mark(key, fresh, idle)
}

// Relinked tells that work up to number seq came on links that are lost: what was
// not acknowledged comes again, and so do cancels.
func (k *Keys) Relinked(seq uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.linkStart = seq
	clear(k.redeliveredUpTo)
}

// cancelRedelivered ends what came again on this link, before a cancel that came again.
func (k *Keys) cancelRedelivered(key string, seq uint64) {
	if key == "" {
		return
	}
	if k.redeliveredUpTo == nil || len(k.redeliveredUpTo) >= maxMarks {
		k.redeliveredUpTo = map[string]uint64{}
	}
	k.redeliveredUpTo[key] = seq
	for r := range k.running {
		if (r.key == key || key == AllKeys) && r.seq > k.linkStart {
			r.end()
		}
	}
}

// CloseExpiredMarks tells that everything sent until a moment ago has arrived, up to
// number seq: a copy that a mark has awaited for longer than MarkTTL is lost.
func (k *Keys) CloseExpiredMarks(seq uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closeMarks(seq, func(m mark) bool { return time.Since(m.at) > MarkTTL })
}

// SessionLost tells that the broker has forgotten what it had not delivered.
func (k *Keys) SessionLost(seq uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closeMarks(seq, func(mark) bool { return true })
}

func (k *Keys) closeMarks(seq uint64, which func(mark) bool) {
	for key, m := range k.marks {
		if m.awaitsCopy && which(m) {
			m.awaitsCopy, m.seq = false, seq
			k.marks[key] = m
		}
	}
}

// noteSeen notes a cancel, and reports whether it was noted before and is
// delivered again.
func (k *Keys) noteSeen(id string, again bool) bool {
	hash := pairing.HashID(id)
	if _, known := k.seenInOrder[hash]; known {
		return again
	}
	if k.seenInOrder == nil || len(k.seenInOrder) >= maxSeen {
		k.seenInOrder = map[uint64]struct{}{}
	}
	k.seenInOrder[hash] = struct{}{}
	return false
}

func (k *Keys) mark(key string, fresh mark, idle bool) {
	if key == "" {
		return
	}
	for name, m := range k.marks {
		if (idle && !m.awaitsCopy || len(k.marks) >= maxMarks) && time.Since(m.at) > MarkTTL {
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
		if r.key == key || key == AllKeys {
			r.end()
		}
	}
}

// isCancelled reports whether a cancel of key is also one of what arrived as number seq
// at the time at.
func (k *Keys) isCancelled(key string, seq uint64, at time.Time) bool {
	if seq > k.linkStart && (seq <= k.redeliveredUpTo[key] || seq <= k.redeliveredUpTo[AllKeys]) {
		return true
	}
	if m, ok := k.marks[key]; ok && (seq <= m.seq || m.awaitsCopy || at.Sub(m.at) < MarkTTL) {
		return true
	}
	m, ok := k.marks[AllKeys]
	return ok && (seq <= m.seq || m.awaitsCopy && at.Sub(m.at) < MarkTTL)
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
	if k.isCancelled(key, seq, at) {
		end()
	}
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.running, r)
	}
}
