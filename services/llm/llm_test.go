package llm

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/llm/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// script is an engine that writes the words of the question, one a second. A
// question that begins with "fail" fails after them.
type script struct {
	mu    sync.Mutex
	seen  []engine.Prompt
	ended []error // why it was not let write to the end
}

func (e *script) Generate(ctx context.Context, p engine.Prompt, emit func(string) error) (engine.Usage, error) {
	e.mu.Lock()
	e.seen = append(e.seen, p)
	e.mu.Unlock()
	if p.Question == "silence" {
		return engine.Usage{Model: "m1"}, nil
	}
	for word := range strings.SplitAfterSeq(p.Question, " ") {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			e.mu.Lock()
			e.ended = append(e.ended, context.Cause(ctx))
			e.mu.Unlock()
			return engine.Usage{}, context.Cause(ctx)
		}
		if err := emit(word); err != nil {
			return engine.Usage{}, err
		}
	}
	if strings.HasPrefix(p.Question, "fail") {
		return engine.Usage{}, errors.New("the machine is on fire")
	}
	use := engine.Usage{Model: "m1", Tokens: map[string]any{"total_tokens": 7}}
	if strings.HasPrefix(p.Question, "long") {
		use.Cut = contract.LLMCutLength
	}
	return use, nil
}

func (e *script) last() engine.Prompt {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seen[len(e.seen)-1]
}

// scripted is the module with e as its engine and no memory to wait for.
func scripted(e *script) kit.Module {
	c := settings()
	c.RAG = false
	return with(c, e)
}

func with(c Config, e *script) kit.Module {
	return Module.With(fx.Replace(c), fx.Decorate(func(engine.Generator) engine.Generator { return e }))
}

func deltas(w *kittest.Watcher[contract.LLMStreamDelta]) (out string) {
	for _, d := range w.All() {
		text := "<nil>"
		if d.Delta != nil {
			text = *d.Delta
		}
		cut := ""
		if d.Cut != nil {
			cut = " " + *d.Cut
		}
		out += fmt.Sprintf("%s %d %q %v%s; ", d.ID, *d.Seq, text, d.Done, cut)
	}
	return out
}

func value(s *string) string {
	if s == nil {
		return "<nil>"
	}
	return *s
}

func TestAnswers(t *testing.T) {
	tests := map[string]struct {
		ask                   contract.LLMRequest
		deltas, reply, failed string
	}{
		"words, the end mark, the whole": {contract.LLMRequest{ID: "r", Text: "one two"}, `r 1 "one " false; r 2 "two" false; r 3 "<nil>" true; `, "one two", "<nil>"},
		"no deltas when none are wanted": {contract.LLMRequest{ID: "r", Text: "one two", Stream: new(false)}, "", "one two", "<nil>"},
		"nothing to say":                 {contract.LLMRequest{ID: "r", Text: "silence"}, `r 1 "<nil>" true; `, "<nil>", "<nil>"},
		"an answer that is too long":     {contract.LLMRequest{ID: "r", Text: "long story"}, `r 1 "long " false; r 2 "story" false; r 3 "<nil>" true length; `, "long story", "<nil>"},
		"a failure":                      {contract.LLMRequest{ID: "r", Text: "fail now"}, `r 1 "fail " false; r 2 "now" false; r 3 "<nil>" true broken; `, "<nil>", "the machine is on fire"},
	}
	for name, tt := range tests {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			stream, answers := kittest.Watch[contract.LLMStreamDelta](b), kittest.Watch[contract.LLMResponse](b)
			b.Publish(t, tt.ask, kit.ID("chain"))
			r, meta := answers.Next(t)
			b.Settle()
			if got := deltas(stream); got != tt.deltas {
				t.Errorf("streamed %s\nwant %s", got, tt.deltas)
			}
			if value(r.Reply) != tt.reply || value(r.Error) != tt.failed || r.ID != "r" || meta.ID != "chain" {
				t.Errorf("reply %q, error %q, id %q in %q", value(r.Reply), value(r.Error), r.ID, meta.ID)
			}
			if cut := r.Cut != nil && *r.Cut == contract.LLMCutLength; cut != (tt.ask.Text == "long story") {
				t.Errorf("cut: %q", value(r.Cut))
			}
			if ok := r.Error == nil; ok != (r.Tokens != nil) || ok && value(r.Model) != "m1" {
				t.Errorf("tokens %v by %s", r.Tokens, value(r.Model))
			}
			answers.None(t)
		}, scripted(&script{}))
	}
	kittest.Run(t, "a blank gets none", func(t *testing.T, b *kittest.Harness) {
		answers := kittest.Watch[contract.LLMResponse](b)
		b.Publish(t, contract.LLMRequest{ID: "r", Text: " "})
		answers.None(t)
	}, scripted(&script{}))
}

