package backoff

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	b := Link{Min: 500 * time.Millisecond, Max: 5 * time.Second}
	now := time.Now()
	in := func(d, lo, hi time.Duration) {
		t.Helper()
		if d < lo || d > hi {
			t.Errorf("waits %s, want %s to %s", d, lo, hi)
		}
	}
	in(b.Next(now), 0, 0)
	in(b.Next(now), 250*time.Millisecond, 500*time.Millisecond)
	in(b.Next(now), 500*time.Millisecond, time.Second)
	b.Up(now) // a short link, such as an eviction, does not start over
	in(b.Next(now.Add(time.Second)), time.Second, 2*time.Second)
	for range 20 {
		in(b.Next(now), 0, 5*time.Second)
	}
	b.Up(now)
	in(b.Next(now.Add(5*time.Second)), 0, 0)
}

func TestWait(t *testing.T) {
	tests := map[string]struct {
		min, max time.Duration
		n        int
		want     time.Duration // the longest; the shortest is half of it
	}{
		"the first":             {time.Second, time.Hour, 0, time.Second},
		"doubled":               {time.Second, time.Hour, 3, 8 * time.Second},
		"at most max":           {time.Second, 5 * time.Second, 3, 5 * time.Second},
		"more than a number is": {5 * time.Second, time.Hour, 31, time.Hour},
		"after many attempts":   {time.Nanosecond, time.Hour, 1000, time.Hour},
		"no wait":               {0, time.Hour, 3, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Wait(tt.min, tt.max, tt.n); got < tt.want/2 || got > tt.want {
				t.Errorf("waits %s, want %s to %s", got, tt.want/2, tt.want)
			}
		})
	}
}
