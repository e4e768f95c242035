package kit

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/gotars/tars/kit/wire"
)

// tally counts what became of messages, by handler and outcome: "handled",
// "failed", "cancelled", "overflow", the reason of a Drop, or why a message was
// refused. A loss is logged at most once a second for each pair.
type tally struct {
	log *slog.Logger

	mu   sync.Mutex
	n    map[outcome]int64
	last map[outcome]time.Time
}

type outcome struct{ handler, reason string }

func newTally(log *slog.Logger) *tally {
	return &tally{log: log, n: map[outcome]int64{}, last: map[outcome]time.Time{}}
}

// count adds one; with a delivery it is a loss, and is logged.
func (t *tally) count(handler, reason string, lost *Delivery) {
	total, loud := t.add(handler, reason, lost != nil)
	if loud {
		t.log.Warn("message dropped", "handler", handler, "reason", reason, "topic", lost.Topic, "total", total)
	}
}

// refuse counts a message that could not be understood.
func (t *tally) refuse(handler string, d *Delivery, err error) {
	reason := "invalid"
	var w *wire.Error
	if errors.As(err, &w) {
		reason = string(w.Reason)
	}
	total, loud := t.add(handler, reason, true)
	if loud {
		t.log.Warn("message refused", "handler", handler, "topic", d.Topic, "id", d.ID, "source", d.Source, "reason", reason, "err", err, "total", total)
	}
}

func (t *tally) add(handler, reason string, loss bool) (total int64, loud bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := outcome{handler, reason}
	t.n[o]++
	if loss && time.Since(t.last[o]) >= time.Second {
		t.last[o] = time.Now()
		return t.n[o], true
	}
	return t.n[o], false
}

// totals are the counts as log attributes, "recall.handled=3".
func (t *tally) totals() []any {
	t.mu.Lock()
	defer t.mu.Unlock()
	var attrs []any
	for o, n := range t.n {
		attrs = append(attrs, slog.Int64(o.handler+"."+o.reason, n))
	}
	return attrs
}