func TestCancel(t *testing.T) {
	kittest.Run(t, "ends the running answer at once", func(t *testing.T, b *kittest.Harness) {
		stream, answers := kittest.Watch[contract.LLMStreamDelta](b), kittest.Watch[contract.LLMResponse](b)
		b.Publish(t, contract.LLMRequest{ID: "r", Text: "one two three four"})
		time.Sleep(2500 * time.Millisecond)
		begin := time.Now()
		b.Publish(t, contract.LLMCancel{ID: "r"})
		r, _ := answers.Next(t)
		if took := time.Since(begin); value(r.Error) != "cancelled" || r.Reply != nil || took > 100*time.Millisecond {
			t.Errorf("error %q, reply %q after %s", value(r.Error), value(r.Reply), took)
		}
		b.Settle()
		if got, want := deltas(stream), `r 1 "one " false; r 2 "two " false; r 3 "<nil>" true broken; `; got != want {
			t.Errorf("streamed %s, want %s", got, want)
		}
		answers.None(t)
	}, scripted(&script{}))
	kittest.Run(t, "ends one that waits, and only that", func(t *testing.T, b *kittest.Harness) {
		answers := kittest.Watch[contract.LLMResponse](b)
		for i := range 6 {
			b.Publish(t, contract.LLMRequest{ID: fmt.Sprint("r", i), Text: "one two three"})
		}
		b.Publish(t, contract.LLMCancel{ID: "r5"})
		got := map[string]string{}
		for range 6 {
			r, _ := answers.Next(t)
			got[r.ID] = value(r.Error)
		}
		for id, failed := range got {
			if want := map[bool]string{true: "cancelled", false: "<nil>"}[id == "r5"]; failed != want {
				t.Errorf("%s: error %q, want %q", id, failed, want)
			}
		}
	}, scripted(&script{}))
}

func TestSeveralAtOnce(t *testing.T) {
	kittest.Run(t, "four answers take the time of one", func(t *testing.T, b *kittest.Harness) {
		answers := kittest.Watch[contract.LLMResponse](b)
		begin := time.Now()
		for i := range 4 {
			b.Publish(t, contract.LLMRequest{ID: fmt.Sprint(i), Text: "one two three"})
		}
		for range 4 {
			answers.Next(t)
		}
		if took := time.Since(begin); took > 3500*time.Millisecond {
			t.Errorf("took %s", took)
		}
	}, scripted(&script{}))
}

// today is what the prompt says of the day on which the clock of tests begins.
const today = "Today is Saturday, 1 January 2000. The time zone is UTC (UTC+00:00). The time in front of a message is when the user said it: use it only when it matters."

func TestPlaceAndNameStandInThePrompt(t *testing.T) {
	var e script
	cfg := settings()
	cfg.RAG, cfg.Place, cfg.UserName = false, "Berlin", "Ann"
	kittest.Run(t, "where they are set", func(t *testing.T, b *kittest.Harness) {
		kittest.Ask(t, b, contract.LLMRequest{ID: "r", Text: "one"})
		morning := e.last()
		if want := strings.Replace(today, " The time in", " You are in Berlin. The user's name is Ann. The time in", 1); morning.System != want || morning.User != "(00:00) one" {
			t.Errorf("the prompt is %q and %q, want %q", morning.System, morning.User, want)
		}
		time.Sleep(5*time.Hour + 7*time.Minute)
		kittest.Ask(t, b, contract.LLMRequest{ID: "s", Text: "one"})
		if noon := e.last(); noon.System != morning.System || noon.User != "(05:07) one" {
			t.Errorf("five hours later it is %q and %q", noon.System, noon.User)
		}
	}, with(cfg, &e))
}

