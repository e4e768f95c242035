package llm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/mcp"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/llm/engine"
)

// bench is a Toolbox of tools that do as they are called.
type bench struct {
	mu      sync.Mutex
	called  []string
	extra   int // tools beside its own
	changed chan struct{}
}

func (b *bench) Tools() (all []mcp.Tool) {
	text := map[string]any{"type": "object", "properties": map[string]any{"text": map[string]any{"type": "string"}}, "required": []any{"text"}}
	for _, name := range []string{"echo", "hang", "fail", "long"} {
		all = append(all, mcp.Tool{Name: "mcp__bench__" + name, Title: name, Description: "Does " + name + ".", Schema: text})
	}
	all = append(all, mcp.Tool{Name: "mcp__bench__erase", Title: "Erase", Description: "Erases a file.", Schema: text, Asks: true})
	for i := range b.extra {
		all = append(all, mcp.Tool{Name: fmt.Sprint("mcp__more__tool", i), Description: "Number " + fmt.Sprint(i)})
	}
	return all
}

func (b *bench) Changed() <-chan struct{} {
	if b.changed == nil { // made within the bubble of the test
		b.changed = make(chan struct{}, 1)
	}
	return b.changed
}

func (b *bench) Call(ctx context.Context, t mcp.Tool, args map[string]any) (string, error) {
	b.mu.Lock()
	b.called = append(b.called, fmt.Sprint(t.Name, args))
	b.mu.Unlock()
	switch t.Title {
	case "hang":
		<-ctx.Done()
		return "", context.Cause(ctx)
	case "fail":
		return "", errors.New("the lamp is broken")
	case "long":
		time.Sleep(2500 * time.Millisecond)
		return strings.Repeat("very long ", 50000), nil
	}
	time.Sleep(200 * time.Millisecond)
	return fmt.Sprint("it says ", args["text"]), nil
}

// caller is an engine that makes the calls of a round each time, and then writes its last
// words with what came of them.
type caller struct {
	rounds [][]openai.ToolCall
	last   string // its words at the end; empty: what the tools gave back
	fails  bool   // it cannot read what tools gave back

	mu   sync.Mutex
	seen []engine.Prompt
}

func toolCall(id, name, args string) openai.ToolCall {
	return openai.ToolCall{ID: id, Type: "function", Function: openai.ToolCallFunction{Name: "mcp__bench__" + name, Arguments: args}}
}

func (e *caller) Generate(_ context.Context, p engine.Prompt, emit func(string) error) (engine.Usage, error) {
	e.mu.Lock()
	e.seen = append(e.seen, p)
	n := 0
	for _, m := range p.After {
		if len(m.ToolCalls) > 0 {
			n++
		}
	}
	e.mu.Unlock()
	if n > 0 && e.fails {
		return engine.Usage{}, errors.New("no tool messages, please")
	}
	if n < len(e.rounds) && len(p.Tools) > 0 {
		if n == 0 {
			_ = emit("Let us see.")
		}
		return engine.Usage{Calls: e.rounds[n]}, nil
	}
	if e.last != "" {
		return engine.Usage{}, emit(e.last)
	}
	var all []string
	for _, m := range p.After {
		if m.Role == "tool" {
			all = append(all, m.Content[:min(len(m.Content), 90)])
		}
	}
	return engine.Usage{}, emit(strings.Join(all, "; "))
}

func withTools(e engine.Generator, b *bench) kit.Module {
	return Module.With(fx.Replace(bareOf(settings())), fx.Decorate(func(engine.Generator) engine.Generator { return e }), fx.Decorate(func(Toolbox) Toolbox { return b }))
}

