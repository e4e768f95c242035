// Package cancel ends work by key, also work that has not begun: a cancel may
// overtake what it is for.
package cancel

import (
	"sync"
	"time"
)

const (
	// Soon is how long a cancel waits for work that it overtook.
	Soon = 10 * time.Second
	// most bounds the cancels that are remembered.
	most = 1024
	// All is the key that ends everything that runs or waits.
	All = "*"
)

// Keys remembers which keys were cancelled and which are at work. Its zero value
// is ready for use, and safe for concurrent use.
type Keys struct {
	mu      sync.Mutex
	running map[*running]struct{}
	marks   map[string]mark
}

type running struct {
	key string
	end func()
}

// mark ends what arrived as number seq or before, and what arrives soon after
// at.
type mark struct {
	seq uint64
	at  time.Time
}

// Cancel ends what has key: at work, waiting up to number seq, or arriving soon.
// idle says that nothing waits, so that old marks can go. Key "" ends nothing.
func (k *Keys) Cancel(key string, seq uint64, idle bool) {
	if key == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, m := range k.marks {
		if (idle || len(k.marks) >= most) && time.Since(m.at) > Soon {
			delete(k.marks, name)
		}
	}
	if k.marks == nil || len(k.marks) >= most { // a flood of cancels, not a conversation
		k.marks = map[string]mark{}
	}
	k.marks[key] = mark{seq, time.Now()}
	for r := range k.running {
		if r.key == key || key == All {
			r.end()
		}
	}
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
	if m, ok := k.marks[key]; ok && (seq <= m.seq || at.Sub(m.at) < Soon) {
		end()
	}
	if m, ok := k.marks[All]; ok && seq <= m.seq {
		end()
	}
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.running, r)
	}
}