// slow is an engine that thinks for 8 seconds and writes then.
type slow struct{}

func (slow) Generate(ctx context.Context, p engine.Prompt, emit func(string) error) (engine.Usage, error) {
	time.Sleep(500 * time.Millisecond)
	p.OnProgress(engine.Thinking)
	time.Sleep(7500 * time.Millisecond)
	return engine.Usage{}, emit("Paris.")
}

func TestSilenceIsTold(t *testing.T) {
	kittest.Run(t, "after 1.2 seconds, and again", func(t *testing.T, b *kittest.Harness) {
		told, answers := kittest.Watch[contract.LLMProgress](b), kittest.Watch[contract.LLMResponse](b)
		b.Publish(t, contract.LLMRequest{ID: "r", Text: "one"}, kit.ID("chain"))
		answers.Next(t)
		time.Sleep(10 * time.Second)
		b.Settle()
		var got []string
		for _, m := range told.All() {
			got = append(got, fmt.Sprintf("%s %s %d", m.ID, m.State, m.SilentMS))
		}
		if want := "[r thinking 1200 r thinking 4200 r thinking 7200]"; fmt.Sprint(got) != want {
			t.Errorf("told %v, want %s", got, want)
		}
	}, Module.With(fx.Replace(bareOf(settings())), fx.Decorate(func(engine.Generator) engine.Generator { return slow{} })))
	kittest.Run(t, "never while words come", func(t *testing.T, b *kittest.Harness) {
		told := kittest.Watch[contract.LLMProgress](b)
		kittest.Ask(t, b, contract.LLMRequest{ID: "r", Text: "one two three four five"})
		told.None(t)
	}, scripted(&script{}))
}

// bareOf is c without a memory.
func bareOf(c Config) Config {
	c.RAG = false
	return c
}

func TestPersonaIsFollowed(t *testing.T) {
	var e script
	kittest.Run(t, "from the next request on", func(t *testing.T, b *kittest.Harness) {
		ask := func(system *string) string {
			kittest.Ask(t, b, contract.LLMRequest{ID: "r", Text: "one", System: system})
			return e.last().System
		}
		if got := ask(nil); got != today {
			t.Errorf("before a character: %q", got)
		}
		b.Publish(t, contract.CharacterSnapshot{Name: "Case", Traits: map[string]any{"humor": 60}})
		b.Settle()
		if got, want := ask(new("Speak French.")), "You are Case.\n\nPersonality Metrics (0 to 100): humor: 60\n\nSpeak French.\n\n"+today; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		b.Publish(t, contract.CharacterSnapshot{Name: "Case", Traits: map[string]any{"humor": 10}})
		b.Settle()
		if got := ask(nil); !strings.Contains(got, "humor: 10") {
			t.Errorf("got %q", got)
		}
	}, scripted(&e))
}

// recalls answers every query with one line, and counts the queries.
func recalls(asked *[]contract.MemoryQuery, text string) kit.Module {
	return kittest.ServiceOf("memory", kit.Answer(func(_ context.Context, q contract.MemoryQuery) (contract.MemoryResults, error) {
		*asked = append(*asked, q)
		return contract.MemoryResults{Query: q.Text, K: 1, Results: []contract.MemoryResult{
			{Document: map[string]any{"text": text, "role": "user"}, ContextType: "target"}}}, nil
	}))
}

