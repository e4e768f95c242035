package uiweb

import (
	"sync"
	"time"
)

// limit is a token bucket. Its zero value allows nothing; it is safe for
// concurrent use.
type limit struct {
	every time.Duration // one more is allowed
	burst float64       // allowed at once

	mu   sync.Mutex
	left float64
	last time.Time // left was counted; zero: it is full
}

func newLimit(burst float64, every time.Duration) *limit { return &limit{burst: burst, every: every} }

// allow takes one.
func (l *limit) allow() bool { return l.take(1) }

// take takes n, when there are so many.
func (l *limit) take(n float64) bool {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.IsZero() {
		l.left = l.burst
	} else {
		l.left = min(l.burst, l.left+float64(now.Sub(l.last))/float64(l.every))
	}
	l.last = now
	if l.left < n {
		return false
	}
	l.left -= n
	return true
}
