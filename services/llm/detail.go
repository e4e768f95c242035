package llm

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm/engine"
	"github.com/gotars/tars/services/llm/hits"
)

// recalled is what the memory told for a question, as lines of the prompt.
type recalled struct {
	text string // all lines
	hits []hitLine
}

// hitLine is a hit of the memory and how it is written in the prompt.
type hitLine struct {
	line   string
	memory contract.PromptMemory
}

// promptMemory is a hit as those who want to know why are told of it.
func promptMemory(x contract.MemoryResult, text string) contract.PromptMemory {
	m := contract.PromptMemory{Text: beginOf(text), Score: x.Score, Superseded: hits.IsSuperseded(x),
		Beside: x.ContextType == contract.ContextPrevious || x.ContextType == contract.ContextNext}
	if who := hits.Speaker(x); who != "" {
		m.Role = &who
	}
	if at, ok := hits.Time(x); ok {
		m.Said = unixSeconds(at)
	}
	return m
}

// noteMemory notes that the memory was asked at a time, and what came of it.
func (t *turn) noteMemory(asked time.Time, err error) {
	d := &t.detail
	d.MemoryAsked, d.MemoryTold = unixSeconds(asked), unixSeconds(time.Now())
	if err != nil {
		d.MemoryError = new(beginOf(err.Error()))
	}
}

// notePrompt notes what a prompt holds: the first one of an answer, as the others repeat it.
func (t *turn) notePrompt(p engine.Prompt) {
	d := &t.detail
	if len(d.Rounds) > 0 {
		return
	}
	d.Memories, d.Tools, d.History = []contract.PromptMemory{}, []string{}, len(p.History)
	for _, h := range t.recalled.hits {
		if len(d.Memories) < contract.DetailMemories && strings.Contains(p.User, h.line) { // what had no room was left out
			d.Memories = append(d.Memories, h.memory)
		}
	}
	for _, x := range p.Tools[:min(len(p.Tools), contract.DetailTools)] {
		d.Tools = append(d.Tools, x.Function.Name)
	}
}

// askEngine has the engine answer p, and notes when it did.
func (t *turn) askEngine(ctx context.Context, p engine.Prompt) (engine.Usage, error) {
	t.notePrompt(p)
	round := contract.ModelRound{Asked: *unixSeconds(time.Now()), Calls: []string{}}
	generate := t.s.engine.Generate
	if a := t.ahead; a != nil {
		generate, t.ahead = a.follow, nil
		round.Asked = *unixSeconds(a.asked)
	}
	use, err := generate(ctx, p, func(delta string) error {
		if round.First == nil && strings.TrimSpace(delta) != "" {
			round.First = unixSeconds(time.Now())
		}
		return t.out.add(delta)
	})
	round.Ended, round.Provider, round.Model = *unixSeconds(time.Now()), t.out.provider, t.out.model
	if use.Model != "" {
		round.Model = &use.Model
	}
	for _, c := range use.Calls[:min(len(use.Calls), contract.DetailTools)] {
		round.Calls = append(round.Calls, c.Function.Name)
	}
	if err != nil {
		round.Error = new(beginOf(err.Error()))
	}
	if len(t.detail.Rounds) < contract.DetailRounds {
		t.detail.Rounds = append(t.detail.Rounds, round)
	}
	return use, err
}

// tellDetail publishes what the answer was made of, for who wants to know why. Nobody waits
// for it.
func (t *turn) tellDetail(ctx context.Context) {
	if t.detail.Rounds == nil { // it was made without the model
		return
	}
	t.detail.ID = t.q.ID
	if err := t.s.bus.Publish(context.WithoutCancel(ctx), t.detail); err != nil && !errors.Is(err, kit.ErrOffline) {
		t.s.log.DebugContext(ctx, "detail of an answer not published", "id", t.q.ID, "err", err)
	}
}

func unixSeconds(t time.Time) *float64 { return new(float64(t.UnixMicro()) / 1e6) }

func beginOf(text string) string {
	if r := []rune(text); len(r) > contract.DetailText {
		return string(r[:contract.DetailText])
	}
	return text
}
