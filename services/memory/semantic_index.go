package memory

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/kit"
)

const (
	maxBatch     = 32                    // texts that are embedded at once
	batchTime    = 60 * time.Millisecond // a batch should take no longer: a question may have to wait for it
	settleTime   = time.Second           // after a line was kept: an answer comes in sentences
	yieldEvery   = 5 * time.Millisecond  // while a question is embedded, nothing else is
	talkingFor   = 2 * time.Second       // after a question: more may come, and lines take half of the time
	maxEmbedTime = time.Minute           // for a batch: the server may have to load its model
)

// SemanticIndex gives every line vectors, beside the work of the memory, and finds
// lines by theirs. Without an embedder it finds nothing.
//
// The vectors of two models cannot be compared. When the settings name another model than
// the one that made the vectors, the old ones serve as long as the server still has their
// model, until every line has a vector of the other one.
type SemanticIndex struct {
	cfg   Config
	home  kit.Home
	store *Store
	log   *slog.Logger

	serving atomic.Pointer[vectorSpace] // nil: no embedder
	next    *vectorSpace                // only in run; takes over when it is complete
	pass    *pass                       // only in run; nil: every line has its vectors, but those that changed since
	batch   int                         // only in run; texts of the next request

	inUse atomic.Pointer[failover.InUse] // who makes the vectors; nil: nobody
	told  func(context.Context)          // another one does; nil: nobody wants to know

	guard     *failover.Guard // of questions; what is done beside them does not count
	asking    atomic.Int32    // questions that are being embedded
	lastAsked atomic.Int64    // Unix nanoseconds
}

// vectorSpace is the vectors of one model, and who makes them.
type vectorSpace struct {
	embedder atomic.Pointer[OpenAI] // where it answers may change, its model does not
	model    string
	index    vectors
}

func newVectorSpace(e *OpenAI) *vectorSpace {
	s := &vectorSpace{model: e.model}
	s.embedder.Store(e)
	return s
}

// pass is the way through all lines to find those without vectors, from the newest to the
// oldest.
type pass struct{ before int64 }

// meaning is what a text means, among the vectors of the same model.
type meaning struct {
	vector []float32
	index  *vectors
	crowds map[int64]float32 // of the lines that are close to it
}

// NewSemanticIndex returns the index of the lines of store.
func NewSemanticIndex(cfg Config, home kit.Home, store *Store, log *slog.Logger) *SemanticIndex {
	return &SemanticIndex{cfg: cfg, home: home, store: store, log: log, guard: failover.New(), batch: 8}
}

// meaningOf returns what a question means. It takes little longer than
// MEMORY_EMBED_TIMEOUT, and returns nil when there is no embedder or it does not answer.
func (m *SemanticIndex) meaningOf(ctx context.Context, text string) *meaning {
	space := m.serving.Load()
	if space == nil {
		return nil
	}
	m.asking.Add(1)
	defer m.asking.Add(-1)
	m.lastAsked.Store(time.Now().UnixNano())
	var x [][]float32
	err := m.guard.Do(ctx, func(ctx context.Context) (err error) {
		ctx, cancel := context.WithTimeoutCause(ctx, m.cfg.EmbedTimeout, errors.New("no answer within MEMORY_EMBED_TIMEOUT"))
		defer cancel()
		x, err = space.embedder.Load().Embed(ctx, []string{text})
		var refused *RefusedError
		if errors.As(err, &refused) && !refused.MaybeServerFault {
			err = failover.RequestFault(err)
		}
		return err
	})
	if err != nil {
		m.log.DebugContext(ctx, "recalling by words alone", "err", err)
		return nil
	}
	return &meaning{vector: x[0], index: &space.index}
}

// run gives vectors to the lines that have none, as long as ctx runs. It looks
// for an embedder while there is none, and after one failed.
func (m *SemanticIndex) run(ctx context.Context) error {
	ready := false
	for ctx.Err() == nil {
		if ready = ready || m.connect(ctx); !ready {
			m.wait(ctx, failover.LookEvery)
			continue
		}
		if err := m.embedMissing(ctx); err != nil && ctx.Err() == nil {
			ready, m.pass = false, &pass{before: newest}
			m.log.Warn("lines wait for their meaning", "err", err)
			m.wait(ctx, failover.LookEvery)
			continue
		}
		m.wait(ctx, 0)
	}
	return nil
}

