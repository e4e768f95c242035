package memory

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/textsearch"
)

// maxQuestionLines is how many of the user's last lines may be the question itself, with
// several people talking at once.
const maxQuestionLines = 4

// recollection answers one query.
type recollection struct {
	store *Store
	mean  func(ctx context.Context, text string) *meaning // what the question means; nil: nobody knows
	q     contract.MemoryQuery
	trace string // of the query: the turn it belongs to

	question map[int64]bool // lines that are the question itself
	stems    []string       // of the question
	left     int            // tokens that still fit
	cut      bool           // something did not fit
}

func (r recollection) results(ctx context.Context) (contract.MemoryResults, error) {
	out := contract.MemoryResults{Query: r.q.Text, StrategyUsed: r.q.RetrievalStrategy}
	r.left = math.MaxInt
	if r.q.MaxTokens != nil {
		r.left = *r.q.MaxTokens
	}
	targets, err := r.targets(ctx)
	if err != nil {
		return out, err
	}
	near, err := r.context(ctx, targets)
	if err != nil {
		return out, err
	}
	for _, t := range targets {
		near = append(near, asResult(t, contract.ContextTarget))
	}
	total := 0
	for _, x := range near {
		total += *x.TokenCount
	}
	out.K, out.Results, out.TotalTokens, out.Truncated = len(targets), near, &total, r.cut
	return out, nil
}

// targets returns the lines that answer the query.
func (r *recollection) targets(ctx context.Context) ([]Line, error) {
	words := textsearch.Words(r.q.Text)
	recent := r.q.RetrievalStrategy == contract.RecallRecent || len(words) == 0 // "*" matches all
	r.stems = questionStems(r.q.Text)
	if err := r.findQuestion(ctx, words); err != nil {
		return nil, err
	}
	var found []Line
	var err error
	if recent {
		found, err = r.store.Recent(ctx, r.q.TopK+2*maxQuestionLines)
	} else {
		found, err = r.search(ctx)
	}
	if err != nil {
		return nil, err
	}
	var kept []Line
	for _, l := range found {
		if r.isQuestion(l) {
			continue
		}
		n := countTokens(l.Text)
		if len(kept) == r.q.TopK {
			break
		}
		if n > r.left && len(kept) > 0 {
			r.cut = true
			break
		}
		r.left -= n
		kept = append(kept, l)
	}
	if recent {
		for i := range kept {
			kept[i].Score = 1
		}
		if r.q.MaxTokens != nil {
			slices.Reverse(kept)
		}
	}
	return kept, nil
}

// search returns the lines that have the words or the meaning of the query, the surest
// first: each once, without the questions themselves and without what was never meant.
func (r *recollection) search(ctx context.Context) ([]Line, error) {
	var all []evidence
	var err error
	alike := byStems
	if m := r.mean(ctx, r.q.Text); m != nil {
		alike = m.alike
		all, err = r.byBoth(ctx, m)
	} else {
		all, err = r.byWords(ctx)
	}
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(e evidence) bool { return e.isNoise() || r.isQuestion(e.line) || r.asksTheSame(e) })
	all = settle(all, r.stems, alike)
	if later, err := r.changes(ctx, all); err != nil || len(later) > 0 {
		return lines(settle(append(all, later...), r.stems, alike)), err
	}
	return lines(all), nil
}

// maxFollowed is how many of the surest lines are followed to what was said of them later.
const maxFollowed = 3

