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
