package kittest

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"
)

// Step is one thing that a scripted fake does.
type Step[T any] struct {
	after time.Duration
	value T
	err   error
	hang  bool
}

// After is a step that takes d and yields v.
func After[T any](d time.Duration, v T) Step[T] { return Step[T]{after: d, value: v} }

// Fails is a step that takes d and ends the script with err.
func Fails[T any](d time.Duration, err error) Step[T] { return Step[T]{after: d, err: err} }

// Hangs is a step that ends when the context does, and the script with it.
func Hangs[T any]() Step[T] { return Step[T]{hang: true} }

// perform waits for the step, or for the end of ctx.
func (s Step[T]) perform(ctx context.Context) (T, error) {
	var late <-chan time.Time
	if !s.hang {
		timer := time.NewTimer(s.after)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-late:
		return s.value, s.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// Actor stands in for an engine, a device or a remote service: it does what its
// scripts say, when they say it, and ends with its context. Its methods may be
// called from any goroutine.
//
// A fake of an interface is a type of one line around it:
//
//	type model struct{ *kittest.Actor[string] }
//
//	func (m model) Write(ctx context.Context, _ string, emit func(string) error) error {
//		return m.Play(ctx, emit)
//	}
type Actor[T any] struct {
	mu      sync.Mutex
	scripts [][]Step[T]
	at      int // step of Next
	ends    []error
	calls   int
}

// Script is an actor that does the steps in each of its calls.
//
//	kittest.Script(kittest.After(300*time.Millisecond, "hel"), kittest.After(time.Second, "lo"))
func Script[T any](steps ...Step[T]) *Actor[T] { return &Actor[T]{scripts: [][]Step[T]{steps}} }

// Then adds the script of the call after those there are; the last one is done
// again by all further calls. It returns the actor.
func (a *Actor[T]) Then(steps ...Step[T]) *Actor[T] {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.scripts = append(a.scripts, steps)
	return a
}

// Play does one script: it hands each value to yield, and returns the error of
// a step, of yield, or the cause of ctx's end. It is the inside of a Stream
// handler, whose send is yield.
func (a *Actor[T]) Play(ctx context.Context, yield func(T) error) (err error) {
	a.mu.Lock()
	steps := a.scripts[min(a.calls, len(a.scripts)-1)]
	a.calls++
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.ends = append(a.ends, err)
	}()
	for _, s := range steps {
		v, err := s.perform(ctx)
		if err != nil {
			return err
		}
		if err := yield(v); err != nil {
			return err
		}
	}
	return nil
}

// errReaderLeft ends a Play whose reader has left.
var errReaderLeft = errors.New("left")

// All does one script as an iterator. An error ends it, and is its last pair.
func (a *Actor[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := a.Play(ctx, func(v T) error {
			if !yield(v, nil) {
				return errReaderLeft
			}
			return nil
		})
		if err != nil && err != errReaderLeft {
			var none T
			yield(none, err)
		}
	}
}

// Next does one step of the scripts, one after the other, for engines that are
// asked for one value at a time, such as a sensor. After the last it returns
// io.EOF. An actor serves either Next or [Actor.Play] and [Actor.All].
func (a *Actor[T]) Next(ctx context.Context) (T, error) {
	a.mu.Lock()
	at, scripts := a.at, a.scripts
	a.at++
	a.calls++
	a.mu.Unlock()
	for _, steps := range scripts {
		if at < len(steps) {
			return steps[at].perform(ctx)
		}
		at -= len(steps)
	}
	var none T
	return none, io.EOF
}

// Calls counts the calls of [Actor.Play], [Actor.All] and [Actor.Next], running ones included.
func (a *Actor[T]) Calls() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls
}

// Ends are the results of the calls of [Actor.Play] and [Actor.All] that are over, in the order
// of their ends: nil, the error of a step, or why the context ended.
func (a *Actor[T]) Ends() []error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]error(nil), a.ends...)
}
