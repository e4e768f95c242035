package meter

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// A quantile is never below the truth, and at most a quarter of an octave above.
func TestQuantile(t *testing.T) {
	for _, unit := range []time.Duration{2 * time.Microsecond, 300 * time.Microsecond, 17 * time.Millisecond} {
		var h Histogram
		for i := 1; i <= 1000; i++ {
			h.Add(time.Duration(i) * unit)
		}
		for _, q := range []float64{.01, .5, .9, .99} {
			truth, got := time.Duration(q*1000)*unit, h.Quantile(q)
			if got < truth || float64(got) > 1.26*float64(truth+unit) {
				t.Errorf("quantile %g of 1..1000 × %s is %s, want %s or a little more", q, unit, got, truth)
			}
		}
		if n, sum := h.Total(); n != 1000 || sum != 500500*unit {
			t.Errorf("total is %d, %s", n, sum)
		}
	}
	var empty Histogram
	if empty.Quantile(.5) != 0 {
		t.Errorf("nothing took %s", empty.Quantile(.5))
	}
}

func TestExtremes(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{-time.Second, 0, 1, time.Hour, math.MaxInt64} {
		h.Add(d)
	}
	if n, _ := h.Total(); n != 5 {
		t.Errorf("counted %d of 5", n)
	}
	if q := h.Quantile(1); q < time.Minute {
		t.Errorf("the longest is %s", q)
	}
}

func TestCumulative(t *testing.T) {
	var h Histogram
	h.Add(500 * time.Microsecond)
	h.Add(2 * time.Second)
	n, sum, buckets := h.Cumulative()
	if n != 2 || math.Abs(sum-2.0005) > 1e-9 {
		t.Errorf("%d, %g s", n, sum)
	}
	below, above := 0, 0
	for bound, count := range buckets {
		switch {
		case bound > .001 && bound < 2 && count != 1, bound >= 4 && count != 2, bound < .0004 && count != 0:
			t.Errorf("%d are at most %g s", count, bound)
		case bound < 1:
			below++
		default:
			above++
		}
	}
	if below < 5 || above < 2 {
		t.Errorf("too few buckets: %v", buckets)
	}
}

func TestDropIsLoudOnceASecond(t *testing.T) {
	var h Handler
	if n, loud := h.Drop("overflow"); n != 1 || !loud {
		t.Errorf("first: %d %v", n, loud)
	}
	if n, loud := h.Drop("overflow"); n != 2 || loud {
		t.Errorf("second: %d %v", n, loud)
	}
	if n, loud := h.Drop("json"); n != 1 || !loud {
		t.Errorf("another reason: %d %v", n, loud)
	}
	h.Fail("x")
	if d := h.Dropped(); d["overflow"] != 2 || d["json"] != 1 || h.LastError() != "x" || h.Failed.Load() != 1 {
		t.Errorf("dropped %v, last error %q", d, h.LastError())
	}
}

// Reasons label a counter, so there are few of them and they are plain words.
func TestReasonsAreFewWords(t *testing.T) {
	for reason, want := range map[string]string{
		"queue_full": "queue_full", "Queue full!": "queue_full", "  a -- b  ": "a_b", "öl": "l", "": "other", "\x00\xff": "other", "日本": "other",
		strings.Repeat("x", 100): strings.Repeat("x", 40), strings.Repeat("y", 39) + " z": strings.Repeat("y", 39), "HTTP 503": "http_503",
	} {
		var h Handler
		h.Drop(reason)
		h.Drop(reason)
		if got := h.Dropped(); len(got) != 1 || got[want] != 2 {
			t.Errorf("%q is counted as %v, want %s", reason, got, want)
		}
	}
	var h Handler
	for i := range 10_000 {
		h.Drop(fmt.Sprintf("user %d is unknown", i))
	}
	h.Drop("user 3 is unknown")
	got := h.Dropped()
	if len(got) > 33 || got["user_3_is_unknown"] != 2 || got["other"] != 10_000-32 {
		t.Errorf("%d reasons, %d others", len(got), got["other"])
	}
	if total, _ := h.Drop("one more"); total != 10_000-31 {
		t.Errorf("total is %d", total)
	}
}
