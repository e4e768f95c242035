package kit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/kit/internal/backoff"
)

// attempt is one item at work: the fixed chain of dead letter, recover, dedupe,
// deadline, log, retry, Use and handler.
type attempt struct {
	b    *Bus
	l    *lane
	work context.Context
	item
	ctx     runContext
	begin   time.Time
	taken   *taken      // by dedupe
	decided atomic.Bool // by the run, or by its deadline
}

// run runs the item and ends it, also when a function of the service ends the
// goroutine. It reports false when the run took so long that another worker
// stands in the place of this one.
func (w *worker) run(it item) bool {
	a := &attempt{b: w.b, l: w.lane, work: w.work, item: it, ctx: runContext{Context: w.work}, begin: time.Now()}
	back := false
	defer func() {
		if !back {
			a.exited()
		}
	}()
	stays := w.process(a)
	back = true
	return stays
}

// process is run, for a goroutine that goes on.
func (w *worker) process(a *attempt) bool {
	it := a.item
	it.h.meter.Waited.Add(a.begin.Sub(it.at))
	if it.d != nil && !a.decodeAndDedupe() {
		w.releaseKey(it.key)
		return true
	}
	if it.d != nil {
		a.ctx.meta = it.d.Meta
		if c := it.h.opt.cancel; c != nil {
			key, err := keyOf(c.of, it.d.Value)
			if err != nil {
				w.finish(it, a.finishAttempt(&a.ctx, err))
				return true
			}
			defer a.cancellable(key)()
		}
	}
	if t := it.h.opt.timeout; t > 0 {
		a.ctx.deadline = a.begin.Add(t)
	}
	w.begin(a)
	defer w.finished(a)
	ctx, ended := w.b.observeRun(&a.ctx, it)
	back := false
	defer func() {
		if !back {
			ended(errExited)
			a.exited()
		}
	}()
	err := a.try(ctx)
	back = true
	ended(err)
	if !a.decided.CompareAndSwap(false, true) {
		w.b.log.WarnContext(ctx, "handler came back after it was given up", "handler", it.h.name, "took", time.Since(a.begin), "err", err)
		return false
	}
	w.finish(it, a.finishAttempt(ctx, err))
	return true
}

// cancellable lets a CancelledBy end the run, until the function it returns is
// called.
func (a *attempt) cancellable(key string) (over func()) {
	a.ctx.Context, a.ctx.cancel = context.WithCancelCause(a.work)
	return a.l.cancels.Enter(key, a.seq, a.at, func() { a.ctx.end(ErrCancelled) })
}

// decodeAndDedupe decodes the message, and reports whether it is to be handled. What is
// not is acknowledged here.
func (a *attempt) decodeAndDedupe() bool {
	if a.d.Value == nil && !a.b.readable(a.item) {
		a.settle(true)
		return false
	}
	if a.h.seen == nil {
		return true
	}
	key, it := dedupeKey(a.d), a.item
	if key == "" {
		return true
	}
	a.taken = a.h.seen.take(key, func() { it.settle(true) })
	if a.taken == nil {
		a.h.meter.Duplicates.Add(1)
	}
	return a.taken != nil
}

// giveUp ends a run that ignores its deadline. Its goroutine cannot be ended;
// another worker takes its place.
func (a *attempt) giveUp() {
	if !a.decided.CompareAndSwap(false, true) {
		return
	}
	err := &Error{Code: CodeTimeout, Message: fmt.Sprintf("%s did not end within %s", a.h.name, a.h.opt.timeout)}
	a.l.finish(a.item, a.finishAttempt(&a.ctx, err))
	a.l.startWorker(a.work)
}

// try runs the handler until it succeeds, as often as Retry says.
func (a *attempt) try(ctx context.Context) error {
	for n := 0; ; n++ {
		err := recoverPanic(func() error {
			if a.call != nil {
				return a.call(ctx)
			}
			return a.h.run(ctx, a.d)
		})
		if err == nil || n >= a.h.opt.retries || isFinal(err) || ctx.Err() != nil {
			return err
		}
		a.h.meter.Retried.Add(1)
		a.b.log.DebugContext(ctx, "trying again", "handler", a.h.name, "attempt", n+1, "err", err)
		select {
		case <-time.After(backoff.Wait(a.h.opt.pause, time.Hour, n)):
		case <-ctx.Done():
			return err
		}
		if a.d != nil {
			a.d.Attempt++
			m := From(ctx)
			m.Attempt = a.d.Attempt
			ctx = context.WithValue(ctx, metaKey{}, &m)
		}
	}
}

// finishAttempt counts how a run ended, tells the asker, makes a dead letter of what failed, and
// reports whether the message is done: not when the process gave up on it.
func (a *attempt) finishAttempt(ctx context.Context, err error) (done bool) {
	took := time.Since(a.begin)
	a.h.meter.Took.Add(took)
	if err == nil {
		a.h.meter.Handled.Add(1)
		a.h.seen.settle(a.taken, true)
		return true
	}
	if d, ok := errors.AsType[dropped](err); ok {
		a.h.meter.Drop(d.reason)
		a.h.seen.settle(a.taken, true)
		return true
	}
	if f, ok := errors.AsType[fatal](err); ok {
		a.b.life.fail(fmt.Errorf("%s: %w", a.h.name, f.error))
		return false
	}
	told := a.h.fail != nil && a.d != nil && a.d.Value != nil
	if told && (a.work.Err() == nil || a.early) { // else the next process answers
		if lost := runIsolated(func() error { return a.h.fail(ctx, a.d, err) }); lost != nil {
			err, told = errors.Join(err, lost), false
		}
	}
	switch {
	case context.Cause(ctx) == ErrCancelled:
		a.h.meter.Handled.Add(1)
		a.h.seen.settle(a.taken, true)
		return true
	case a.work.Err() != nil:
		a.log(ctx, slog.LevelWarn, "unfinished when the drain ended", took, err)
		return false
	}
	a.h.meter.Fail(a.b.errorText(err.Error()))
	a.log(ctx, slog.LevelError, "handler failed", took, err)
	if done = told && !containsError[panicError](err) || a.deadLettered(err); done {
		a.h.seen.settle(a.taken, false)
	}
	return done
}

// log writes how a run failed; what has a name is no alarm.
func (a *attempt) log(ctx context.Context, level slog.Level, text string, took time.Duration, err error) {
	if containsError[*Error](err) && level > slog.LevelWarn {
		level, text = slog.LevelWarn, "handler refused"
	}
	a.b.log.Log(ctx, level, text, "handler", a.h.name, "took", took, "err", err)
}

// readable decodes the item. What cannot be decoded is counted and forgotten.
func (b *Bus) readable(it item) bool {
	if err := it.h.decode(it.d); err != nil {
		b.refuse(it.h, it.d, err)
		return false
	}
	return true
}

// sortKey decodes the item for OrderedBy.
func (b *Bus) sortKey(it item) (string, bool) {
	if !b.readable(it) {
		return "", false
	}
	key, err := keyOf(it.h.opt.by, it.d.Value)
	if err != nil {
		b.refuse(it.h, it.d, err)
	}
	return key, err == nil
}

// keyOf is the key of v, with a panic as an error.
func keyOf(of func(any) string, v any) (key string, err error) {
	err = recoverPanic(func() error { key = of(v); return nil })
	return key, err
}
