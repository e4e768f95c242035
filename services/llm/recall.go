package llm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm/hits"
)

// memoryCooldown is how long the memory is not asked after it did not answer: where there
// is none, no answer of the model should wait for it.
const memoryCooldown = 30 * time.Second

// Recall asks the memory. It is safe for concurrent use.
type Recall struct {
	cfg       Config
	bus       *kit.Bus
	log       *slog.Logger
	skipUntil atomic.Int64 // Unix nanoseconds until which the memory is left alone
	late      atomic.Int32 // questions that are still unanswered after the turn went on
	took      atomic.Int64 // nanoseconds of the last answer
	warned    atomic.Bool
}

// NewRecall returns a Recall that asks over bus.
func NewRecall(cfg Config, bus *kit.Bus, log *slog.Logger) *Recall {
	return &Recall{cfg: cfg, bus: bus, log: log}
}

const (
	// nothingKnown stands in place of what was recalled when a question found nothing: a model
	// that is not told so makes up an answer.
	nothingKnown = "(Nothing about this. If only the user can know it, say that you do not know it.)"
	// nothingSure stands before what was found when none of it is sure to be meant.
	nothingSure = "(Nothing that answers this for certain. If it is about the user and not in these lines, say that you do not know it.)"
	superseded  = "no longer so"
)

// About returns what the memory knows about the question q, one line for each
// thing, in at most room tokens; that it knows nothing, when q is a question. Without an
// answer it returns nothing and why.
func (r *Recall) About(ctx context.Context, q contract.LLMRequest, room int) (recalled, error) {
	if time.Now().UnixNano() < r.skipUntil.Load() {
		return recalled{}, fmt.Errorf("memory did not answer less than %s ago", memoryCooldown)
	}
	k := r.cfg.RAGTopK
	if q.RAGK != nil && *q.RAGK > 0 {
		k = min(*q.RAGK, 50)
	}
	found, err := r.Ask(ctx, contract.MemoryQuery{Text: q.Text, TopK: k, MaxTokens: new(min(room, 10_000)), IncludeContext: r.cfg.RAGContext,
		ContextWindow: new(r.cfg.RAGWindow), RetrievalStrategy: r.cfg.RAGStrategy})
	if err != nil {
		return recalled{}, err
	}
	var known []hitLine
	var lines []string
	sure, seen := false, []string{q.Text}
	for _, m := range q.History {
		seen = append(seen, m.Content)
	}
	for _, x := range found.Results {
		text := hits.Text(x)
		if text == "" || hits.IsNotice(x) || slices.ContainsFunc(seen, func(s string) bool { return hits.SameWords(s, text) }) {
			continue
		}
		seen = append(seen, text)
		sure = sure || hits.IsSure(x)
		lines = append(lines, memoryLine(x, text))
		known = append(known, hitLine{lines[len(lines)-1], promptMemory(x, text)})
	}
	switch {
	case len(found.Results) == 0 && hits.IsQuestion(q.Text):
		return recalled{text: nothingKnown}, nil
	case len(lines) > 0 && !sure && hits.IsQuestion(q.Text):
		lines = append([]string{nothingSure}, lines...)
	}
	return recalled{strings.Join(lines, "\n"), known}, nil
}

// answer is what came of a question to the memory.
type answer struct {
	found contract.MemoryResults
	err   error
}

// Ask asks the memory, for at most LLM_RAG_TIMEOUT. Of one that was late before it waits
// for twice as long as that took, for at most LLM_RAG_PATIENCE; so long it also waits beside
// the turn, to know a slow memory from none. Where there is none it is left alone for a
// while.
func (r *Recall) Ask(ctx context.Context, q contract.MemoryQuery) (contract.MemoryResults, error) {
	if r.late.Load() > 0 {
		return contract.MemoryResults{}, errors.New("the memory has not answered the question before")
	}
	done, begun := make(chan answer, 1), time.Now()
	var over atomic.Int32 // who was first: the answer, or the turn that went on without it
	go func() {           // it ends with LLM_RAG_PATIENCE, and at most one is left behind
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), max(r.cfg.RAGPatience, r.cfg.RAGTimeout))
		defer stop()
		found, err := kit.Ask(ctx, r.bus, q)
		done <- answer{found, err}
		if !over.CompareAndSwap(0, 1) {
			r.late.Add(-1)
		}
		r.learn(time.Since(begun), err)
	}()
	wait := time.NewTimer(r.wait())
	defer wait.Stop()
	select {
	case a := <-done:
		return a.found, a.err
	case <-wait.C:
		r.late.Add(1)
		if !over.CompareAndSwap(0, 2) {
			r.late.Add(-1)
			a := <-done
			return a.found, a.err
		}
		return contract.MemoryResults{}, context.DeadlineExceeded
	case <-ctx.Done():
		return contract.MemoryResults{}, context.Cause(ctx)
	}
}

// wait is how long a turn waits for the memory.
func (r *Recall) wait() time.Duration {
	return max(r.cfg.RAGTimeout, min(r.cfg.RAGPatience, 2*time.Duration(r.took.Load())))
}

// learn notes how long an answer took, or that there was none.
func (r *Recall) learn(took time.Duration, err error) {
	if err != nil {
		r.skipUntil.Store(time.Now().Add(memoryCooldown).UnixNano())
		return
	}
	r.took.Store(int64(took))
	if took > r.cfg.RAGTimeout && !r.warned.Swap(true) {
		r.log.Warn("the memory is slow, answers wait for it: LLM_RAG_TIMEOUT and LLM_RAG_PATIENCE say how long", "took", took)
	}
}

// Forget has the memory forget lines.
func (r *Recall) Forget(ctx context.Context, m contract.MemoryForget) (contract.MemoryForgotten, error) {
	ctx, stop := context.WithTimeout(ctx, forgetTimeout)
	defer stop()
	return kit.Ask(ctx, r.bus, m)
}

// forgetTimeout is the longest wait until lines are gone from the disk.
const forgetTimeout = 5 * time.Second

// ChangeTraits changes who the assistant is.
func (r *Recall) ChangeTraits(ctx context.Context, u contract.CharacterUpdate) error {
	return r.bus.Publish(ctx, u)
}

// memoryLine is a hit of the memory as the model reads it: "[previous] (2026-11-23 18:04, user) text".
func memoryLine(x contract.MemoryResult, text string) string {
	var about []string
	if t, ok := hits.Time(x); ok {
		about = append(about, t.Format("2006-01-02 15:04"))
	} else if x.Timestamp != nil && *x.Timestamp != "" {
		about = append(about, *x.Timestamp)
	}
	if who := hits.Speaker(x); who != "" {
		about = append(about, who)
	}
	if hits.IsSuperseded(x) {
		about = append(about, superseded)
	}
	if len(about) > 0 {
		text = "(" + strings.Join(about, ", ") + ") " + text
	}
	if x.ContextType == contract.ContextPrevious || x.ContextType == contract.ContextNext {
		text = "[" + x.ContextType + "] " + text
	}
	return strings.Join(strings.Fields(text), " ")
}
