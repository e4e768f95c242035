package failover_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/engines/failover"
)

var errDown = errors.New("down")

// caller is an engine that does what it is told, and counts.
type caller struct {
	err   error
	calls int
}

func (c *caller) call(context.Context) error {
	c.calls++
	return c.err
}

func TestAnEngineThatFailsIsLeftAloneForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, e := failover.New(), &caller{err: errDown}
		for range 3 {
			if err := g.Do(t.Context(), e.call); err != errDown {
				t.Errorf("error %v, want that of the engine", err)
			}
		}
		err := g.Do(t.Context(), e.call)
		var open *failover.OpenError
		if !errors.As(err, &open) || open.For != 10*time.Second || !strings.HasPrefix(err.Error(), "down (") || e.calls != 3 {
			t.Errorf("after three failures: %v, %d calls", err, e.calls)
		}
		time.Sleep(10*time.Second + 1)
		if err := g.Do(t.Context(), e.call); err != errDown || e.calls != 4 {
			t.Errorf("the try after the rest: %v, %d calls", err, e.calls)
		}
		if err := g.Do(t.Context(), e.call); !errors.As(err, &open) || e.calls != 4 {
			t.Errorf("a try that failed begins the rest anew: %v, %d calls", err, e.calls)
		}
		time.Sleep(10*time.Second + 1)
		e.err = nil
		for range 5 {
			if err := g.Do(t.Context(), e.call); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestCancelledCallsDoNotTripTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := failover.New()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		cancelled := func(ctx context.Context) error { return ctx.Err() }
		refused := &caller{err: failover.RequestFault(errors.New("the text is too long"))}
		for range 10 {
			if err := g.Do(ctx, cancelled); err != context.Canceled {
				t.Fatalf("a cancelled call: %v", err)
			}
			if err := g.Do(t.Context(), refused.call); err == nil || err.Error() != "the text is too long" {
				t.Fatalf("a bad question: %v", err)
			}
		}
		late, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		time.Sleep(2 * time.Second)
		for range 3 {
			_ = g.Do(late, cancelled)
		}
		var open *failover.OpenError
		if err := g.Do(t.Context(), refused.call); !errors.As(err, &open) {
			t.Errorf("an engine that answers too late is still asked: %v", err)
		}
	})
}

func TestOnlyWhatCameToNothingIsRepeated(t *testing.T) {
	tests := map[string]struct {
		err  error
		want int
	}{
		"a call that worked":             {nil, 1},
		"a call of which something came": {errDown, 1},
		"a connection that was refused":  {failover.Retryable(errDown), 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &caller{err: tt.err}
				if err := failover.New().Do(t.Context(), e.call); !errors.Is(err, tt.err) || e.calls != tt.want {
					t.Errorf("%v after %d calls, want %d", err, e.calls, tt.want)
				}
			})
		})
	}
}

// pool is what looking finds: engines by name, that fail or not.
type pool struct {
	names []string
	fails map[string]error
	begun bool // something comes of each call
	asked []string
}

func (p *pool) look(context.Context) (all []failover.Candidate[string]) {
	for _, n := range p.names {
		all = append(all, failover.Candidate[string]{Engine: n, Key: n, Name: n})
	}
	return all
}

func (p *pool) call(_ context.Context, c failover.Candidate[string]) (bool, error) {
	p.asked = append(p.asked, c.Engine)
	return p.begun, p.fails[c.Engine]
}

func TestTheNextEngineTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pool{names: []string{"a", "b", "built in"}, fails: map[string]error{"a": errDown}}
		s := failover.NewSwitch(p.look)
		do := func(want ...string) {
			t.Helper()
			p.asked = nil
			if err := s.Do(t.Context(), p.call); err != nil {
				t.Error(err)
			}
			if !slices.Equal(p.asked, want) {
				t.Errorf("asked %q, want %q", p.asked, want)
			}
		}
		for range 3 {
			do("a", "b")
		}
		do("b") // a has failed three times
		if got := s.Best(t.Context()).Name; got != "b" {
			t.Errorf("the best is %s", got)
		}
		time.Sleep(time.Minute)
		do("b") // a try may take long, and b works
		time.Sleep(time.Minute)
		do("a", "b")
		do("b")
		p.names = []string{"b", "built in"}
		s.Look(t.Context())
		do("b")
		p.names, p.fails = []string{"a", "b", "built in"}, nil
		s.Look(t.Context())
		do("a") // that came back
	})
}