func TestToolsAreCalledWhileAnswering(t *testing.T) {
	hi := `{"text":"hi"}`
	tests := map[string]struct {
		e      *caller
		reply  string
		called int
		most   time.Duration
	}{
		"one":                 {e: &caller{rounds: [][]openai.ToolCall{{toolCall("1", "echo", hi)}}}, reply: "Let us see. it says hi", called: 1},
		"several at once":     {e: &caller{rounds: [][]openai.ToolCall{{toolCall("1", "echo", hi), toolCall("2", "echo", `{"text":"ho"}`)}}}, reply: "Let us see. it says hi; it says ho", called: 2, most: 300 * time.Millisecond},
		"one after the other": {e: &caller{rounds: [][]openai.ToolCall{{toolCall("1", "echo", hi)}, {toolCall("2", "echo", hi)}}}, reply: "Let us see. it says hi; it says hi", called: 2},
		"by its short name":   {e: &caller{rounds: [][]openai.ToolCall{{{ID: "1", Function: openai.ToolCallFunction{Name: "echo", Arguments: hi}}}}}, reply: "Let us see. it says hi", called: 1},
		"in rounds without end": {e: &caller{last: "Enough.", rounds: [][]openai.ToolCall{{toolCall("1", "echo", hi)}, {toolCall("2", "echo", hi)}, {toolCall("3", "echo", hi)}, {toolCall("4", "echo", hi)}, {toolCall("5", "echo", hi)}, {toolCall("6", "echo", hi)}}},
			reply: "Let us see. Enough.", called: 4},
		"wrongly, and then right": {e: &caller{rounds: [][]openai.ToolCall{{toolCall("1", "echo", `{"text":5}`)}, {toolCall("2", "echo", hi)}}, last: "Done."}, reply: "Let us see. Done.", called: 1},
		"wrongly, again and again": {e: &caller{last: "I give up.", rounds: [][]openai.ToolCall{{toolCall("1", "echo", `{}`)}, {toolCall("2", "echo", `no`)}, {toolCall("3", "echo", hi)}}},
			reply: "Let us see. I give up.", called: 0},
		"one that there is not":                          {e: &caller{last: "I cannot.", rounds: [][]openai.ToolCall{{toolCall("1", "none", hi)}}}, reply: "Let us see. I cannot.", called: 0},
		"one that fails":                                 {e: &caller{rounds: [][]openai.ToolCall{{toolCall("1", "fail", hi)}}}, reply: "Let us see. Error: the lamp is broken. Tell the user that it did not work.", called: 1},
		"one that hangs":                                 {e: &caller{rounds: [][]openai.ToolCall{{toolCall("1", "hang", hi)}, {toolCall("2", "hang", hi)}}, last: "It hangs."}, reply: "Let us see. It hangs.", called: 1, most: 2600 * time.Millisecond},
		"one that sends much":                            {e: &caller{rounds: [][]openai.ToolCall{{toolCall("1", "long", hi)}}, last: "It is long."}, reply: "Let us see. It is long.", called: 1},
		"and a model without words for it":               {e: &caller{rounds: [][]openai.ToolCall{{toolCall("1", "echo", hi)}}, last: " "}, reply: "Let us see. it says hi", called: 1},
		"and a model that cannot read it":                {e: &caller{rounds: [][]openai.ToolCall{{toolCall("1", "echo", hi)}}, fails: true}, reply: "Let us see. it says hi", called: 1},
		"one that hangs, of a model that cannot read it": {e: &caller{rounds: [][]openai.ToolCall{{toolCall("1", "hang", hi)}}, fails: true}, reply: "Let us see. hang did not answer in time.", called: 1, most: 2600 * time.Millisecond},
	}
	for name, tt := range tests {
		b, e := &bench{}, tt.e
		kittest.Run(t, name, func(t *testing.T, h *kittest.Harness) {
			requests, results := kittest.Watch[contract.ToolCallRequest](h), kittest.Watch[contract.ToolCallResult](h)
			began := time.Now()
			r := kittest.Ask(t, h, contract.LLMRequest{ID: "r", Text: "What does it say?"})
			took := time.Since(began)
			h.Settle()
			if strings.Join(strings.Fields(value(r.Reply)), " ") != tt.reply || len(b.called) != tt.called {
				t.Errorf("reply %q, error %q, called %q, want %q", value(r.Reply), value(r.Error), b.called, tt.reply)
			}
			if len(requests.All()) != tt.called || len(results.All()) != tt.called {
				t.Errorf("%d calls and %d results were told", len(requests.All()), len(results.All()))
			}
			if tt.most > 0 && took > tt.most {
				t.Errorf("it took %s", took)
			}
			for _, p := range e.seen {
				if n := promptTokens(p) + p.MaxTokens; n > 8192 {
					t.Errorf("a prompt has %d tokens", n)
				}
			}
		}, withTools(e, b))
	}
}

