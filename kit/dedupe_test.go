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
			first := s.claim("a", again)
			if first == nil || s.claim("a", again) != nil || acks != 0 {
				t.Fatalf("taken %v, %d copies acknowledged", first, acks)
			}
			if other := s.claim("b", again); other == nil { // it pushes out the first, whose copy still waits
				t.Fatal("b is not free")
			}
			s.finishClaim(first, handled)
			if acks != 1 {
				t.Errorf("%d copies acknowledged, want 1", acks)
			}
		})
	}
	s := newDedupe(time.Minute, 10)
	acks := 0
	first := s.claim("a", nil)
	s.finishClaim(first, true)
	if s.claim("a", func() { acks++ }) != nil || acks != 1 {
		t.Errorf("a copy of what is handled: %d acknowledged", acks)
	}
	failed := s.claim("b", nil)
	s.finishClaim(failed, false)
	if s.claim("b", nil) == nil {
		t.Error("what failed cannot come again")
	}
	var none *dedupe
	none.finishClaim(nil, true)
}
