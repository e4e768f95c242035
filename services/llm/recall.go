package llm

import (
	"context"
	"fmt"
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
	skipUntil atomic.Int64 // Unix nanoseconds until which the memory is left alone
}

// NewRecall returns a Recall that asks over bus.
func NewRecall(cfg Config, bus *kit.Bus) *Recall { return &Recall{cfg: cfg, bus: bus} }

// About returns what the memory knows about the question q, one line for each
// thing, in at most room tokens. Without an answer it returns nothing and why.
func (r *Recall) About(ctx context.Context, q contract.LLMRequest, room int) (string, error) {
	if time.Now().UnixNano() < r.skipUntil.Load() {
		return "", fmt.Errorf("memory did not answer less than %s ago", memoryCooldown)
	}
	k := r.cfg.RAGTopK
	if q.RAGK != nil && *q.RAGK > 0 {
		k = min(*q.RAGK, 50)
	}
	found, err := r.Ask(ctx, contract.MemoryQuery{Text: q.Text, TopK: k, MaxTokens: new(min(room, 10_000)), IncludeContext: r.cfg.RAGContext,
		ContextWindow: new(r.cfg.RAGWindow), RetrievalStrategy: r.cfg.RAGStrategy})
	if err != nil {
		if ctx.Err() == nil {
			r.skipUntil.Store(time.Now().Add(memoryCooldown).UnixNano())
		}
		return "", err
	}
	var lines []string
	for _, x := range found.Results {
		text := hits.Text(x)
		known := slices.ContainsFunc(q.History, func(m contract.ConversationMessage) bool { return sameText(m.Content, text) })
		if text != "" && !known {
			lines = append(lines, memoryLine(x, text))
		}
	}
	return strings.Join(lines, "\n"), nil
}

// Ask asks the memory, for at most LLM_RAG_TIMEOUT.
func (r *Recall) Ask(ctx context.Context, q contract.MemoryQuery) (contract.MemoryResults, error) {
	ctx, stop := context.WithTimeout(ctx, r.cfg.RAGTimeout)
	defer stop()
	return kit.Ask(ctx, r.bus, q)
}

// memoryLine is a hit of the memory as the model reads it: "[previous] (2026-11-23 18:04, user) text".
func memoryLine(x contract.MemoryResult, text string) string {
	var about []string
	if t, ok := hits.Time(x); ok {
		about = append(about, t.Format("2006-01-02 15:04"))
	} else if x.Timestamp != nil && *x.Timestamp != "" {
		about = append(about, *x.Timestamp)
	}
	if role := hits.Speaker(x); role != "" {
		about = append(about, role)
	}
	if len(about) > 0 {
		text = "(" + strings.Join(about, ", ") + ") " + text
	}
	if x.ContextType == contract.ContextPrevious || x.ContextType == contract.ContextNext {
		text = "[" + x.ContextType + "] " + text
	}
	return strings.Join(strings.Fields(text), " ")
}
