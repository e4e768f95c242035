package kit

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/kit/internal/meter"
)

// Counter counts what only the service knows about, beside what the kit counts of its
// handlers. Declared with [Counts] it is part of the [Stats]. Its zero value is ready for
// use, and it is safe for concurrent use.
type Counter struct{ n atomic.Int64 }

// Add counts n more.
func (c *Counter) Add(n int64) { c.n.Add(n) }

// Total is what was counted.
func (c *Counter) Total() int64 { return c.n.Load() }

// Durations collects how long something took. Declared with [Times] it is part of the
// [Stats]. Its zero value is ready for use, and it is safe for concurrent use.
type Durations struct{ all meter.Histogram }

// Add notes one duration; a negative one is 0.
func (d *Durations) Add(took time.Duration) { d.all.Add(max(0, took)) }

// Total is how many there were, and their sum.
func (d *Durations) Total() (n int64, sum time.Duration) { return d.all.Total() }

// Counts declares a counter of the service. The name is snake_case, because it labels a
// metric: "finals_ready".
func Counts(name string, c *Counter) Handler {
	d := &registration{name: name, counter: c}
	if c == nil {
		d.fault = fmt.Errorf("Counts(%q): the counter is nil", name)
	}
	return Handler{d}
}

// Times declares durations of the service. The name is snake_case, and says of what: "thinking".
func Times(name string, d *Durations) Handler {
	r := &registration{name: name, durations: d}
	if d == nil {
		r.fault = fmt.Errorf("Times(%q): the durations are nil", name)
	}
	return Handler{r}
}

// isMeasure tells whether d is a Counts or a Times.
func (d *registration) isMeasure() bool { return d.counter != nil || d.durations != nil }

// DurationStats is about the [Durations] of one name.
type DurationStats struct {
	Count int64   `json:"count"`
	SumS  float64 `json:"sum_s"` // seconds
	P50MS float64 `json:"p50_ms"`
	P99MS float64 `json:"p99_ms"`
}

// measures are what the service counted and timed itself.
func (b *Bus) measures() (counters map[string]int64, durations map[string]DurationStats) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.measured(func(name string, c *Counter) {
		if counters == nil {
			counters = map[string]int64{}
		}
		counters[name] = c.Total()
	}, func(name string, d *Durations) {
		if durations == nil {
			durations = map[string]DurationStats{}
		}
		n, sum := d.all.Total()
		durations[name] = DurationStats{Count: n, SumS: sum.Seconds(), P50MS: ms(d.all.Quantile(.5)), P99MS: ms(d.all.Quantile(.99))}
	})
	return counters, durations
}

// measured calls counts and times for what the service declared to measure.
func (b *Bus) measured(counts func(name string, c *Counter), times func(name string, d *Durations)) {
	for _, h := range b.dispatch.handlers {
		switch {
		case h.counter != nil:
			counts(h.name, h.counter)
		case h.durations != nil:
			times(h.name, h.durations)
		}
	}
}
