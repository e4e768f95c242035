package memory

import (
	"context"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/gotars/tars/contract"
)

// maxQuestionLines is how many of the user's last lines may be the question itself, with
// several people talking at once.
const maxQuestionLines = 4

// recollection answers one query.
type recollection struct {
	store *Store
	near  func(ctx context.Context, text string, n int) []neighbour // lines that mean what text does
	q     contract.MemoryQuery
	trace string // of the query: the turn it belongs to

	question map[int64]bool // lines that are the question itself
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
	words := splitWords(r.q.Text)
	recent := r.q.RetrievalStrategy == contract.RecallRecent || len(words) == 0 // "*" matches all
	if err := r.findQuestion(ctx, words); err != nil {
		return nil, err
	}
	var found []Line
	var err error
	if recent {
		found, err = r.store.Recent(ctx, r.q.TopK+2*maxQuestionLines)
	} else {
		found, err = r.search(ctx, contentWords(words), 3*r.q.TopK+2*maxQuestionLines)
	}
	if err != nil {
		return nil, err
	}
	var kept []Line
	for _, l := range found {
		if r.isQuestion(l) || !recent && isRepeated(kept, l) {
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
	if recent && r.q.MaxTokens != nil {
		slices.Reverse(kept)
	}
	return kept, nil
}

// search returns at most 2n lines that have the words or the meaning of the
// query, best first.
func (r *recollection) search(ctx context.Context, words []string, n int) ([]Line, error) {
	var ids []int64
	var wg sync.WaitGroup
	wg.Go(func() { // the embedder works while SQLite does
		for _, l := range r.near(ctx, r.q.Text, n) {
			ids = append(ids, l.id)
		}
	})
	found, err := r.store.Search(ctx, words, n)
	wg.Wait()
	if err != nil || len(ids) == 0 {
		return found, err
	}
	like, err := r.store.Lines(ctx, ids)
	return fuseRanks(found, like, n), err
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
		if len(words) > 0 && slices.Equal(splitWords(l.Text), words) {
			r.question[l.ID] = true
		}
	}
	return nil
}

// isQuestion reports whether l is the question, or what has been said in reply.
func (r *recollection) isQuestion(l Line) bool {
	return r.question[l.ID] || r.trace != "" && l.Trace == r.trace
}

// isRepeated reports whether one of the kept lines says what l says.
func isRepeated(kept []Line, l Line) bool {
	words := splitWords(l.Text)
	return slices.ContainsFunc(kept, func(k Line) bool { return k.Role == l.Role && sameWords(splitWords(k.Text), words) })
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
			case seen[l.ID] || r.isQuestion(l):
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
	for _, t := range targets {
		before, err := r.store.Before(ctx, t.ID, window)
		if err != nil {
			return nil, err
		}
		after, err := r.store.After(ctx, t.ID, window)
		if err != nil {
			return nil, err
		}
		add(before, contract.ContextPrevious)
		add(after, contract.ContextNext)
	}
	return out, nil
}

// asResult is l as it goes out. Neighbours have score 0.
func asResult(l Line, kind string) contract.MemoryResult {
	doc := map[string]any{"text": l.Text, "role": l.Role, "utt_id": nil, "ts": unixSeconds(l.At)}
	if l.UttID != "" {
		doc["utt_id"] = l.UttID
	}
	return contract.MemoryResult{
		Document: doc, Score: &l.Score, ContextType: kind, TokenCount: new(countTokens(l.Text)),
		Timestamp: new(strconv.FormatFloat(unixSeconds(l.At), 'f', -1, 64)),
	}
}
