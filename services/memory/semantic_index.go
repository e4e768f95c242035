package memory

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/kit"
)

const (
	batch        = 32          // lines that are embedded at once
	settle       = time.Second // after a line was kept: an answer comes in sentences
	maxEmbedTime = time.Minute // for a batch: the server may have to load its model
)

// SemanticIndex gives every line a vector, beside the work of the memory, and finds
// lines by theirs. Without an embedder it finds nothing.
type SemanticIndex struct {
	cfg   Config
	home  kit.Home
	store *Store
	log   *slog.Logger

	index vectors
	taken atomic.Pointer[OpenAI] // nil: no embedder
	guard *failover.Guard        // of queries; what is done beside them does not count
}

// NewSemanticIndex returns the index of the lines of store.
func NewSemanticIndex(cfg Config, home kit.Home, store *Store, log *slog.Logger) *SemanticIndex {
	return &SemanticIndex{cfg: cfg, home: home, store: store, log: log, guard: failover.New()}
}

// near returns at most n lines that mean what text does, the closest first. It
// takes little longer than MEMORY_EMBED_TIMEOUT, and returns nothing when there
// is no embedder or it does not answer.
func (m *SemanticIndex) near(ctx context.Context, text string, n int) []neighbour {
	e := m.taken.Load()
	if e == nil {
		return nil
	}
	var x [][]float32
	err := m.guard.Do(ctx, func(ctx context.Context) (err error) {
		ctx, cancel := context.WithTimeoutCause(ctx, m.cfg.EmbedTimeout, errors.New("no answer within MEMORY_EMBED_TIMEOUT"))
		defer cancel()
		x, err = e.Embed(ctx, []string{text})
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
	return m.index.nearest(x[0], n)
}

// run gives vectors to the lines that have none, as long as ctx runs. It looks
// for an embedder while there is none, and after one failed.
func (m *SemanticIndex) run(ctx context.Context) error {
	ready := false
	for ctx.Err() == nil {
		if ready = ready || m.loadNewest(ctx); !ready {
			m.wait(ctx, failover.LookEvery)
			continue
		}
		if err := m.embedMissing(ctx); err != nil && ctx.Err() == nil {
			ready = false
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
			d = settle
		case <-ctx.Done():
			return
		}
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// loadNewest chooses an embedder, and reports whether there is one. The vectors of
// two models cannot be compared, so a model is kept as long as the process runs,
// and one that made vectors before is taken rather than another; where it
// answers may change.
func (m *SemanticIndex) loadNewest(ctx context.Context) bool {
	choice, err := m.cfg.choice(m.home)
	all := choice.Candidates(ctx)
	if err != nil || len(all) == 0 {
		return m.taken.Load() != nil
	}
	model, err := m.store.Model(ctx)
	if err != nil {
		m.log.Error("models not read", "err", err)
		return false
	}
	old := m.taken.Load()
	if old != nil {
		model = old.model
	}
	found := all[max(0, slices.IndexFunc(all, func(c failover.Candidate[*OpenAI]) bool { return c.Engine.model == model }))]
	best := found.Engine
	switch {
	case old != nil && best.model != old.model:
		return true
	case old != nil:
		m.taken.Store(best)
		return true
	}
	if err := m.store.Vectors(ctx, best.model, m.index.put); err != nil {
		m.index.clear()
		m.log.Error("vectors not read", "err", err)
		return false
	}
	m.taken.Store(best)
	m.log.InfoContext(ctx, "recalls by meaning", "engine", found.Name, "from", found.From, "model", best.model)
	return true
}

// embedMissing embeds all lines that have no vector of the model, the newest first.
func (m *SemanticIndex) embedMissing(ctx context.Context) error {
	e := m.taken.Load()
	for {
		lines, err := m.store.Unembedded(ctx, e.model, batch)
		if err != nil || len(lines) == 0 {
			return err
		}
		if err := m.embed(ctx, e, lines); err != nil {
			return err
		}
	}
}

// embed gives vectors to lines. One that the embedder refuses gets an empty one,
// so that it is not tried again.
func (m *SemanticIndex) embed(ctx context.Context, e *OpenAI, lines []Line) error {
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.Text
	}
	xs, err := e.within(ctx, texts...)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused) && len(lines) > 1:
		for _, l := range lines {
			if err := m.embed(ctx, e, []Line{l}); err != nil {
				return err
			}
		}
		return nil
	case errors.As(err, &refused) && refused.MaybeServerFault:
		if xs, err = e.again(ctx, texts[0]); err != nil {
			return err
		}
	case errors.As(err, &refused):
		xs = [][]float32{nil}
	case err != nil:
		return err
	}
	return m.keep(ctx, e, lines, xs)
}

// keep keeps the vectors of lines.
func (m *SemanticIndex) keep(ctx context.Context, e *OpenAI, lines []Line, xs [][]float32) error {
	kept, err := m.store.SetVectors(ctx, e.model, lines, xs)
	for i, ok := range kept {
		if ok && len(xs[i]) > 0 {
			m.index.put(lines[i].ID, xs[i])
		}
	}
	return err
}

// forget drops the vectors of lines that are gone.
func (m *SemanticIndex) forget(ids []int64) { m.index.remove(ids) }
