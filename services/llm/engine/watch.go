package engine

import (
	"context"
	"errors"
	"sync"
	"time"
)

var (
	errNoStart  = errors.New("no first word")
	errStalled  = errors.New("stalled")
	errNoAnswer = errors.New("no word in spite of signs of life")
)

// probeTimeout is how long a server that is silent has to answer another question, which
// shows that it works.
const probeTimeout = 2 * time.Second

// watch ends a request of which nothing comes. Any sign of life keeps it for as long as
// Config.Thinking; a word begins that time anew.
type watch struct {
	ctx   context.Context
	stop  context.CancelCauseFunc
	cfg   Config
	probe func(context.Context) error // asks whether the server lives
	tell  func(Progress)              // may be nil

	mu       sync.Mutex
	timer    *time.Timer
	word     time.Time // the last word, or the start
	begun    bool      // there was a word
	answered bool      // there was a sign of life
}

// watch begins to watch a request.
func (o *OpenAI) watch(ctx context.Context, tell func(Progress)) *watch {
	ctx, stop := context.WithCancelCause(ctx)
	w := &watch{ctx: ctx, stop: stop, cfg: o.cfg, tell: tell, word: time.Now()}
	w.probe = func(ctx context.Context) error { _, err := o.client.Models(ctx); return err }
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(o.cfg.FirstToken, w.silent)
	return w
}

// end ends the request and the watch.
func (w *watch) end() {
	w.mu.Lock()
	w.timer.Stop()
	w.mu.Unlock()
	w.stop(nil)
}

// wrote notes a word.
func (w *watch) wrote() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun, w.answered, w.word = true, true, time.Now()
	w.timer.Reset(w.cfg.Idle)
}

// alive notes a sign of life that is no word.
func (w *watch) alive(what Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered = true
	w.extend()
	if w.tell != nil {
		w.tell(what)
	}
}

// extend waits for the next sign of life. The caller holds mu.
func (w *watch) extend() {
	if w.cfg.Thinking <= 0 || w.ctx.Err() != nil {
		return
	}
	gap := w.cfg.FirstToken
	if w.begun {
		gap = w.cfg.Idle
	}
	w.timer.Reset(min(gap, max(time.Until(w.word.Add(w.cfg.Thinking)), 0)))
}

// silent is called when there was no sign of life for too long. A server that has not
// begun to answer may load its model: one that answers another question meanwhile is
// waited for.
func (w *watch) silent() {
	w.mu.Lock()
	answered, late := w.answered, time.Since(w.word) >= w.cfg.Thinking
	w.mu.Unlock()
	if !answered && !late {
		ctx, stop := context.WithTimeout(w.ctx, probeTimeout)
		err := w.probe(ctx)
		stop()
		if err == nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.extend()
			if w.tell != nil && w.ctx.Err() == nil {
				w.tell(Loading)
			}
			return
		}
	}
	w.mu.Lock()
	begun := w.begun
	w.mu.Unlock()
	switch {
	case late && w.cfg.Thinking > 0:
		w.stop(errNoAnswer)
	case begun:
		w.stop(errStalled)
	default:
		w.stop(errNoStart)
	}
}
