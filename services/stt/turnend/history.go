package turnend

import (
	"slices"
	"time"
)

const (
	maxHistory = 16               // pauses that are remembered; more are no news of how somebody speaks now
	historyTTL = 10 * time.Minute // after which a pause is forgotten: somebody else may speak here by now
	minHistory = 3                // pauses that it takes to tell a habit from a chance
	// usualQuantile is the part of the pauses that is not longer than the usual one.
	usualQuantile = 0.8
	// maxUsual keeps one slow speaker from making a room slow: longer pauses are left to
	// the joining of two halves.
	maxUsual = 1500 * time.Millisecond
)

// History is the pauses after which the people of one room went on. The zero value is
// empty. It is not safe for concurrent use.
type History struct {
	pauses []pastPause // the oldest is first
}

type pastPause struct {
	length time.Duration
	at     time.Time
}

// Add notes that somebody went on after a pause.
func (h *History) Add(length time.Duration, at time.Time) {
	if length <= 0 {
		return
	}
	if len(h.pauses) >= maxHistory {
		h.pauses = slices.Delete(h.pauses, 0, 1)
	}
	h.pauses = append(h.pauses, pastPause{length, at})
}

// Usual is how long the pauses of this room last, but for the longest of them; 0 while
// too few are known.
func (h *History) Usual(now time.Time) time.Duration {
	var lengths []time.Duration
	for _, p := range h.pauses {
		if now.Sub(p.at) < historyTTL {
			lengths = append(lengths, p.length)
		}
	}
	if len(lengths) < minHistory {
		return 0
	}
	slices.Sort(lengths)
	return min(lengths[int(usualQuantile*float64(len(lengths)-1)+0.5)], maxUsual)
}
