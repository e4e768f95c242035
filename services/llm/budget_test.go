package llm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/llm/engine"
)

// vocabulary is what the texts of the property test are made of: words, figures, code,
// addresses, and scripts of which tokenizers need many tokens.
var vocabulary = []string{"the", "kitchen", "light", "incomprehensibility", "3.14159", "2026-11-28", "{\"name\":", "func(x int) error", "https://example.org/a_b?c=d", "天气很好", "Größenordnung",
	"Привет", "मौसम", "👍🏽", "—", "\n", "\n\n", "    ", "A1B2C3D4E5F6", "don’t", "x", "...", "naïve café", "안녕하세요"}

func randomText(r *rand.Rand, words int) string {
	var b strings.Builder
	for range words {
		b.WriteString(vocabulary[r.IntN(len(vocabulary))] + " ")
	}
	return b.String()
}

// bytePairs counts tokens as a tokenizer without any merges beyond three letters would: more
// than those in use do for such texts.
func bytePairs(text string) int {
	n, run := 0, 0
	for _, c := range text {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			run++
			continue
		case run > 0:
			n += (run + 4) / 5
			run = 0
		}
		if c == ' ' {
			continue
		}
		if n++; c > 0xffff {
			n += 2
		} else if c > 0x900 {
			n++
		}
	}
	return n + (run+4)/5
}

// sent is what a server counts of p: its own format around the messages as well.
func sent(p engine.Prompt) int {
	n := 3 + bytePairs(p.System) + bytePairs(p.User) + 2*5
	for _, m := range p.History {
		n += bytePairs(m.Content) + 5
	}
	for _, t := range p.Tools {
		n += bytePairs(fmt.Sprint(t)) + 20
	}
	return n
}

func TestNoPromptOverflows(t *testing.T) {
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 15))
		cfg := settings()
		cfg.CtxWindow = []int{600, 1024, 2048, 4096, 8192, 32768}[r.IntN(6)]
		cfg.MaxTokens = 16 + r.IntN(cfg.CtxWindow-17)
		cfg.Place, cfg.UserName = "Berlin", "Ann"
		q := contract.LLMRequest{Text: "why " + randomText(r, 1+r.IntN(20)), Params: map[string]any{"max_tokens": float64(1 + r.IntN(20000))}}
		if r.IntN(2) == 0 {
			q.System = new(randomText(r, r.IntN(800)))
		}
		for i := range r.IntN(60) {
			q.History = append(q.History, contract.ConversationMessage{Role: []string{"user", "assistant"}[i%2], Content: fmt.Sprint("turn ", i, " ", randomText(r, r.IntN(300)))})
		}
		if r.IntN(2) == 0 {
			q.History = append(q.History, contract.ConversationMessage{Role: "user", Content: q.Text})
		}
		who := &contract.CharacterSnapshot{Name: "TARS", SystemPrompt: new(randomText(r, r.IntN(2000)))}
		b, facts := budget{cfg: cfg, q: q}, promptFacts{now: time.Date(2026, 11, 28, 13, 45, 0, 0, time.UTC), place: "Berlin"}
		p, err := b.basePrompt(who, facts)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i := range r.IntN(40) {
			p.Tools = append(p.Tools, openai.Tool{Type: "function", Function: openai.ToolFunction{Name: fmt.Sprint("tool", i), Description: randomText(r, r.IntN(60))}})
		}
		b.addTools(&p)
		if room := b.memoryRoom(p); room > 0 {
			b.addMemory(&p, strings.ReplaceAll(randomText(r, r.IntN(3000)), "\n\n", "\n"), facts, room)
		}
		p.History = b.fittingHistory(p)
		if total := sent(p) + p.MaxTokens; total > cfg.CtxWindow {
			t.Errorf("seed %d: %d tokens and %d for the answer, of %d", seed, sent(p), p.MaxTokens, cfg.CtxWindow)
		}
		if n := strings.Count(p.System+p.User+fmt.Sprint(p.History), strings.TrimSpace(q.Text)); n != 1 {
			t.Errorf("seed %d: the question is there %d times", seed, n)
		}
		old := pastTurns(q)
		for i, m := range p.History { // the newest ones, without a gap
			if m != old[len(old)-len(p.History)+i] {
				t.Fatalf("seed %d: turn %d of the prompt is not among the newest", seed, i)
			}
		}
	}
}

