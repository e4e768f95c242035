package memory

import (
	"cmp"
	"context"
	"encoding/gob"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/test/need"
)

// embeddings are vectors of texts, kept in the file of TARS_EMBED_CACHE when that is set:
// 100 000 lines take ten minutes on two cores.
type embeddings struct {
	mu   sync.Mutex
	e    *OpenAI
	have map[string][]float32
	file string
}

func newEmbeddings(t testing.TB) *embeddings {
	need.Engines(t, "EMBED_OPENAI_URL")
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	e, err := NewOpenAI(Config{EmbedURL: os.Getenv("EMBED_OPENAI_URL"), EmbedModel: cmp.Or(os.Getenv("EMBED_OPENAI_MODEL"), "all-minilm-l6-v2")})
	if err != nil {
		t.Fatal(err)
	}
	m := &embeddings{e: e, have: map[string][]float32{}, file: os.Getenv("TARS_EMBED_CACHE")}
	if f, err := os.Open(m.file); err == nil {
		_ = gob.NewDecoder(f).Decode(&m.have)
		_ = f.Close()
	}
	return m
}

// of returns the vectors of texts.
func (m *embeddings) of(t testing.TB, texts []string) [][]float32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := map[string]bool{}
	var missing []string
	for _, x := range texts {
		if m.have[x] == nil && !seen[x] {
			seen[x] = true
			missing = append(missing, x)
		}
	}
	for chunk := range slices.Chunk(missing, 64) {
		xs, err := m.e.within(context.Background(), chunk...)
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range xs {
			m.have[chunk[i]] = x
		}
	}
	if len(missing) > 0 && m.file != "" {
		if f, err := os.Create(m.file); err == nil {
			_ = gob.NewEncoder(f).Encode(m.have)
			_ = f.Close()
		}
	}
	out := make([][]float32, len(texts))
	for i, x := range texts {
		out[i] = m.have[x]
	}
	return out
}

// remembered is a memory that is filled, with the vectors of its lines.
type remembered struct {
	store *Store
	index vectors
	e     *embeddings // nil: words alone
}

func newRemembered(t testing.TB, e *embeddings, all []Message) *remembered {
	t.Helper()
	m := &remembered{store: newStore(filepath.Join(t.TempDir(), "memory.db")), e: e}
	if err := m.store.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.store.Close() })
	if _, err := m.store.AddAll(context.Background(), all); err != nil {
		t.Fatal(err)
	}
	if e == nil {
		return m
	}
	kept, err := m.store.lines(context.Background(), "SELECT "+columns+" FROM line ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, l := range kept {
		texts = append(texts, passages(l.Text)...)
	}
	xs := e.of(t, texts)
	for _, l := range kept {
		n := len(passages(l.Text))
		m.index.put(l.ID, kindOf(l), xs[:n]...)
		xs = xs[n:]
	}
	return m
}

// way is how lines are found.
type way int

const (
	byWordsAlone way = iota
	byVectorsAlone
	byBothTogether
)

// recall returns the n lines that are found, the best first.
func (m *remembered) recall(t testing.TB, w way, text string, n int) []Line {
	t.Helper()
	r := recollection{left: math.MaxInt, store: m.store, mean: func(context.Context, string) *meaning { return nil }, q: contract.MemoryQuery{Text: text, TopK: n}}
	if w != byWordsAlone {
		x := &meaning{vector: m.e.of(t, []string{text})[0], index: &m.index}
		r.mean = func(context.Context, string) *meaning { return x }
		if w == byVectorsAlone {
			near := slices.Concat(m.index.nearest(x.vector, n, quoted)...)
			slices.SortFunc(near, func(a, b neighbour) int { return cmp.Compare(b.similarity, a.similarity) })
			var ids []int64
			for _, x := range near[:min(n, len(near))] {
				ids = append(ids, x.id)
			}
			found, err := m.store.Lines(t.Context(), ids)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
	}
	found, err := (&r).targets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// counted is how many of some questions were answered among the first five, each way.
type counted struct {
	of    int
	found [3]int
}

func (c counted) part(w way) float64 { return float64(c.found[w]) / float64(c.of) }

// count asks questions each way.
func (m *remembered) count(t testing.TB, set string, asks []string, right func(i int, l Line) bool) (c counted) {
	c.of = len(asks)
	for i, ask := range asks {
		for w := byWordsAlone; w <= byBothTogether; w++ {
			if w != byWordsAlone && m.e == nil {
				continue
			}
			found := m.recall(t, w, ask, 5)
			if slices.ContainsFunc(found, func(l Line) bool { return right(i, l) }) {
				c.found[w]++
			} else if w == byBothTogether && os.Getenv("RECALL_MISSES") != "" {
				t.Logf("%s: %q", set, ask)
				for _, l := range found {
					t.Logf("    %.2f %q", l.Score, l.Text[:min(len(l.Text), 100)])
				}
			}
		}
	}
	t.Logf("%-28s of %3d: words %.3f, vectors %.3f, both %.3f", set, c.of, c.part(byWordsAlone), c.part(byVectorsAlone), c.part(byBothTogether))
	return c
}

func (c *counted) add(o counted) {
	c.of += o.of
	for w := range c.found {
		c.found[w] += o.found[w]
	}
}
