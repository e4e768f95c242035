package kit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// run is the fixed chain around a handler: decode, metadata, cancel, deadline,
// recover, Use, handler, log. It reports whether the message may be
// acknowledged: not when the process gave up on it.
func (b *Bus) run(work context.Context, l *lane, it item) bool {
	ctx, cancel := context.WithCancelCause(work)
	defer cancel(nil)
	serve := it.call
	if it.d != nil {
		if it.d.Value == nil && !b.readable(it) {
			return true
		}
		ctx = context.WithValue(ctx, metaKey{}, it.d.Meta)
		serve = func(ctx context.Context) error { return it.h.serve(ctx, it.d) }
		if c := it.h.opt.cancel; c != nil {
			key, err := keyOf(c.of, it.d.Value)
			if err != nil {
				return b.judge(ctx, work, it, err, 0)
			}
			defer l.cancels.enter(it, key, cancel)()
		}
	}
	if t := it.h.opt.timeout; t > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, t)
		defer stop()
	}
	begin := time.Now()
	err := guard(func() error { return serve(ctx) })
	return b.judge(ctx, work, it, err, time.Since(begin))
}

// judge logs and counts how a run ended, and reports whether its message is done.
func (b *Bus) judge(ctx, work context.Context, it item, err error, took time.Duration) bool {
	var d dropped
	var f fatal
	var e *Error
	log := func(level slog.Level, text string) {
		b.log.Log(ctx, level, text, "handler", it.h.name, "took", took, "err", err)
	}
	switch {
	case err == nil:
		b.tally.count(it.h.name, "handled", nil)
		return true
	case errors.As(err, &d):
		b.tally.count(it.h.name, d.reason, nil)
		return true
	case errors.As(err, &f):
		b.fail(fmt.Errorf("%s: %w", it.h.name, f.error))
		return false
	case work.Err() != nil:
		log(slog.LevelWarn, "unfinished when the drain ended")
		return false
	case context.Cause(ctx) == ErrCancelled:
		b.tally.count(it.h.name, "cancelled", nil)
		return true
	case errors.As(err, &e):
		log(slog.LevelWarn, "handler refused")
	default:
		log(slog.LevelError, "handler failed")
	}
	b.tally.count(it.h.name, "failed", nil)
	return true
}

// readable decodes the item. What cannot be decoded is counted and forgotten.
func (b *Bus) readable(it item) bool {
	if err := it.h.decode(it.d); err != nil {
		b.tally.refuse(it.h.name, it.d, err)
		return false
	}
	return true
}

// sortKey decodes the item for By.
func (b *Bus) sortKey(it item) (string, bool) {
	if !b.readable(it) {
		return "", false
	}
	key, err := keyOf(it.h.opt.by, it.d.Value)
	if err != nil {
		b.tally.refuse(it.h.name, it.d, err)
	}
	return key, err == nil
}

// keyOf is the key of v, with a panic as an error.
func keyOf(of func(any) string, v any) (key string, err error) {
	err = guard(func() error { key = of(v); return nil })
	return key, err
}

// guard turns a panic into an error that carries its stack.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Permanent(fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	return f()
}

// cancelFor is how long a cancel waits for the request it overtook.
const cancelFor = 10 * time.Second

// mostMarks bounds the cancels that are remembered.
const mostMarks = 1024

// cancels remembers which keys were cancelled and which are running. Marks are
// bounded by time: one lives as long as something older than it may still wait.
type cancels struct {
	mu      sync.Mutex
	running map[*running]struct{}
	marks   map[string]mark
}

type running struct {
	key    string
	cancel context.CancelCauseFunc
}

// mark ends what was offered up to seq, and what arrives soon after at.
type mark struct {
	seq uint64
	at  time.Time
}

// cancel ends what has key: running, queued, or arriving soon.
func (l *lane) cancel(key string) {
	if key == "" {
		return
	}
	l.mu.Lock()
	seq, idle := l.seq, len(l.queue) == 0 && len(l.keys) == 0
	l.mu.Unlock()
	c := &l.cancels
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, m := range c.marks {
		if (idle || len(c.marks) >= mostMarks) && time.Since(m.at) > cancelFor {
			delete(c.marks, k)
		}
	}
	if len(c.marks) >= mostMarks {
		clear(c.marks) // a flood of cancels, not a conversation
	}
	if c.marks == nil {
		c.marks = map[string]mark{}
	}
	c.marks[key] = mark{seq, time.Now()}
	for r := range c.running {
		if r.key == key || key == "*" {
			r.cancel(ErrCancelled)
		}
	}
}

// enter registers a run, and cancels it at once when its key is marked. The
// function it returns ends the registration.
func (c *cancels) enter(it item, key string, cancel context.CancelCauseFunc) func() {
	r := &running{key, cancel}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		c.running = map[*running]struct{}{}
	}
	c.running[r] = struct{}{}
	if m, ok := c.marks[key]; ok && (it.seq <= m.seq || it.at.Sub(m.at) < cancelFor) {
		cancel(ErrCancelled)
	}
	if m, ok := c.marks["*"]; ok && it.seq <= m.seq {
		cancel(ErrCancelled)
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.running, r)
	}
}
