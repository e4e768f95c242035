// Package backoff says how long to wait before the next attempt at something
// that fails.
package backoff

import (
	"math/rand/v2"
	"sync"
	"time"
)

// StableAfter is how long a link must last before the wait begins at its minimum again.
const StableAfter = 5 * time.Second

// Link counts attempts to connect: exponential with jitter between Min and Max.
// It goes on across links that broke soon, so that two clients who throw each
// other out slow down. Safe for concurrent use.
type Link struct {
	Min, Max time.Duration

	mu       sync.Mutex
	attempts int
	since    time.Time // of the last link
}

// Up notes that the link came up.
func (l *Link) Up(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = now
}

// Next is the wait before the next attempt: 0 before the first, and after a
// link that lived.
func (l *Link) Next(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.since.IsZero() && now.Sub(l.since) >= StableAfter {
		l.attempts = 0
	}
	l.since = time.Time{}
	l.attempts++
	if l.attempts == 1 {
		return 0
	}
	return Wait(l.Min, l.Max, l.attempts-2)
}

// Wait is min doubled n times, at most max, of which the upper half is random.
func Wait(min, max time.Duration, n int) time.Duration {
	d := max
	if min <= max>>n {
		d = min << n
	}
	return d/2 + rand.N(d/2+1)
}