func TestMemoryIsAsked(t *testing.T) {
	var e script
	var asked []contract.MemoryQuery
	remembering := with(settings(), &e)
	kittest.Run(t, "and its lines stand before the question", func(t *testing.T, b *kittest.Harness) {
		kittest.Ask(t, b, contract.LLMRequest{ID: "r", Text: "which boat", RAGK: new(3)})
		b.Settle()
		if got, want := e.last().User, "(00:00) Known:\n(user) the boat is red\n\nwhich boat"; got != want {
			t.Errorf("prompt %q, want %q", got, want)
		}
		if len(asked) != 1 || asked[0].TopK != 3 || !asked[0].IncludeContext || *asked[0].MaxTokens != 2000 || asked[0].Text != "which boat" {
			t.Errorf("asked %+v", asked)
		}
		kittest.Ask(t, b, contract.LLMRequest{ID: "s", Text: "which boat", UseRAG: new(false)})
		if got := e.last().User; got != "(00:00) which boat" {
			t.Errorf("prompt without memory %q", got)
		}
		history := []contract.ConversationMessage{{Role: "user", Content: "the boat  is red"}, {Role: "assistant", Content: "I see."}}
		kittest.Ask(t, b, contract.LLMRequest{ID: "t", Text: "which boat", History: history})
		if got := e.last().User; got != "(00:00) which boat" {
			t.Errorf("prompt with what the history has %q", got)
		}
	}, recalls(&asked, "the boat is red"), remembering)
	kittest.Run(t, "and not waited for", func(t *testing.T, b *kittest.Harness) {
		for i, want := range []time.Duration{1500 * time.Millisecond, time.Second} {
			begin := time.Now()
			kittest.Ask(t, b, contract.LLMRequest{ID: fmt.Sprint(i), Text: "boat"})
			if took := time.Since(begin); took > want+100*time.Millisecond {
				t.Errorf("answer %d took %s, want %s", i, took, want)
			}
		}
	}, remembering)
}

func TestWithoutAModelItAnswersByItself(t *testing.T) {
	kittest.Run(t, "word by word", func(t *testing.T, b *kittest.Harness) {
		stream := kittest.Watch[contract.LLMStreamDelta](b)
		r := kittest.Ask(t, b, contract.LLMRequest{ID: "r", Text: "6 times 7"})
		if value(r.Reply) != "That is 42." || value(r.Provider) != "builtin" {
			t.Errorf("%s said %q", value(r.Provider), value(r.Reply))
		}
		b.Settle()
		if got, want := deltas(stream), `r 1 "That " false; r 2 "is " false; r 3 "42." false; r 4 "<nil>" true; `; got != want {
			t.Errorf("streamed %s, want %s", got, want)
		}
	}, Module.With(fx.Replace(bare())))
}

// bare is a Config with no model, also where the environment names one.
func bare() Config {
	c := settings()
	c.Engine, c.RAG = "builtin", false
	return c
}

func TestBuiltinRecalls(t *testing.T) {
	for _, ask := range []string{"What did I say about the boat?", "what do you remember about boats", "Do you remember the boat?", "When did I mention the boat", "what did I just say"} {
		var asked []contract.MemoryQuery
		kittest.Run(t, ask, func(t *testing.T, b *kittest.Harness) {
			r := kittest.Ask(t, b, contract.LLMRequest{ID: "r", Text: ask})
			if got := value(r.Reply); got != "You said: The boat is red." {
				t.Errorf("said %q", got)
			}
		}, recalls(&asked, "The boat is red."), Module.With(fx.Replace(bare())))
	}
	var asked []contract.MemoryQuery
	kittest.Run(t, "and will", func(t *testing.T, b *kittest.Harness) {
		r := kittest.Ask(t, b, contract.LLMRequest{ID: "r", Text: "Please remember that the boat is red."})
		if got := value(r.Reply); got != "I will remember that." {
			t.Errorf("said %q", got)
		}
	}, recalls(&asked, "x"), Module.With(fx.Replace(bare())))
	kittest.Run(t, "and says when it cannot", func(t *testing.T, b *kittest.Harness) {
		r := kittest.Ask(t, b, contract.LLMRequest{ID: "r", Text: "what did I say about boats"})
		if got := value(r.Reply); got != "I cannot reach my memory at the moment." {
			t.Errorf("said %q", got)
		}
	}, Module.With(fx.Replace(bare())))
}