// changes finds lines that say otherwise than the surest ones, and that the question itself
// did not find, because they have none of its words.
func (r *recollection) changes(ctx context.Context, all []evidence) (found []evidence, err error) {
	for _, e := range all[:min(len(all), maxFollowed)] {
		if e.kind != told || e.line.Superseded != 0 {
			continue
		}
		var ids []int64
		for _, h := range r.store.words.Search(coreStems(e.stems), maxQuestionLines, 1)[told] {
			if h.ID > e.line.ID && !slices.ContainsFunc(all, func(o evidence) bool { return o.line.ID == h.ID }) {
				ids = append(ids, h.ID)
			}
		}
		later, err := r.store.Lines(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, l := range later {
			o := evidence{line: l, kind: told, stems: r.store.words.Stems(l.Text)}
			if !r.isQuestion(l) && claimOf(o).supersedes(claimOf(e), coreStems(e.stems)) {
				o.line.Score, o.line.found = e.line.Score, true
				found = append(found, o)
			}
		}
	}
	return found, nil
}

// alike is the cosine of two lines, or what their words say where one has none.
func (m *meaning) alike(a, b evidence) float64 {
	if c, ok := m.index.between(a.line.ID, b.line.ID); ok {
		return float64(c)
	}
	return byStems(a, b)
}

// byStems is the part of their stems that two lines share.
func byStems(a, b evidence) float64 {
	both := shared(a.stems, b.stems)
	return float64(both) / float64(max(1, len(a.stems)+len(b.stems)-both))
}

// depth is how many lines of a kind are looked at, to fill the places of a query with what
// is left of them.
func (r *recollection) depth() int { return 3*r.q.TopK + 2*maxQuestionLines }

// byWords finds lines by their words alone.
func (r *recollection) byWords(ctx context.Context) ([]evidence, error) {
	return r.evidenceOf(ctx, r.store.words.Search(r.stems, r.depth(), uint8(quoted)), nil)
}

// byBoth finds lines by their words and by their meaning. What one of the two found is
// looked at with the eyes of the other one too.
func (r *recollection) byBoth(ctx context.Context, m *meaning) ([]evidence, error) {
	var near [][]neighbour
	var wg sync.WaitGroup
	wg.Go(func() { near = m.index.outstanding(m.vector, r.depth(), quoted) })
	hits := r.store.words.Search(r.stems, r.depth(), uint8(quoted))
	wg.Wait()
	m.crowds = map[int64]float32{}
	for kind := range hits {
		in := map[int64]bool{}
		var ids []int64
		for _, h := range hits[kind] {
			in[h.ID] = true
			ids = append(ids, h.ID)
		}
		maps.Copy(m.crowds, m.index.crowds(ids))
		for _, n := range near[kind] {
			m.crowds[n.id] = max(n.crowd, m.crowds[n.id])
			if !in[n.id] {
				hits[kind] = append(hits[kind], textsearch.Hit{ID: n.id, Class: uint8(kind), Score: -1})
			}
		}
	}
	return r.evidenceOf(ctx, hits, m)
}

// evidenceOf reads the lines of hits, and tells how sure each is to be meant.
func (r *recollection) evidenceOf(ctx context.Context, hits [][]textsearch.Hit, m *meaning) ([]evidence, error) {
	by := map[int64]textsearch.Hit{}
	var ids []int64
	for _, h := range slices.Concat(hits...) {
		by[h.ID] = h
		ids = append(ids, h.ID)
	}
	found, err := r.store.Lines(ctx, ids)
	if err != nil {
		return nil, err
	}
	var near map[int64]float32
	if m != nil {
		near = m.index.similarities(m.vector, ids)
	}
	all := make([]evidence, len(found))
	for i, l := range found {
		h := by[l.ID]
		if h.Score < 0 {
			h.Score, h.Share = r.store.words.Score(r.stems, l.ID)
		}
		e := evidence{line: l, kind: lineKind(h.Class), words: h.Score, share: h.Share, stems: r.store.words.Stems(l.Text)}
		e.similarity, e.embedded = near[l.ID]
		if m != nil {
			e.crowd = m.crowds[l.ID]
		}
		e.line.Score, e.line.found = e.certainty(), true
		all[i] = e
	}
	return all, nil
}

// asksTheSame reports whether e is the question in other forms of the same words, asked
// before.
func (r *recollection) asksTheSame(e evidence) bool {
	return e.kind == asked && sameStems(coreStems(e.stems), coreStems(r.stems))
}

// findQuestion finds the lines that are the question itself: it is kept before it
// can be asked. A sender that carries no trace is known by its words.
func (r *recollection) findQuestion(ctx context.Context, words []string) error {
	last, err := r.store.Questions(ctx, maxQuestionLines)
	if err != nil {
		return err
	}
	r.question = map[int64]bool{}
	for _, l := range last {
		if len(words) > 0 && slices.Equal(textsearch.Words(l.Text), words) {
			r.question[l.ID] = true
		}
	}
	return nil
}

// isQuestion reports whether l is the question, or what has been said in reply.
func (r *recollection) isQuestion(l Line) bool {
	return r.question[l.ID] || r.trace != "" && l.Trace == r.trace
}

// context returns the neighbours of the targets that fit, each once.
func (r *recollection) context(ctx context.Context, targets []Line) (out []contract.MemoryResult, err error) {
	window := 1
	if r.q.ContextWindow != nil {
		window = *r.q.ContextWindow
	}
	if !r.q.IncludeContext || window == 0 {
		return nil, nil
	}
	seen := map[int64]bool{}
	for _, t := range targets {
		seen[t.ID] = true
	}
	add := func(lines []Line, kind string) {
		for _, l := range lines {
			n := countTokens(l.Text)
			switch {
			case seen[l.ID] || r.isQuestion(l) || kindOf(l) == quoted || r.isRepeated(l, targets):
				continue
			case n > r.left:
				r.cut = true
				continue
			}
			seen[l.ID] = true
			r.left -= n
			out = append(out, asResult(l, kind))
		}
	}
	var ids []int64 // of one answer of the file, which has them in the order of their arrival
	for _, t := range targets {
		for d := int64(1); d <= int64(window); d++ {
			ids = append(ids, t.ID-d, t.ID+d)
		}
	}
	near, err := r.store.Lines(ctx, ids)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(near, func(a, b Line) int { return cmp.Compare(a.ID, b.ID) })
	for _, t := range targets {
		for _, l := range near {
			switch d := l.ID - t.ID; {
			case d < 0 && d >= -int64(window):
				add([]Line{l}, contract.ContextPrevious)
			case d > 0 && d <= int64(window):
				add([]Line{l}, contract.ContextNext)
			}
		}
	}
	return out, nil
}

// isRepeated reports whether a neighbour is the question, or says what a target says.
func (r *recollection) isRepeated(l Line, targets []Line) bool {
	stems := r.store.words.Stems(l.Text)
	if r.asksTheSame(evidence{kind: kindOf(l), stems: stems}) {
		return true
	}
	return slices.ContainsFunc(targets, func(t Line) bool {
		return sameSaying(stems, l.Text, r.store.words.Stems(t.Text), t.Text)
	})
}

// asResult is l as it goes out. Neighbours have score 0.
func asResult(l Line, kind string) contract.MemoryResult {
	doc := map[string]any{"id": l.ID, "text": l.Text, "role": l.Role, "utt_id": nil, "ts": unixSeconds(l.At)}
	for key, value := range map[string]string{"utt_id": l.UttID, "room": l.Room, "speaker": l.Speaker} {
		if value != "" {
			doc[key] = value
		}
	}
	if kind == contract.ContextTarget && l.found {
		doc["sure"] = l.Score >= sureFrom
	}
	if l.Superseded != 0 {
		doc["superseded_by"] = l.Superseded
	}
	return contract.MemoryResult{
		Document: doc, Score: &l.Score, ContextType: kind, TokenCount: new(countTokens(l.Text)),
		Timestamp: new(strconv.FormatFloat(unixSeconds(l.At), 'f', -1, 64)),
	}
}
