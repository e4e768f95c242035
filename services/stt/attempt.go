package stt

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/services/stt/turnend"
)

// attempt is a recognition of an utterance that may go on. Whoever claims it
// first does the work.
type attempt struct {
	utterance
	whole  bool
	isEcho bool // so far it is the assistant's own voice: it is not read

	lastVoice time.Duration // of the source's audio, before the silence in which it was made

	done   chan struct{} // closed when result, err and took are set
	result engine.Result
	err    error
	took   time.Duration

	finished atomic.Pointer[float64] // probability that the speaker has, by the sound; nil: unknown
	judging  atomic.Bool             // it was asked for

	mu      sync.Mutex
	claimed bool
	over    bool      // somebody spoke on, or the utterance is complete
	since   time.Time // it has begun
	cancel  context.CancelFunc
	isWaste bool                          // it was dropped
	dropped func(took, cpu time.Duration) // is told then for how long the engine worked, if a is whole; nil: nobody is
}

// claim reports whether the caller is the first; nobody begins it any more.
func (a *attempt) claim() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := !a.claimed
	a.claimed = true
	return first
}

// begin claims a and returns a context that ends when a is dropped.
func (a *attempt) begin(ctx context.Context) (context.Context, bool) {
	if !a.claim() {
		return ctx, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since = time.Now()
	ctx, a.cancel = context.WithCancel(ctx)
	if a.isWaste { // it was dropped since the claim
		a.cancel()
	}
	return ctx, true
}

func (a *attempt) finish(r engine.Result, err error) {
	a.result, a.err, a.took = r, err, time.Since(a.since)
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.done)
	if a.isWaste {
		a.countWaste()
	}
}

// isDone tells whether the work was done.
func (a *attempt) isDone() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// isRunning tells whether the work has begun and goes on.
func (a *attempt) isRunning() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.since.IsZero() && !a.isDone()
}

// readingAt is how far the reading is when its utterance is complete; a may be nil.
func (a *attempt) readingAt() string {
	switch {
	case a != nil && a.isDone():
		return contract.ReadingReady
	case a != nil && a.isRunning():
		return contract.ReadingRunning
	}
	return contract.ReadingAfter
}

// probablyOver is the probability that the speaker has finished from which on it pays to
// have the answer begun: as often as not it is wanted.
const probablyOver = 0.5

// likelihood is the probability that the speaker has finished, where a is all that was said
// and the pause that it was begun at goes on. Text is what was read.
func (a *attempt) likelihood(text, lang string) (over float64, ok bool) {
	p := turnend.Pause{Text: text, Lang: lang, TextKnown: true}
	if finished := a.finished.Load(); finished != nil {
		p.Finished, p.FinishedKnown = *finished, true
	}
	return p.Likelihood(), a.whole && !a.isOver()
}

// end notes that the pause that a was begun at is over: how it sounded decides nothing
// any more.
func (a *attempt) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
}

// isOver tells whether the pause that a was begun at is over.
func (a *attempt) isOver() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.over
}

// drop ends the work on a, if it has begun, and keeps it from beginning.
func (a *attempt) drop() {
	a.claim()
	a.end()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.isWaste {
		return
	}
	a.isWaste = true
	if a.cancel != nil {
		a.cancel()
	}
	if a.isDone() && a.err == nil {
		a.countWaste()
	}
}

// countWaste tells how long the engine worked on a. The caller holds the lock.
func (a *attempt) countWaste() {
	if a.whole && a.dropped != nil {
		a.dropped(a.took, a.result.CPU)
	}
}
