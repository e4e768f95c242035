package kit

import (
	"context"
	"slices"
	"sync"
	"time"
)

// runContext is the context of one run. It carries the message, and ends with the
// drain, at the deadline or by a cancel. A channel and a timer of its own would
// cost more than most handlers do: the channel is made for the first who waits,
// and the timer is the worker's.
type runContext struct {
	context.Context                         // the parent: the lane's work, made cancelable only for handlers with a CancelledBy
	cancel          context.CancelCauseFunc // ends the parent with a cause, which context.Cause finds there; nil without CancelledBy
	meta            Meta
	deadline        time.Time // zero: none

	mu         sync.Mutex
	err        error
	done       chan struct{} // nil until somebody waits
	afterFuncs []*func()
}

// Deadline implements context.Context.
func (r *runContext) Deadline() (time.Time, bool) { return r.deadline, !r.deadline.IsZero() }

// Done implements context.Context.
func (r *runContext) Done() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done == nil {
		r.done = make(chan struct{})
		if r.err != nil {
			close(r.done)
		}
	}
	return r.done
}

// Err implements context.Context.
func (r *runContext) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Value implements context.Context.
func (r *runContext) Value(key any) any {
	if key == (metaKey{}) {
		return &r.meta
	}
	return r.Context.Value(key)
}

// AfterFunc calls f in a goroutine of its own when the context ends. Package
// context uses it for the contexts made of this one.
func (r *runContext) AfterFunc(f func()) (stop func() bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		go f()
		return func() bool { return false }
	}
	r.afterFuncs = append(r.afterFuncs, &f)
	return func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		i := slices.Index(r.afterFuncs, &f)
		if i >= 0 {
			r.afterFuncs = slices.Delete(r.afterFuncs, i, i+1)
		}
		return i >= 0
	}
}

// end ends the context; only the first time has an effect.
func (r *runContext) end(cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	r.err = context.Canceled
	if cause == context.DeadlineExceeded {
		r.err = cause
	}
	if r.cancel != nil {
		r.cancel(cause)
	}
	if r.done != nil {
		close(r.done)
	}
	for _, f := range r.afterFuncs {
		go (*f)()
	}
	r.afterFuncs = nil
}

// stuckAfter is how long past its deadline a run may go on before its worker is
// replaced.
const stuckAfter = time.Second

// worker runs items of a lane, one after the other. Its timer is left alone
// while runs end in time: it looks what is at work when it fires.
type worker struct {
	*lane
	workCtx context.Context
	timer   *time.Timer

	mu      sync.Mutex
	due     time.Time // when the timer fires; zero when it is not set
	current *attempt  // the run at work; nil between two
}

// workerLoop runs what comes, until there will be nothing more, or a run outlived
// its deadline and another worker took its place.
func (l *lane) workerLoop(work context.Context) {
	w := &worker{lane: l, workCtx: work}
	w.timer = time.AfterFunc(time.Hour, w.onTimer)
	w.timer.Stop()
	defer w.timer.Stop()
	defer context.AfterFunc(work, w.cancelRun)()
	for it, ok := l.take(); ok && w.run(it); it, ok = l.take() {
	}
}

// startRun notes that a runs, and sets the timer that ends its context at its deadline.
func (w *worker) startRun(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.current = a
	if d := a.ctx.deadline; !d.IsZero() && (w.due.IsZero() || d.Before(w.due)) {
		w.armTimer(d)
	}
	if w.workCtx.Err() != nil { // cancelRun came before
		a.ctx.end(context.Canceled)
	}
}

// armTimer lets the timer fire at a time.
func (w *worker) armTimer(at time.Time) {
	w.due = at
	w.timer.Reset(time.Until(at))
}

// endRun ends the context of a run that came back.
func (w *worker) endRun(a *attempt) {
	w.mu.Lock()
	w.current = nil
	w.mu.Unlock()
	a.ctx.end(context.Canceled)
}

// onTimer ends the context of the run at work at its deadline, and gives the run up when
// it goes on for stuckAfter.
func (w *worker) onTimer() {
	w.mu.Lock()
	a, now := w.current, time.Now()
	w.due = time.Time{}
	late := false
	if a != nil && !a.ctx.deadline.IsZero() {
		switch last := a.ctx.deadline.Add(stuckAfter); {
		case now.Before(a.ctx.deadline):
			w.armTimer(a.ctx.deadline)
		case now.Before(last):
			a.ctx.end(context.DeadlineExceeded)
			w.armTimer(last)
		default:
			late = true
		}
	}
	w.mu.Unlock()
	if late {
		a.giveUp()
	}
}

// cancelRun ends the context of the run at work, because the drain is over.
func (w *worker) cancelRun() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current != nil {
		w.current.ctx.end(context.Canceled)
	}
}

// goroutineExited settles a run in which a function of the service ended the goroutine
// (runtime.Goexit), and with it the worker: another worker takes its place.
func (a *attempt) goroutineExited() {
	if a.decided.CompareAndSwap(false, true) {
		a.l.finishItem(a.item, a.finishAttempt(&a.ctx, errExited))
		a.l.startWorker(a.workCtx)
	}
}
