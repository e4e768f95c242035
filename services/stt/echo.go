package stt

import (
	"sync"
	"time"
)

// echoes knows what the assistant says aloud, so that it does not answer
// itself. It is safe for concurrent use.
type echoes struct {
	window time.Duration // how long after its end speech may come back; 0: no echo is looked for

	mu   sync.Mutex
	said []saying // at most maxSayings, oldest first
}

// saying is one text that was spoken in a room, "" for any room.
type saying struct {
	room, utt  string
	words      []string
	begun, end time.Time // end is in the future while it is being spoken
}

const (
	maxSayings      = 64
	maxWordDuration = 800 * time.Millisecond // how long a word takes at most, should the end of speaking never be told
	minEchoWords    = 3                      // fewer are an echo only as the whole of what was said, so that "stop" gets through
	// minEchoShare is the share of the words that must have been said in this order.
	// It leaves room for a recogniser that mishears one word of four. Chosen by ear,
	// with the examples of echo_internal_test.go; it was not measured in a room.
	minEchoShare = 0.75
)

// start notes that text is being spoken.
func (e *echoes) start(room, utt, text string) {
	words, now := spokenWords(text), time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.said) == maxSayings {
		e.said = append(e.said[:0], e.said[1:]...)
	}
	e.said = append(e.said, saying{room: room, utt: utt, words: words, begun: now,
		end: now.Add(time.Duration(len(words)+3) * maxWordDuration)})
}

// end notes that nothing of utt is spoken any more.
func (e *echoes) end(utt string) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.said {
		if s := &e.said[i]; s.utt == utt && s.end.After(now) {
			s.end = now
		}
	}
}

// isEcho tells whether text, the speech in room from begun to ended, is what the
// assistant said there at that time.
func (e *echoes) isEcho(room, text string, begun, ended time.Time) bool {
	if e.window == 0 {
		return false
	}
	words := spokenWords(text)
	e.mu.Lock()
	defer e.mu.Unlock()
	var said []string
	for _, s := range e.said {
		if s.room != "" && s.room != room || s.begun.After(ended) || begun.After(s.end.Add(e.window)) {
			continue
		}
		if len(words) < minEchoWords && len(words) == len(s.words) && longestCommonSubsequence(words, s.words) == len(words) {
			return true
		}
		said = append(said, s.words...)
	}
	return len(words) >= minEchoWords && bestOverlap(words, said) >= minEchoShare
}

// bestOverlap is the largest share of words that some stretch of said, little longer
// than they are, holds in their order. A longer stretch would hold any question.
func bestOverlap(words, said []string) float64 {
	const slack = 2
	best := 0
	for i := range said {
		best = max(best, longestCommonSubsequence(words, said[i:min(len(said), i+len(words)+slack)]))
	}
	return float64(best) / float64(len(words))
}

// longestCommonSubsequence is the length of the longest common subsequence.
func longestCommonSubsequence(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
