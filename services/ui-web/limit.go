package uiweb

import (
	"sync"
	"time"

	"github.com/gotars/tars/contract"
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

// budget is what one page may cost in a time. A person who types and speaks does
// not come near it.
type budget struct {
	commands *limit // text frames
	says     *limit // typed texts
	chunks   *limit // frames of the microphone, which come 25 a second
	samples  *limit // in those: at most twice as many as are spoken in real time
	refusals *limit // words about all that
}

func newBudget() *budget {
	return &budget{
		commands: newLimit(30, 100*time.Millisecond),
		says:     newLimit(6, 2*time.Second),
		chunks:   newLimit(200, 10*time.Millisecond),
		samples:  newLimit(4*contract.AudioRate, time.Second/(2*contract.AudioRate)), // 4 s at once: what a page holds back while its line is away
		refusals: newLimit(2, 2*time.Second),
	}
}
