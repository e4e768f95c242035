// Package failover keeps services well when their engines are not: it repeats what
// may be repeated, and stops asking an engine that fails again and again.
package failover

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	maxFailures = 3                      // in a row, before an engine is left alone
	openFor     = 10 * time.Second       // how long it is left alone; then one call tries it
	failoverFor = 2 * time.Minute        // how long it is left alone while another engine works
	slowFailure = 5 * time.Second        // after one failure that took so long, and brought nothing, another engine takes over, unless the engine is supervised
	slowCancel  = 20 * time.Second       // a call that was cancelled after that, and brought nothing, counts as a failure
	retryPause  = 100 * time.Millisecond // before a call is repeated
)

// Guard stands before one engine. It is safe for concurrent use.
type Guard struct {
	breaker    *gobreaker.CircuitBreaker[struct{}]
	supervised bool                    // the engine is replaced when it hangs
	last       atomic.Pointer[failure] // since the last success
}

type failure struct {
	err  error
	at   time.Time
	slow bool
}

// OpenError is the answer to a call that was not made, because those before it
// failed.
type OpenError struct {
	Err error         // of the last call that was made
	For time.Duration // until one is tried again
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("%v (it is asked again in %v)", e.Err, e.For.Round(time.Second))
}

// Unwrap returns the error of the last call that was made.
func (e *OpenError) Unwrap() error { return e.Err }

// mark is an error that says how it is to be taken.
type mark struct {
	error
	again, alive, begun bool
}

// Unwrap returns what was marked.
func (m *mark) Unwrap() error { return m.error }

// Retryable marks the error of a call of which nothing came: it may be repeated,
// once.
func Retryable(err error) error { return withMark(err, mark{again: true}) }

// RequestFault marks the error of an engine that is well and did not like the question.
func RequestFault(err error) error { return withMark(err, mark{alive: true}) }

func withMark(err error, m mark) error {
	if err == nil {
		return nil
	}
	m.error = err
	return &m
}

func isMarked(err error, what func(*mark) bool) bool {
	var m *mark
	return errors.As(err, &m) && what(m)
}

// New returns a guard that lets calls through.
func New() *Guard {
	g := new(Guard)
	g.breaker = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Timeout:      openFor,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= maxFailures },
		IsExcluded:   func(err error) bool { return errors.Is(err, errCancelled) },
		IsSuccessful: isHealthy,
	})
	return g
}

// isHealthy reports whether the call that returned err tells of an engine that is
// well.
func isHealthy(err error) bool {
	return err == nil || isMarked(err, func(m *mark) bool { return m.alive })
}

// errCancelled is the end of a call that tells nothing about the engine.
var errCancelled = errors.New("cancelled")

// Do makes a call of the engine. When the engine has failed again and again it
// returns an *OpenError at once. A call whose ctx was cancelled says nothing
// about the engine, unless it brought nothing for long.
func (g *Guard) Do(ctx context.Context, call func(context.Context) error) error {
	var err error
	_, out := g.breaker.Execute(func() (struct{}, error) {
		begin := time.Now()
		err = callWithRetry(ctx, call)
		if isHealthy(err) {
			g.last.Store(nil)
			return struct{}{}, err
		}
		begun, took := isMarked(err, func(m *mark) bool { return m.begun }), time.Since(begin)
		if errors.Is(ctx.Err(), context.Canceled) && (begun || took < slowCancel) {
			return struct{}{}, errCancelled
		}
		g.last.Store(&failure{err, time.Now(), !begun && !g.supervised && took >= slowFailure})
		return struct{}{}, err
	})
	if errors.Is(out, gobreaker.ErrOpenState) || errors.Is(out, gobreaker.ErrTooManyRequests) {
		return g.refusal()
	}
	return err
}

// callWithRetry makes a call, and once more when the first one came to nothing.
func callWithRetry(ctx context.Context, call func(context.Context) error) error {
	err := call(ctx)
	if !isMarked(err, func(m *mark) bool { return m.again }) {
		return err
	}
	select {
	case <-time.After(retryPause):
		return call(ctx)
	case <-ctx.Done():
		return err
	}
}

// unwell reports whether the engine failed again and again, or once for long,
// and that is not so long ago that it should be tried in place of one that
// works: a try may take all the time that a call has.
func (g *Guard) unwell() bool {
	f := g.last.Load()
	return f != nil && time.Since(f.at) < failoverFor && (f.slow || g.breaker.State() != gobreaker.StateClosed)
}

// refusal is the error of a call that is not made.
func (g *Guard) refusal() error {
	if f := g.last.Load(); f != nil {
		return &OpenError{Err: f.err, For: max(0, time.Until(f.at.Add(openFor)))}
	}
	return &OpenError{Err: errors.New("the engine failed"), For: openFor}
}
