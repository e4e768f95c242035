// Package meter counts what became of messages and how long it took. Counting
// takes no lock where every message passes.
package meter

import (
	"bytes"
	"maps"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// Handler counts for one handler. Its zero value is ready for use.
type Handler struct {
	Handled, Failed, Dead, Retried, Duplicates atomic.Int64
	Waiting                                    atomic.Int64 // messages in its queue
	Took, Waited                               Histogram    // in the handler, and in the queue before it

	mu      sync.Mutex
	dropped map[string]int64
	spoke   map[string]time.Time
	err     string
}

const (
	// maxReasons is how many reasons one handler has; the rest are one, Other.
	maxReasons = 32
	// maxReason is the longest of them, in bytes.
	maxReason = 40
	// Other is the reason of what comes after maxReasons.
	Other = "other"
)

// Label is a reason as the label of a counter: lower-case letters, digits and
// underscores.
func Label(reason string) string {
	label := make([]byte, 0, maxReason)
	for _, r := range reason {
		letter := r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		switch {
		case r >= 'A' && r <= 'Z':
			label = append(label, byte(r-'A'+'a'))
		case letter:
			label = append(label, byte(r))
		case len(label) > 0 && label[len(label)-1] != '_':
			label = append(label, '_')
		}
		if len(label) == maxReason {
			break
		}
	}
	if label = bytes.TrimRight(label, "_"); len(label) == 0 {
		return Other
	}
	return string(label)
}

// Drop counts a message that was dropped for reason. It returns how many were,
// and whether this is the first one within a second. Whatever reasons there are,
// the counters are few: their names are labels, and at most maxReasons.
func (h *Handler) Drop(reason string) (total int64, loud bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.dropped[reason]; !known {
		if reason = Label(reason); h.dropped[reason] == 0 && len(h.dropped) >= maxReasons {
			reason = Other
		}
	}
	if h.dropped == nil {
		h.dropped, h.spoke = map[string]int64{}, map[string]time.Time{}
	}
	h.dropped[reason]++
	if now := time.Now(); now.Sub(h.spoke[reason]) >= time.Second {
		h.spoke[reason], loud = now, true
	}
	return h.dropped[reason], loud
}

// Dropped is how many were dropped, by reason.
func (h *Handler) Dropped() map[string]int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.dropped)
}

// Fail counts a failure and keeps its text.
func (h *Handler) Fail(text string) {
	h.Failed.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = text
}

// LastError is the text of the last failure.
func (h *Handler) LastError() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// Histogram counts durations in buckets that are a quarter of an octave wide,
// from a microsecond to more than a minute: a quantile is within 19 % of the
// truth. Its zero value is ready for use.
type Histogram struct {
	buckets [octaves * 4]atomic.Int64
	sum     atomic.Int64 // nanoseconds
}

const (
	lowest  = 10 // 2^10 ns, about a microsecond
	octaves = 27
)

// Add counts d.
func (h *Histogram) Add(d time.Duration) {
	h.sum.Add(int64(d))
	h.buckets[bucketOf(d)].Add(1)
}

func bucketOf(d time.Duration) int {
	n := uint64(max(d, 1<<lowest))
	octave := bits.Len64(n) - 1
	quarter := int(n>>(octave-2)) & 3
	return min((octave-lowest)*4+quarter, octaves*4-1)
}

// upperBound is where bucket i ends.
func upperBound(i int) time.Duration {
	return time.Duration(uint64(5+i%4) << (i/4 + lowest - 2))
}

// Quantile is the upper bound of the bucket in which the q-th part of all
// durations ends, 0 without any.
func (h *Histogram) Quantile(q float64) time.Duration {
	n, _ := h.Total()
	if n == 0 {
		return 0
	}
	rank := int64(q * float64(n))
	for i := range h.buckets {
		if rank -= h.buckets[i].Load(); rank < 0 {
			return upperBound(i)
		}
	}
	return upperBound(len(h.buckets) - 1)
}

// Total is how many durations there were, and their sum.
func (h *Histogram) Total() (n int64, sum time.Duration) {
	for i := range h.buckets {
		n += h.buckets[i].Load()
	}
	return n, time.Duration(h.sum.Load())
}

// Cumulative is how many durations were at most each power of four
// microseconds, in seconds, as Prometheus counts.
func (h *Histogram) Cumulative() (n uint64, sum float64, buckets map[float64]uint64) {
	buckets = map[float64]uint64{}
	for i := range h.buckets {
		n += uint64(h.buckets[i].Load())
		if i%8 == 7 {
			buckets[upperBound(i).Seconds()] = n
		}
	}
	return n, time.Duration(h.sum.Load()).Seconds(), buckets
}
