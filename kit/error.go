package kit

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// Code names a failure on the wire.
type Code string

// The codes in use.
const (
	CodeInvalid     Code = "invalid"     // the request makes no sense; repeating it cannot help
	CodeNotFound    Code = "not_found"   // there is no such thing
	CodeUnavailable Code = "unavailable" // try again later
	CodeTimeout     Code = "timeout"     // the deadline passed
	CodeCancelled   Code = "cancelled"   // somebody asked for the end
	CodeInternal    Code = "internal"    // everything else
)

// Error is a failure with a name. It crosses the wire as code and message,
// never as Err. A handler returns one for a failure that it expects: the asker
// gets it, it is counted, and it is logged at warn where others are at error.
type Error struct {
	Code    Code
	Message string
	Err     error // cause on this side of the wire
}

func (e *Error) Error() string {
	if e.Err != nil && e.Message != e.Err.Error() {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// asError turns err into the Error that the asker gets, with texts short enough to send.
func (b *Bus) asError(ctx context.Context, err error) *Error {
	if context.Cause(ctx) == ErrCancelled {
		return &Error{Code: CodeCancelled, Message: "cancelled", Err: err}
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Code: Code(b.errorText(string(e.Code))), Message: b.errorText(e.Message), Err: e.Err}
	}
	code := CodeInternal
	if errors.Is(err, context.DeadlineExceeded) {
		code = CodeTimeout
	}
	return &Error{Code: code, Message: b.errorText(err.Error()), Err: err}
}

// NoReplyError reports that whoever serves Topic did not answer. The caller may
// ask again when the request can be repeated.
type NoReplyError struct {
	Topic string
	Err   error
}

func (e *NoReplyError) Error() string {
	if errors.Is(e.Err, ErrNobody) {
		return "nobody answers " + e.Topic
	}
	return fmt.Sprintf("no answer on %s: %v", e.Topic, e.Err)
}

// Unwrap returns why: often context.DeadlineExceeded.
func (e *NoReplyError) Unwrap() error { return e.Err }

var (
	// ErrCancelled is the cause of the context of a run that [CancelledBy] ended.
	ErrCancelled = errors.New("cancelled")
	// ErrOffline reports an AtMostOnce [Bus.Publish] without a link. Nothing was sent.
	ErrOffline = errors.New("offline")
	// ErrNotServing reports an [Ask] before the service is ready, such as one in a
	// start hook: its answer could not arrive, because nothing is subscribed before
	// all hooks are done. Ask in an OnConnect handler or in a Loop.
	ErrNotServing = errors.New("asked before the service is ready, as in a start hook: nothing is subscribed yet; ask in kit.OnConnect or kit.Loop")
	// ErrNobody reports an [Ask] of what nobody subscribes to, where the broker tells.
	ErrNobody = errors.New("nobody subscribes to it")
	// ErrUndeclared reports an [Ask] of a type that Handlers does not list.
	ErrUndeclared = errors.New("not declared in Handlers")
)

// permanentError is what Permanent returns.
type permanentError struct{ error }

func (p permanentError) Unwrap() error { return p.error }

// Permanent marks err as one that retrying cannot cure.
func Permanent(err error) error { return permanentError{err} }

// fatalError is what Fatal returns.
type fatalError struct{ error }

func (f fatalError) Unwrap() error { return f.error }

// Fatal, from a handler or a [Loop], stops the process with exit code 1. The
// message stays unacknowledged.
func Fatal(err error) error { return fatalError{err} }

// dropError is what Drop returns.
type dropError struct{ reason string }

func (d dropError) Error() string { return "dropped: " + d.reason }

// Drop counts the message as dropped for reason and forgets it. Reasons are few
// constant words, such as "queue_full": they label a counter. Other characters
// than those become underscores, and the reasons of one handler that come after
// 32 of them are counted as "other".
func Drop(reason string) error { return dropError{reason} }

// isFinal reports whether err says that another try cannot help.
func isFinal(err error) bool {
	return containsError[permanentError](err) || containsError[dropError](err) || containsError[fatalError](err)
}

// panicError is a panic of a handler.
type panicError struct {
	value any
	stack []byte
}

func (p panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// containsError reports whether an E is in err.
func containsError[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// recoverPanic turns a panic into an error that carries its stack.
func recoverPanic(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Permanent(panicError{r, debug.Stack()})
		}
	}()
	return f()
}

// errExited is the error of a function that ended its goroutine instead of returning.
var errExited = Permanent(errors.New("the goroutine was ended from inside: runtime.Goexit, as t.FailNow and t.Fatal do"))

// runIsolated is recoverPanic for a function that may also end its goroutine: f runs in a
// goroutine of its own, which runIsolated waits for.
func runIsolated(f func() error) error {
	result := make(chan error, 1)
	go func() {
		err := errExited
		defer func() { result <- err }()
		err = recoverPanic(f)
	}()
	return <-result
}

// errorReply is what an answerer that failed sends to the asker alone.
type errorReply struct {
	ID      string `json:"id" msg:"required"`
	Code    string `json:"code" msg:"required"`
	Message string `json:"message"`
}