func TestToolsEndWithTheTurnAndTellWhatTheyDo(t *testing.T) {
	b := &bench{}
	e := &caller{rounds: [][]openai.ToolCall{{toolCall("1", "hang", `{"text":"x"}`)}}}
	kittest.Run(t, "", func(t *testing.T, h *kittest.Harness) {
		answers, told := kittest.Watch[contract.LLMResponse](h), kittest.Watch[contract.LLMProgress](h)
		h.Publish(t, contract.LLMRequest{ID: "r", Text: "What does it say?"})
		time.Sleep(1500 * time.Millisecond)
		began := time.Now()
		h.Publish(t, contract.LLMCancel{ID: "r"})
		r, _ := answers.Next(t)
		if value(r.Error) != "cancelled" || time.Since(began) > 100*time.Millisecond {
			t.Errorf("error %q after %s", value(r.Error), time.Since(began))
		}
		if all := told.All(); len(all) != 1 || all[0].State != contract.LLMTool || value(all[0].Tool) != "mcp__bench__hang" || all[0].Tools != 1 {
			t.Errorf("told %+v", all)
		}
	}, withTools(e, b))
}

func TestDangerousToolsAskFirst(t *testing.T) {
	tests := map[string]struct {
		answer, reply string
		called        int
		later         time.Duration
		room          string
	}{
		"and a yes does it":                    {answer: "Yes, please.", reply: "it says notes", called: 1, room: "hall"},
		"and a yes in German does it":          {answer: "Ja, mach das!", reply: "it says notes", called: 1, room: "hall"},
		"and a no does not":                    {answer: "No, thanks.", reply: "All right, I leave it.", room: "hall"},
		"and a yes with a question does not":   {answer: "Yes, but which one?", reply: "Shall I really erase, with text notes? Please say yes or no.", room: "hall"},
		"and a yes after a long time does not": {answer: "Yes.", reply: "Shall I really erase, with text notes? Please say yes or no.", later: 2 * time.Minute, room: "hall"},
		"and a yes of another room does not":   {answer: "Yes.", reply: "Shall I really erase, with text notes? Please say yes or no.", room: "kitchen"},
	}
	for name, tt := range tests {
		b := &bench{}
		e := &quietCaller{caller: caller{rounds: [][]openai.ToolCall{{toolCall("1", "erase", `{"text":"notes"}`)}}}}
		kittest.Run(t, name, func(t *testing.T, h *kittest.Harness) {
			answers := kittest.Watch[contract.LLMResponse](h)
			publishFrom(t, h, "hall", contract.LLMRequest{ID: "r", Text: "Erase my notes."})
			if r, _ := answers.Next(t); value(r.Reply) != "Shall I really erase, with text notes? Please say yes or no." || len(b.called) > 0 {
				t.Fatalf("reply %q, error %q, called %q", value(r.Reply), value(r.Error), b.called)
			}
			time.Sleep(tt.later)
			publishFrom(t, h, tt.room, contract.LLMRequest{ID: "s", Text: tt.answer})
			if r, _ := answers.Next(t); value(r.Reply) != tt.reply || len(b.called) != tt.called {
				t.Errorf("reply %q, error %q, called %q, want %q", value(r.Reply), value(r.Error), b.called, tt.reply)
			}
		}, withTools(e, b))
	}
}

// publishFrom publishes a request from a room.
func publishFrom(t *testing.T, h *kittest.Harness, room string, q contract.LLMRequest) {
	t.Helper()
	if err := h.Bus.Publish(kit.WithBaggage(t.Context(), "room", room), q); err != nil {
		t.Fatal(err)
	}
}

// quietCaller is a caller that says nothing before its calls.
type quietCaller struct{ caller }

func (e *quietCaller) Generate(ctx context.Context, p engine.Prompt, emit func(string) error) (engine.Usage, error) {
	return e.caller.Generate(ctx, p, func(text string) error {
		if text == "Let us see." {
			return nil
		}
		return emit(text)
	})
}

func TestTheRegistryListsAllAndTheModelGetsFew(t *testing.T) {
	b := &bench{extra: 95}
	e := &caller{last: "Hello."}
	kittest.Run(t, "", func(t *testing.T, h *kittest.Harness) {
		registry := kittest.Watch[contract.ToolsRegistry](h)
		b.changed <- struct{}{}
		list, _ := registry.Next(t)
		if len(list.Tools) != 100 || list.Tools[0].Function["name"] != "mcp__bench__echo" || list.Tools[0].Function["parameters"] == nil {
			t.Errorf("%d tools, the first is %v", len(list.Tools), list.Tools[0])
		}
		kittest.Ask(t, h, contract.LLMRequest{ID: "r", Text: "Please erase number 77."})
		var names []string
		for _, x := range e.seen[0].Tools {
			names = append(names, x.Function.Name)
		}
		if got := fmt.Sprint(names); len(names) != 8 || !strings.Contains(got, "erase") || !strings.Contains(got, "tool77") {
			t.Errorf("the model got %s", got)
		}
	}, withTools(e, b))
}
