package enginetest

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotars/tars/engines/failover"
)

// Script is what a server does, call by call; the last act goes on. What an act
// means is up to the server.
type Script struct {
	Acts  []string
	Calls atomic.Int32
	Asked chan string   // gets the question of each call
	Gone  chan struct{} // gets one when a client left that was waiting
}

// Play returns a script of acts.
func Play(acts ...string) *Script {
	return &Script{Acts: acts, Asked: make(chan string, 100), Gone: make(chan struct{}, 100)}
}

// Next is what the server is to do with a question.
func (s *Script) Next(question string) string {
	n := int(s.Calls.Add(1))
	s.Asked <- question
	return s.Acts[min(n, len(s.Acts))-1]
}

// Left waits until the server has seen that nobody waits for it.
func (s *Script) Left(t testing.TB) {
	t.Helper()
	select {
	case <-s.Gone:
	case <-time.After(Patience):
		t.Error("the server works on")
	}
}

// Cancels checks that a call of a server that hangs ends with its context, also at
// the server, and with its cause; and that five of them are nobody's failure.
func Cancels(t testing.TB, s *Script, cause error, call func(context.Context) error) {
	t.Helper()
	for range 5 {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			<-s.Asked
			cancel(cause)
		}()
		if err := call(ctx); !errors.Is(err, cause) {
			t.Errorf("error %v, want %v", err, cause)
		}
		s.Left(t)
	}
}

// LeavesAlone checks that a server which fails three times is not asked a fourth
// time, and that the error is still that of the server, which says why.
func LeavesAlone(t testing.TB, s *Script, why string, call func(context.Context) error) {
	t.Helper()
	for range 3 {
		_ = call(t.Context())
	}
	calls := s.Calls.Load()
	err := call(t.Context())
	var open *failover.OpenError
	if !errors.As(err, &open) || !strings.Contains(err.Error(), why) || s.Calls.Load() != calls {
		t.Errorf("error %v, %d calls after %d", err, s.Calls.Load(), calls)
	}
}
