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
	b       *Bus
	l       *lane
	workCtx context.Context
	item
	ctx     runContext
	begin   time.Time
	claimed *dedupeEntry // what dedupe remembers of the message while it is at work; nil without dedupe
	decided atomic.Bool  // who settles the item is decided: the run that came back, or its deadline
}

// run runs the item and ends it, also when a function of the service ends the
// goroutine. It reports false when the run took so long that another worker
// stands in the place of this one.
func (w *worker) run(it item) bool {
	a := &attempt{b: w.b, l: w.lane, workCtx: w.workCtx, item: it, ctx: runContext{Context: w.workCtx}, begin: time.Now()}
	back := false
	defer func() {
		if !back {
			a.goroutineExited()
		}
	}()
	stays := w.process(a)
	back = true
	return stays
}

// process does the work of run. It does not return when a function of the service ends
// the goroutine, which run sees to.
func (w *worker) process(a *attempt) bool {
	it := a.item
	it.h.meter.Waited.Add(a.begin.Sub(it.at))
	if it.d != nil && !a.decodeAndDedupe() {
		w.releaseKey(it.key)
		return true
	}
	if it.d != nil {
		a.ctx.meta = it.d.Meta
		if c := it.h.opt.cancelledBy; c != nil {
			key, err := callKeyFunc(c.requestKey, it.d.Value)
			if err != nil {
				w.finishItem(it, a.finishAttempt(&a.ctx, err))
				return true
			}
			defer a.cancellable(key)()
		}
	}
	if t := it.h.opt.timeout; t > 0 {
		a.ctx.deadline = a.begin.Add(t)
	}
	w.startRun(a)
	defer w.endRun(a)
	ctx, ended := w.b.observeRun(&a.ctx, it)
	back := false
	defer func() {
		if !back {
			ended(errExited)
			a.goroutineExited()
		}
	}()
	err := a.try(ctx)
	back = true
	ended(err)
	if !a.decided.CompareAndSwap(false, true) {
		w.b.log.WarnContext(ctx, "handler came back after it was given up", "handler", it.h.name, "took", time.Since(a.begin), "err", err)
		return false
	}
	w.finishItem(it, a.finishAttempt(ctx, err))
	return true
}

// cancellable lets a CancelledBy end the run, until the function it returns is
// called.
func (a *attempt) cancellable(key string) (over func()) {
	a.ctx.Context, a.ctx.cancel = context.WithCancelCause(a.workCtx)
	return a.l.cancelKeys.Enter(key, a.seq, a.at, func() { a.ctx.end(ErrCancelled) })
}

// decodeAndDedupe decodes the message, and reports whether it is to be handled. What is
// not is acknowledged here.
func (a *attempt) decodeAndDedupe() bool {
	if a.d.Value == nil && !a.b.decodeOrRefuse(a.item) {
		a.settle(true)
		return false
	}
	if a.h.dedupe == nil {
		return true
	}
	key, it := dedupeKey(a.d), a.item
	if key == "" {
		return true
	}
	a.claimed = a.h.dedupe.claim(key, func() { it.settle(true) })
	if a.claimed == nil {
		a.h.meter.Duplicates.Add(1)
	}
	return a.claimed != nil
}

// giveUp ends a run that ignores its deadline. Its goroutine cannot be ended;
// another worker takes its place.
func (a *attempt) giveUp() {
	if !a.decided.CompareAndSwap(false, true) {
		return
	}
	err := &Error{Code: CodeTimeout, Message: fmt.Sprintf("%s did not end within %s", a.h.name, a.h.opt.timeout)}
	a.l.finishItem(a.item, a.finishAttempt(&a.ctx, err))
	a.l.startWorker(a.workCtx)
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
		case <-time.After(backoff.Wait(a.h.opt.firstPause, time.Hour, n)):
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

// finishAttempt counts how a run ended, tells the asker and makes a dead letter of what
// failed. It reports whether the message may be acknowledged: not when the run failed for
// the whole process, or was cut short by its end.
func (a *attempt) finishAttempt(ctx context.Context, err error) (done bool) {
	took := time.Since(a.begin)
	a.h.meter.Took.Add(took)
	if err == nil {
		a.h.meter.Handled.Add(1)
		a.h.dedupe.finishClaim(a.claimed, true)
		return true
	}
	if d, ok := errors.AsType[dropError](err); ok {
		a.h.meter.Drop(d.reason)
		a.h.dedupe.finishClaim(a.claimed, true)
		return true
	}
	if f, ok := errors.AsType[fatalError](err); ok {
		a.b.life.fail(fmt.Errorf("%s: %w", a.h.name, f.error))
		return false
	}
	told := a.h.replyFailure != nil && a.d != nil && a.d.Value != nil
	if told && (a.workCtx.Err() == nil || a.ackedEarly) { // else the next process answers
		if lost := runIsolated(func() error { return a.h.replyFailure(ctx, a.d, err) }); lost != nil {
			err, told = errors.Join(err, lost), false
		}
	}
	switch {
	case context.Cause(ctx) == ErrCancelled:
		a.h.meter.Handled.Add(1)
		a.h.dedupe.finishClaim(a.claimed, true)
		return true
	case a.workCtx.Err() != nil:
		a.log(ctx, slog.LevelWarn, "unfinished when the drain ended", took, err)
		return false
	}
	a.h.meter.Fail(a.b.errorText(err.Error()))
	a.log(ctx, slog.LevelError, "handler failed", took, err)
	if done = told && !containsError[panicError](err) || a.deadLettered(err); done {
		a.h.dedupe.finishClaim(a.claimed, false)
	}
	return done
}

// log writes how a run failed. An expected failure, an *Error, is a warning at most.
func (a *attempt) log(ctx context.Context, level slog.Level, text string, took time.Duration, err error) {
	if containsError[*Error](err) && level > slog.LevelWarn {
		level, text = slog.LevelWarn, "handler refused"
	}
	a.b.log.Log(ctx, level, text, "handler", a.h.name, "took", took, "err", err)
}

// decodeOrRefuse decodes the message of the item. It reports false when that cannot be
// done: the message is counted as refused, and should be acknowledged and forgotten.
func (b *Bus) decodeOrRefuse(it item) bool {
	if err := it.h.decode(it.d); err != nil {
		b.countRefused(it.h, it.d, err)
		return false
	}
	return true
}

// decodeOrderKey decodes the message of the item, and returns its key for OrderedBy; false
// when it was refused.
func (b *Bus) decodeOrderKey(it item) (string, bool) {
	if !b.decodeOrRefuse(it) {
		return "", false
	}
	key, err := callKeyFunc(it.h.opt.orderKey, it.d.Value)
	if err != nil {
		b.countRefused(it.h, it.d, err)
	}
	return key, err == nil
}

// callKeyFunc returns the key of v by a function of the service, whose panic is an error.
func callKeyFunc(of func(any) string, v any) (key string, err error) {
	err = recoverPanic(func() error { key = of(v); return nil })
	return key, err
}
