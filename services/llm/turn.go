package llm

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/mcp"
	"github.com/gotars/tars/services/llm/engine"
)

// maxShorter is how often a prompt is made shorter that its server finds too long. Each
// refusal tells more about what the server reads.
const maxShorter = 2

// turn is one request and what comes of it: the model writes, may have tools called, and
// writes on with what they gave back.
type turn struct {
	s   *Service
	q   contract.LLMRequest
	out *streamWriter

	facts    promptFacts
	recalled recalled
	room     int        // for what was recalled, in tokens
	tools    []mcp.Tool // that are offered
	after    []engine.Message
	outcomes []outcome    // of the last round
	wrong    int          // rounds with calls that did not fit
	noMore   bool         // no more calls are made: the model is to answer
	ahead    *aheadAnswer // the model writes already; nil: it is to be asked
	detail   contract.AnswerDetail
}

// newTurn asks the memory for what the question is about, and chooses the tools for it.
func (s *Service) newTurn(ctx context.Context, q contract.LLMRequest, out *streamWriter) (*turn, error) {
	t := &turn{s: s, q: q, out: out, facts: s.cfg.factsNow(), tools: s.chooser.choose(ctx, s.toolsOn(), q.Text)}
	p, err := t.prompt()
	if err != nil {
		return t, err
	}
	b := t.budget()
	p.History = nil
	if t.room = b.memoryRoom(p); t.room > 0 {
		asked := time.Now()
		t.recalled, err = s.recall.About(ctx, q, t.room)
		t.noteMemory(asked, err)
		if err != nil {
			s.log.DebugContext(ctx, "answering without memory", "err", err)
		}
	}
	return t, nil
}

// model is the model that the request asks for.
func (t *turn) model() string {
	if m, ok := t.q.Params["model"].(string); ok && m != "" {
		return m
	}
	return t.s.cfg.Model
}

func (t *turn) budget() budget {
	return budget{cfg: t.s.cfg, q: t.q, counts: t.s.tokens.of(t.model())}
}

// prompt is what the engine gets: the question with who the assistant is, the tools, what
// the memory knows and the conversation so far, as much as fits.
func (t *turn) prompt() (engine.Prompt, error) {
	b := t.budget()
	p, err := b.basePrompt(t.s.persona.Load(), t.facts)
	if err != nil {
		return p, err
	}
	p.After = t.after
	if !t.noMore {
		for _, x := range t.tools {
			p.Tools = append(p.Tools, toolSpec(x))
		}
		b.addTools(&p)
	}
	if t.recalled.text != "" {
		b.addMemory(&p, t.recalled.text, t.facts, t.room)
	}
	p.History = b.fittingHistory(p)
	p.Spare = max(0, min(b.room(p), 2*maxThoughtTokens))
	p.OnProgress = t.out.work.note
	p.OnAttempt = func(provider, model string) {
		if t.out.provider = &provider; model != "" {
			t.out.model = &model
		}
	}
	return p, nil
}

// write has the engine write, and tools called, up to the end of the answer.
func (t *turn) write(ctx context.Context) (use engine.Usage, err error) {
	for round := 0; ; round++ {
		t.noMore = t.noMore || round >= t.s.cfg.ToolRounds
		begin := t.out.text.Len()
		use, err = t.generate(ctx)
		if use.Spoiled > 0 {
			t.out.spoiled = begin + use.Spoiled
		}
		if err != nil && len(t.outcomes) > 0 && t.wordless(begin) && ctx.Err() == nil {
			t.s.log.WarnContext(ctx, "the model has no words for what a tool gave back", "err", err)
			return engine.Usage{}, t.speakOutcomes()
		}
		if err != nil {
			return use, err
		}
		if len(use.Calls) == 0 || t.noMore {
			if len(t.outcomes) > 0 && t.wordless(begin) {
				return use, t.speakOutcomes()
			}
			return use, nil
		}
		if asked, err := t.askFirst(ctx, use.Calls); asked || err != nil {
			return use, err
		}
		if err := t.callTools(ctx, t.out.text.String()[begin:], use.Calls); err != nil {
			return use, err
		}
	}
}

// wordless reports whether nothing was said since begin.
func (t *turn) wordless(begin int) bool {
	return strings.TrimSpace(t.out.text.String()[begin:]) == ""
}

// generate has the engine write to out once. A prompt that its server finds too long is
// made shorter.
func (t *turn) generate(ctx context.Context) (use engine.Usage, err error) {
	begin := t.out.text.Len()
	for try := 0; ; try++ {
		p, err := t.prompt()
		if err != nil {
			return use, err
		}
		if p.Model != "" {
			t.out.model = &p.Model
		}
		use, err = t.askEngine(ctx, p)
		var overflow *engine.OverflowError
		if errors.As(err, &overflow) && try < maxShorter && t.out.text.Len() == begin {
			t.s.log.InfoContext(ctx, "the prompt is longer than the model reads, and is made shorter", "window", overflow.Window, "tokens", overflow.Prompt)
			t.s.tokens.overflowed(p, overflow)
			continue
		}
		if err == nil {
			t.s.tokens.answered(p, use.Tokens)
		}
		return use, err
	}
}

// callTools makes the calls that the model wants, and adds them with their outcomes to what
// it reads next. said is what it said before them.
func (t *turn) callTools(ctx context.Context, said string, calls []engine.ToolCall) error {
	t.outcomes = t.run(ctx, calls)
	if err := context.Cause(ctx); err != nil {
		return err
	}
	p, err := t.prompt()
	if err != nil {
		return err
	}
	p.History = nil
	b := t.budget()
	each := max(b.room(p)/2/len(calls), minMemoryTokens/2)
	t.after = append(t.after, engine.Message{Role: contract.RoleAssistant, Content: said, ToolCalls: calls})
	wrong := false
	for _, o := range t.outcomes {
		t.after = append(t.after, o.message(func(text string) string { return b.fitText(text, each) }))
		wrong = wrong || o.wrong
		if o.err != nil && !o.wrong { // one failure is enough for a turn: the person waits
			t.noMore = true
		}
	}
	if wrong {
		if t.wrong++; t.wrong > 1 { // it had its chance to correct them
			t.noMore = true
		}
	}
	return t.out.gap()
}

// speakOutcomes says what came of the calls without the model.
func (t *turn) speakOutcomes() error {
	var said []string
	for _, o := range t.outcomes {
		if o.wrong {
			continue
		}
		said = append(said, o.spoken())
	}
	if len(said) == 0 {
		said = []string{"I could not do that."}
	}
	return t.out.add(strings.Join(said, " "))
}
