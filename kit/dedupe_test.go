package kit

import (
	"testing"
	"time"
)

// A copy that comes while the first is at work waits for how that ends: were it
// acknowledged sooner, a kill would lose both.
func TestCopyWaitsForTheFirst(t *testing.T) {
	for name, handled := range map[string]bool{"handled": true, "failed": false} {
		t.Run(name, func(t *testing.T) {
			s := newDedupe(time.Minute, 1)
			acks := 0
			again := func() { acks++ }
			first := s.take("a", again)
			if first == nil || s.take("a", again) != nil || acks != 0 {
				t.Fatalf("taken %v, %d copies acknowledged", first, acks)
			}
			if other := s.take("b", again); other == nil { // it pushes out the first, whose copy still waits
				t.Fatal("b is not free")
			}
			s.settle(first, handled)
			if acks != 1 {
				t.Errorf("%d copies acknowledged, want 1", acks)
			}
		})
	}
	s := newDedupe(time.Minute, 10)
	acks := 0
	first := s.take("a", nil)
	s.settle(first, true)
	if s.take("a", func() { acks++ }) != nil || acks != 1 {
		t.Errorf("a copy of what is handled: %d acknowledged", acks)
	}
	failed := s.take("b", nil)
	s.settle(failed, false)
	if s.take("b", nil) == nil {
		t.Error("what failed cannot come again")
	}
	var none *dedupe
	none.settle(nil, true)
}
