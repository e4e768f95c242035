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
	cancel          context.CancelCauseFunc // of that one; else nil. It has the cause: package context asks no other
	meta            Meta
	deadline        time.Time // zero: none

	mu    sync.Mutex
	err   error
	done  chan struct{} // nil until somebody waits
	after []*func()
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
	r.after = append(r.after, &f)
	return func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		i := slices.Index(r.after, &f)
		if i >= 0 {
			r.after = slices.Delete(r.after, i, i+1)
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
	for _, f := range r.after {
		go (*f)()
	}
	r.after = nil
}

// stuckAfter is how long past its deadline a run may go on before its worker is
// replaced.
const stuckAfter = time.Second

// worker runs items of a lane, one after the other. Its timer is left alone
// while runs end in time: it looks what is at work when it fires.
type worker struct {
	*lane
	work  context.Context
	timer *time.Timer

	mu  sync.Mutex
	due time.Time // of the timer; zero: it rests
	now *attempt  // at work
}

// workerLoop runs what comes, until there will be nothing more, or a run outlived
// its deadline and another worker took its place.
func (l *lane) workerLoop(work context.Context) {
	w := &worker{lane: l, work: work}
	w.timer = time.AfterFunc(time.Hour, w.onTimer)
	w.timer.Stop()
	defer w.timer.Stop()
	defer context.AfterFunc(work, w.halt)()
	for it, ok := l.take(); ok && w.run(it); it, ok = l.take() {
	}
}

// begin lets the context of a end in time.
func (w *worker) begin(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = a
	if d := a.ctx.deadline; !d.IsZero() && (w.due.IsZero() || d.Before(w.due)) {
		w.arm(d)
	}
	if w.work.Err() != nil { // halt came before
		a.ctx.end(context.Canceled)
	}
}

func (w *worker) arm(at time.Time) {
	w.due = at
	w.timer.Reset(time.Until(at))
}

// finished ends the context of a run that came back.
func (w *worker) finished(a *attempt) {
	w.mu.Lock()
	w.now = nil
	w.mu.Unlock()
	a.ctx.end(context.Canceled)
}

// onTimer ends what is at work at its deadline, and gives it up later.
func (w *worker) onTimer() {
	w.mu.Lock()
	a, now := w.now, time.Now()
	w.due = time.Time{}
	late := false
	if a != nil && !a.ctx.deadline.IsZero() {
		switch last := a.ctx.deadline.Add(stuckAfter); {
		case now.Before(a.ctx.deadline):
			w.arm(a.ctx.deadline)
		case now.Before(last):
			a.ctx.end(context.DeadlineExceeded)
			w.arm(last)
		default:
			late = true
		}
	}
	w.mu.Unlock()
	if late {
		a.giveUp()
	}
}

// halt ends what is at work: the drain is over.
func (w *worker) halt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now != nil {
		w.now.ctx.end(context.Canceled)
	}
}

// exited ends a run that ended its goroutine, and with it the worker: another
// takes its place.
func (a *attempt) exited() {
	if a.decided.CompareAndSwap(false, true) {
		a.l.finish(a.item, a.finishAttempt(&a.ctx, errExited))
		a.l.startWorker(a.work)
	}
}
