package uiweb

import (
	"sync"
	"time"

	"github.com/gotars/tars/contract"
)

// tokenBucket limits a rate: it holds at most burst tokens and gets one back in each
// interval. Its zero value allows nothing. It is safe for concurrent use.
type tokenBucket struct {
	every time.Duration // interval in which one token comes back
	burst float64       // most tokens

	mu   sync.Mutex
	left float64
	last time.Time // left was counted; zero: it is full
}

func newTokenBucket(burst float64, every time.Duration) *tokenBucket {
	return &tokenBucket{burst: burst, every: every}
}

// allow takes one token and reports whether there was one.
func (l *tokenBucket) allow() bool { return l.take(1) }

// take takes n tokens, or none when there are fewer.
func (l *tokenBucket) take(n float64) bool {
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

// budget limits what one page may send. A person who types and speaks stays far
// below it.
type budget struct {
	commands *tokenBucket // text frames
	says     *tokenBucket // typed texts
	chunks   *tokenBucket // frames of the microphone, which come 25 a second
	samples  *tokenBucket // in those: at most twice as many as are spoken in real time
	refusals *tokenBucket // words about all that
}

func newBudget() *budget {
	return &budget{
		commands: newTokenBucket(30, 100*time.Millisecond),
		says:     newTokenBucket(6, 2*time.Second),
		chunks:   newTokenBucket(200, 10*time.Millisecond),
		samples:  newTokenBucket(4*contract.AudioRate, time.Second/(2*contract.AudioRate)), // 4 s at once: what a page holds back while its line is away
		refusals: newTokenBucket(2, 2*time.Second),
	}
}
