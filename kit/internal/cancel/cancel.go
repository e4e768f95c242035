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
	// All is the key that ends everything that runs or waits.
	All = "*"
)

// Keys remembers which keys were cancelled and which are at work. Its zero value
// is ready for use, and safe for concurrent use.
type Keys struct {
	mu      sync.Mutex
	running map[*running]struct{}
	marks   map[string]mark
	copies  copies.Pairs // by the id of a cancel
}

type running struct {
	key string
	end func()
}

// mark ends what arrived as number seq or before, and what arrives soon after
// at. An open one waits for the copy of its cancel that comes in order: what
// arrives before that copy was sent before the cancel.
type mark struct {
	seq  uint64
	at   time.Time
	open bool
}

// Cancel ends what has key: at work, waiting up to number seq, or arriving soon.
// idle says that nothing waits, so that old marks can go. Key "" ends nothing.
func (k *Keys) Cancel(key string, seq uint64, idle bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cancel(key, seq, idle, false)
}

// CancelAhead is Cancel by the copy of the cancel id that overtook what was sent
// before it. That ends as well, when it arrives before the copy of
// CancelInOrder; with the key All for at most Soon, since that copy may be lost.
func (k *Keys) CancelAhead(key, id string, seq uint64, idle bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.copies.Ahead(id) { // else the other copy came first, and nothing was overtaken
		k.cancel(key, seq, idle, true)
	}
}

// CancelInOrder is Cancel by the copy of the cancel id that came in order.
func (k *Keys) CancelInOrder(key, id string, seq uint64, idle bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.copies.InOrder(id)
	k.cancel(key, seq, idle, false)
}

func (k *Keys) cancel(key string, seq uint64, idle, open bool) {
	if key == "" {
		return
	}
	for name, m := range k.marks {
		if (idle || len(k.marks) >= maxMarks) && time.Since(m.at) > Soon {
			delete(k.marks, name)
		}
	}
	if k.marks == nil || len(k.marks) >= maxMarks { // a flood of cancels, not a conversation
		k.marks = map[string]mark{}
	}
	k.marks[key] = mark{seq, time.Now(), open}
	for r := range k.running {
		if r.key == key || key == All {
			r.end()
		}
	}
}

// ends reports whether a cancel of key is also one of what arrived as number seq
// at the time at.
func (k *Keys) ends(key string, seq uint64, at time.Time) bool {
	if m, ok := k.marks[key]; ok && (seq <= m.seq || m.open || at.Sub(m.at) < Soon) {
		return true
	}
	m, ok := k.marks[All]
	return ok && (seq <= m.seq || m.open && at.Sub(m.at) < Soon)
}

// Enter registers work that arrived as number seq at the time at, and ends it at
// once when its key is marked. The function it returns ends the registration.
func (k *Keys) Enter(key string, seq uint64, at time.Time, end func()) (leave func()) {
	r := &running{key, end}
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