// Who speaks to the assistant waits for each such failure.
func TestAnEngineThatHangsCostsOneDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const deadline = 30 * time.Second
		var asked []string
		hangs := true
		s := failover.NewSwitch((&pool{names: []string{"a", "built in"}}).look)
		do := func(want ...string) {
			t.Helper()
			asked = nil
			err := s.Do(t.Context(), func(ctx context.Context, c failover.Candidate[string]) (bool, error) {
				asked = append(asked, c.Engine)
				if c.Engine == "a" && hangs {
					time.Sleep(deadline)
					return false, context.DeadlineExceeded
				}
				return false, nil
			})
			if err != nil || !slices.Equal(asked, want) {
				t.Errorf("asked %q, %v, want %q", asked, err, want)
			}
		}
		do("a", "built in")
		do("built in")
		if got := s.Best(t.Context()).Name; got != "built in" {
			t.Errorf("the best is %s", got)
		}
		time.Sleep(2 * time.Minute)
		do("a", "built in")
		time.Sleep(2 * time.Minute)
		hangs = false
		do("a")
		do("a")
	})
}

// People and other services lose patience before the deadline of the call.
func TestACallThatIsGivenUpAfterLongTellsOfTheEngine(t *testing.T) {
	for waits, want := range map[time.Duration]string{10 * time.Second: "a", 20 * time.Second: "built in"} {
		synctest.Test(t, func(t *testing.T) {
			s := failover.NewSwitch((&pool{names: []string{"a", "built in"}}).look)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(waits, cancel)
			err := s.Do(ctx, func(ctx context.Context, _ failover.Candidate[string]) (bool, error) {
				<-ctx.Done()
				return false, ctx.Err()
			})
			if got := s.Best(t.Context()).Name; err != context.Canceled || got != want {
				t.Errorf("given up after %v: %v, and the best is %s, want %s", waits, err, got, want)
			}
		})
	}
}

// An engine that was killed in a long answer is started again at once.
func TestAnAnswerThatBreaksCostsNobodyTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := failover.NewSwitch((&pool{names: []string{"a", "built in"}}).look)
		err := s.Do(t.Context(), func(context.Context, failover.Candidate[string]) (bool, error) {
			time.Sleep(20 * time.Second)
			return true, errDown
		})
		if got := s.Best(t.Context()).Name; !errors.Is(err, errDown) || got != "a" {
			t.Errorf("%v, and the best is %s", err, got)
		}
	})
}

// Alone, it is asked until it has failed as often as any.
func TestAnEngineThatHangsIsAskedWhenThereIsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, calls := failover.NewSwitch((&pool{names: []string{"a"}}).look), 0
		for range 3 {
			_ = s.Do(t.Context(), func(context.Context, failover.Candidate[string]) (bool, error) {
				calls++
				time.Sleep(10 * time.Second)
				return false, errDown
			})
		}
		if calls != 3 {
			t.Errorf("%d calls, want 3", calls)
		}
	})
}

func TestALookForgetsNoFailure(t *testing.T) {
	p := &pool{names: []string{"a", "b"}, fails: map[string]error{"a": errDown}}
	s := failover.NewSwitch(p.look)
	for range 3 {
		_ = s.Do(t.Context(), p.call)
	}
	s.Look(t.Context())
	p.asked = nil
	if _ = s.Do(t.Context(), p.call); !slices.Equal(p.asked, []string{"b"}) {
		t.Errorf("asked %q: a answers when looked for, and fails when asked", p.asked)
	}
}

func TestNoFailoverAfterFirstOutput(t *testing.T) {
	p := &pool{names: []string{"a", "b"}, fails: map[string]error{"a": failover.Retryable(errDown)}, begun: true}
	if err := failover.NewSwitch(p.look).Do(t.Context(), p.call); !errors.Is(err, errDown) || !slices.Equal(p.asked, []string{"a"}) {
		t.Errorf("%v after asking %q", err, p.asked)
	}
}

func TestNobodyIsLeft(t *testing.T) {
	other := errors.New("down too")
	p := &pool{names: []string{"a", "b"}, fails: map[string]error{"a": errDown, "b": other}}
	if err := failover.NewSwitch(p.look).Do(t.Context(), p.call); err != errDown {
		t.Errorf("error %v, want that of the best engine", err)
	}
}
