package memory

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/gotars/tars/engines/failover"
)

// newest is an id after those of all lines.
const newest = math.MaxInt64

// connect chooses an embedder, and reports whether there is one. The model that made the
// vectors is preferred to others, and kept as long as the process runs; where it answers
// may change.
func (m *SemanticIndex) connect(ctx context.Context) bool {
	choice, err := m.cfg.choice(m.home)
	all := choice.Candidates(ctx)
	old := m.serving.Load()
	if err != nil || len(all) == 0 {
		return old != nil
	}
	if old != nil {
		for _, s := range m.spaces() {
			if i := indexOfModel(all, s.model); i >= 0 {
				s.embedder.Store(all[i].Engine)
				m.use(ctx, all[i])
			}
		}
		return true
	}
	made, err := m.store.Model(ctx)
	if err != nil {
		m.log.Error("models not read", "err", err)
		return false
	}
	found := all[max(0, indexOfModel(all, made))]
	serving := newVectorSpace(found.Engine)
	if made != "" && made != serving.model {
		if before := found.Engine.withModel(made); m.stillMakes(ctx, before) {
			m.next, serving = serving, newVectorSpace(before)
			m.log.InfoContext(ctx, "lines are embedded anew, the old vectors serve meanwhile", "model", m.next.model, "old", made)
		}
	}
	if err := m.load(ctx, serving); err != nil {
		m.log.Error("vectors not read", "err", err)
		return false
	}
	m.serving.Store(serving)
	m.pass = &pass{before: newest}
	m.use(ctx, found)
	m.log.InfoContext(ctx, "recalls by meaning", "engine", found.Name, "from", found.From, "model", serving.model)
	return true
}

func indexOfModel(all []failover.Candidate[*OpenAI], model string) int {
	return slices.IndexFunc(all, func(c failover.Candidate[*OpenAI]) bool { return c.Engine.model == model })
}

// load reads the vectors of a space.
func (m *SemanticIndex) load(ctx context.Context, space *vectorSpace) error {
	space.index.clear()
	return m.store.Vectors(ctx, space.model, func(id int64, parts [][]float32) {
		if kind, ok := m.store.words.Class(id); ok {
			space.index.put(id, lineKind(kind), parts...)
		}
	})
}

// sameModel is the cosine from which on two vectors of one text are of one model: servers
// round, and pad batches.
const sameModel = 0.97

// stillMakes reports whether e makes the vectors that are kept for its model. Some servers
// take every name and answer with the model that they have.
func (m *SemanticIndex) stillMakes(ctx context.Context, e *OpenAI) bool {
	l, kept, err := m.store.AnyVector(ctx, e.model)
	if err != nil || len(kept) == 0 {
		return false
	}
	xs, err := e.within(ctx, passages(l.Text)[0])
	return err == nil && len(xs) == 1 && len(xs[0]) == len(kept) && floatProduct(xs[0], kept) > sameModel
}

const (
	// passageSize is how long a text may be that gets one vector, in bytes: a small model
	// reads about 256 pieces of words and leaves out the rest, and the meaning of many
	// sentences is that of none.
	passageSize = 750
	maxPassages = 32 // of a line; what comes after them is found by its words
)

// passages splits a text into pieces that get a vector each, at the ends of sentences where
// there are some, else between words. There is always one.
func passages(text string) (all []string) {
	text = strings.TrimSpace(text)
	for len(text) > passageSize && len(all) < maxPassages-1 {
		cut := lastIndexAfter(text[:passageSize], passageSize/2, ". ", "! ", "? ", "\n", "; ", ", ", " ")
		all = append(all, strings.TrimSpace(text[:cut]))
		text = strings.TrimSpace(text[cut:])
	}
	return append(all, text)
}

// lastIndexAfter is where text is best cut: after the last of the marks, those before the
// others, that stand after least; at its end when there is none, but not in a character.
func lastIndexAfter(text string, least int, marks ...string) int {
	for _, mark := range marks {
		if i := strings.LastIndex(text, mark); i >= least {
			return i + len(mark)
		}
	}
	return len(strings.ToValidUTF8(text, ""))
}