func TestAQuestionThatIsTooLongIsRefusedHere(t *testing.T) {
	cfg := settings()
	cfg.CtxWindow = 600
	_, err := budget{cfg: cfg, q: contract.LLMRequest{Text: strings.Repeat("long ", 600)}}.basePrompt(nil, promptFacts{})
	if err == nil || !strings.Contains(err.Error(), "longer than the model reads") {
		t.Errorf("error %v", err)
	}
}

func TestCountsLearnFromTheServer(t *testing.T) {
	var l tokenLearner
	p := engine.Prompt{Model: "m", User: strings.Repeat("word ", 1000)}
	if got := l.of("m").scaled(1000); got != 1000 {
		t.Errorf("before an answer 1000 tokens are %d", got)
	}
	l.answered(p, map[string]any{"prompt_tokens": 2. * float64(promptTokens(p))})
	if got := l.of("m").scaled(1000); got < 2000 || got > 2200 {
		t.Errorf("after one that counts twice as many 1000 tokens are %d", got)
	}
	l.answered(p, map[string]any{"prompt_tokens": 1.})
	if got := l.of("m").scaled(1000); got < 1600 {
		t.Errorf("after one that does not count what it knows 1000 tokens are %d", got)
	}
	for range 40 {
		l.answered(p, map[string]any{"prompt_tokens": 0.8 * float64(promptTokens(p))})
	}
	if got := l.of("m").scaled(1000); got > 900 {
		t.Errorf("after many that count less 1000 tokens are %d", got)
	}
	l.answered(p, map[string]any{"prompt_tokens": "many"})
	if got := l.of("other").scaled(1000); got != 1000 {
		t.Errorf("of another model 1000 tokens are %d", got)
	}
	l.overflowed(p, &engine.OverflowError{Window: 2048, Prompt: 2 * promptTokens(p)})
	if c := l.of("m"); c.window != 2048 || c.scaled(1000) < 2000 {
		t.Errorf("after an overflow: %+v", c)
	}
}

// strict is a server with a window of 3000 tokens that counts half more than is expected.
type strict struct{ prompts []int }

func (e *strict) Generate(_ context.Context, p engine.Prompt, emit func(string) error) (engine.Usage, error) {
	n := promptTokens(p) * 3 / 2
	e.prompts = append(e.prompts, n)
	if n+p.MaxTokens > 3000 {
		return engine.Usage{}, &engine.OverflowError{Window: 3000, Prompt: n, Err: errors.New("too long")}
	}
	return engine.Usage{Tokens: map[string]any{"prompt_tokens": float64(n)}}, emit("Yes.")
}

func TestAServerThatReadsLessGetsLess(t *testing.T) {
	e := &strict{}
	q := contract.LLMRequest{ID: "r", Text: "Is it on?"}
	for i := range 40 {
		q.History = append(q.History, contract.ConversationMessage{Role: "user", Content: fmt.Sprint("turn ", i, strings.Repeat(" word", 150))})
	}
	kittest.Run(t, "unheard, and once", func(t *testing.T, b *kittest.Harness) {
		for range 3 {
			if r := kittest.Ask(t, b, q); value(r.Reply) != "Yes." {
				t.Errorf("reply %q, error %q", value(r.Reply), value(r.Error))
			}
		}
		if len(e.prompts) != 4 || e.prompts[1] < 1500 {
			t.Errorf("sent prompts of %v tokens, want one that is too long, and the others full", e.prompts)
		}
	}, Module.With(fx.Replace(bareOf(settings())), fx.Decorate(func(engine.Generator) engine.Generator { return e })))
}