// wait waits for d, or with 0 until a line was kept and settled.
func (m *SemanticIndex) wait(ctx context.Context, d time.Duration) {
	if d == 0 {
		select {
		case <-m.store.added:
			d = settleTime
		case <-ctx.Done():
			return
		}
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// embedMissing embeds all lines that have no vector of the models in use, the newest first.
func (m *SemanticIndex) embedMissing(ctx context.Context) error {
	changed, all := m.store.takeChanged()
	if all && m.pass == nil {
		m.pass = &pass{before: newest}
	}
	if err := m.embedChanged(ctx, changed); err != nil {
		return err
	}
	for m.pass != nil {
		more, err := m.continuePass(ctx)
		if err != nil {
			return err
		}
		if !more {
			m.pass = nil
			return m.takeOver(ctx)
		}
		if changed, _ := m.store.takeChanged(); len(changed) > 0 { // what is said meanwhile comes first
			if err := m.embedChanged(ctx, changed); err != nil {
				return err
			}
		}
	}
	return nil
}

// spaces are the vector spaces that every line should be in.
func (m *SemanticIndex) spaces() []*vectorSpace {
	if m.next != nil {
		return []*vectorSpace{m.serving.Load(), m.next}
	}
	return []*vectorSpace{m.serving.Load()}
}

// embedChanged embeds lines that were added or changed.
func (m *SemanticIndex) embedChanged(ctx context.Context, ids []int64) error {
	for len(ids) > 0 {
		n := min(len(ids), m.batch)
		found, err := m.store.Lines(ctx, ids[:n])
		if err != nil {
			return err
		}
		for _, s := range m.spaces() {
			missing, err := m.store.WithoutVectors(ctx, s.model, found) // a pass may have found one of them
			if err != nil {
				return err
			}
			if err := m.embedTimed(ctx, s, missing); err != nil {
				return err
			}
		}
		ids = ids[n:]
	}
	return nil
}

// continuePass embeds the next lines of a pass, and reports whether there may be more.
func (m *SemanticIndex) continuePass(ctx context.Context) (more bool, err error) {
	space := m.spaces()[len(m.spaces())-1] // the one that serves is complete when there is another
	found, err := m.store.Unembedded(ctx, space.model, m.pass.before, m.batch)
	if err != nil || len(found) == 0 {
		return false, err
	}
	m.pass.before = found[len(found)-1].ID
	return true, m.embedTimed(ctx, space, found)
}

// takeOver puts the next vector space in the place of the one that serves, now that every
// line is in it.
func (m *SemanticIndex) takeOver(ctx context.Context) error {
	if m.next != nil {
		if err := m.load(ctx, m.next); err != nil {
			return err
		}
		m.serving.Store(m.next)
		m.log.InfoContext(ctx, "recalls by another model", "model", m.next.model)
		m.next = nil
	}
	return m.store.DropVectors(ctx, m.serving.Load().model)
}

// embedTimed embeds a batch when nobody asks, and learns how large a batch may be.
func (m *SemanticIndex) embedTimed(ctx context.Context, space *vectorSpace, lines []Line) error {
	m.yield(ctx)
	if len(lines) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	begun := time.Now()
	if err := m.embed(ctx, space, lines); err != nil {
		return err
	}
	took := time.Since(begun)
	switch {
	case took > 2*batchTime:
		m.batch = max(1, m.batch/2)
	case took < batchTime/2:
		m.batch = min(maxBatch, 2*m.batch)
	}
	if time.Since(time.Unix(0, m.lastAsked.Load())) < talkingFor {
		m.wait(ctx, took)
	}
	return nil
}

// yield waits while a question is being embedded.
func (m *SemanticIndex) yield(ctx context.Context) {
	for m.asking.Load() > 0 && ctx.Err() == nil {
		m.wait(ctx, yieldEvery)
	}
}

// embed gives vectors to lines. One that the embedder refuses gets none, and that is kept,
// so that it is not tried again.
func (m *SemanticIndex) embed(ctx context.Context, space *vectorSpace, lines []Line) error {
	e := space.embedder.Load()
	var texts []string
	for _, l := range lines {
		texts = append(texts, passages(l.Text)...)
	}
	xs, err := e.within(ctx, texts...)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused) && len(lines) > 1:
		for _, l := range lines {
			if err := m.embed(ctx, space, []Line{l}); err != nil {
				return err
			}
		}
		return nil
	case errors.As(err, &refused) && refused.MaybeServerFault:
		if xs, err = e.again(ctx, texts...); err != nil {
			return err
		}
	case errors.As(err, &refused):
		xs = nil
	case err != nil:
		return err
	}
	return m.keep(ctx, space, lines, xs)
}

// keep keeps the vectors of lines: those of the passages of one after those of the other,
// or none at all.
func (m *SemanticIndex) keep(ctx context.Context, space *vectorSpace, lines []Line, xs [][]float32) error {
	parts := make([][][]float32, len(lines))
	for i, l := range lines {
		if n := len(passages(l.Text)); len(xs) > 0 {
			parts[i], xs = xs[:n], xs[n:]
		}
	}
	kept, err := m.store.SetVectors(ctx, space.model, lines, parts)
	for i, ok := range kept {
		if ok {
			space.index.put(lines[i].ID, kindOf(lines[i]), parts[i]...)
		}
	}
	return err
}

// forget drops the vectors of lines that are gone or have changed.
func (m *SemanticIndex) forget(ids []int64) {
	if s := m.serving.Load(); s != nil {
		s.index.remove(ids)
	}
}
