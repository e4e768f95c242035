package llm

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/llm/engine"
)

// asked is how often the engine was asked, and cut off how often it was ended by err.
func (e *script) asked() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.seen)
}

func (e *script) cutOff(err error) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, why := range e.ended {
		if errors.Is(why, err) {
			n++
		}
	}
	return n
}

func TestAheadAnswers(t *testing.T) {
	var e script
	run := func(name string, f func(t *testing.T, b *kittest.Harness, stream *kittest.Watcher[contract.LLMStreamDelta], answers *kittest.Watcher[contract.LLMResponse])) {
		e = script{}
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			f(t, b, kittest.Watch[contract.LLMStreamDelta](b), kittest.Watch[contract.LLMResponse](b))
		}, scripted(&e))
	}
	earlier := []contract.ConversationMessage{{Role: contract.RoleUser, Content: "hello"}}

	run("what was written before the request is there at once, and the rest follows", func(t *testing.T, b *kittest.Harness, stream *kittest.Watcher[contract.LLMStreamDelta], answers *kittest.Watcher[contract.LLMResponse]) {
		b.Publish(t, contract.LLMAhead{ID: "r", Text: "one two three four", History: earlier})
		time.Sleep(2500 * time.Millisecond)
		if n := len(stream.All()); n != 0 {
			t.Errorf("%d deltas before anybody asked", n)
		}
		b.Publish(t, contract.LLMRequest{ID: "r", Text: "one two three four", History: earlier})
		b.Settle()
		if got, want := deltas(stream), `r 1 "one " false; r 2 "two " false; `; got != want {
			t.Errorf("streamed %s, want %s", got, want)
		}
		begun := time.Now()
		r, _ := answers.Next(t)
		if took := time.Since(begun); value(r.Reply) != "one two three four" || value(r.Model) != "m1" || took > 1600*time.Millisecond {
			t.Errorf("%q by %q after %s", value(r.Reply), value(r.Model), took)
		}
		if e.asked() != 1 {
			t.Errorf("the model was asked %d times", e.asked())
		}
	})
	run("what nobody asks for is given up and leaves no trace", func(t *testing.T, b *kittest.Harness, stream *kittest.Watcher[contract.LLMStreamDelta], answers *kittest.Watcher[contract.LLMResponse]) {
		progress := kittest.Watch[contract.LLMProgress](b)
		b.Publish(t, contract.LLMAhead{ID: "r", Text: "one two three four five six seven eight"})
		time.Sleep(aheadTimeout + time.Second)
		if n := e.cutOff(errUnwanted); n != 1 || len(stream.All())+len(answers.All())+len(progress.All()) > 0 {
			t.Errorf("cut off %d times, streamed %s", n, deltas(stream))
		}
	})
	run("one that is withdrawn ends at once", func(t *testing.T, b *kittest.Harness, stream *kittest.Watcher[contract.LLMStreamDelta], answers *kittest.Watcher[contract.LLMResponse]) {
		b.Publish(t, contract.LLMAhead{ID: "r", Text: "one two three"})
		time.Sleep(500 * time.Millisecond)
		b.Publish(t, contract.LLMAhead{ID: "r"})
		b.Settle()
		if n := e.cutOff(errUnwanted); n != 1 || len(stream.All())+len(answers.All()) > 0 {
			t.Errorf("cut off %d times, streamed %s", n, deltas(stream))
		}
	})
	run("another question is asked anew", func(t *testing.T, b *kittest.Harness, stream *kittest.Watcher[contract.LLMStreamDelta], answers *kittest.Watcher[contract.LLMResponse]) {
		for _, text := range []string{"tell me", "tell me about"} { // the person went on, twice
			b.Publish(t, contract.LLMAhead{ID: "r", Text: text})
			time.Sleep(500 * time.Millisecond)
		}
		b.Publish(t, contract.LLMRequest{ID: "r", Text: "tell me about cats"})
		if r, _ := answers.Next(t); value(r.Reply) != "tell me about cats" || e.cutOff(errUnwanted) != 2 || e.asked() != 3 {
			t.Errorf("%q, %d cut off, asked %d times", value(r.Reply), e.cutOff(errUnwanted), e.asked())
		}
	})
	run("a cancel ends one that was begun ahead", func(t *testing.T, b *kittest.Harness, stream *kittest.Watcher[contract.LLMStreamDelta], answers *kittest.Watcher[contract.LLMResponse]) {
		b.Publish(t, contract.LLMAhead{ID: "r", Text: "one two three"})
		time.Sleep(500 * time.Millisecond)
		b.Publish(t, contract.LLMRequest{ID: "r", Text: "one two three"})
		time.Sleep(time.Second)
		b.Publish(t, contract.LLMCancel{ID: "r"})
		r, _ := answers.Next(t)
		b.Settle()
		if value(r.Error) != "cancelled" || e.cutOff(errUnwanted) != 1 || e.asked() != 1 {
			t.Errorf("error %q, %d cut off, asked %d times", value(r.Error), e.cutOff(errUnwanted), e.asked())
		}
	})
	run("a command is obeyed once, and not answered by the model", func(t *testing.T, b *kittest.Harness, stream *kittest.Watcher[contract.LLMStreamDelta], answers *kittest.Watcher[contract.LLMResponse]) {
		b.Publish(t, contract.LLMAhead{ID: "r", Text: "forget everything"})
		time.Sleep(500 * time.Millisecond)
		b.Publish(t, contract.LLMRequest{ID: "r", Text: "forget everything"})
		r, _ := answers.Next(t)
		b.Settle()
		if value(r.Reply) == "forget everything" || e.cutOff(errUnwanted) != 1 {
			t.Errorf("%q, %d cut off", value(r.Reply), e.cutOff(errUnwanted))
		}
	})
}

// breaker is an engine that panics.
type breaker struct{}

func (breaker) Generate(context.Context, engine.Prompt, func(string) error) (engine.Usage, error) {
	time.Sleep(2 * time.Second)
	panic("a fault of the engine")
}

func TestAnAnswerAheadThatPanicsIsNotWaitedFor(t *testing.T) {
	c := settings()
	c.RAG = false
	kittest.Run(t, "it fails at once", func(t *testing.T, b *kittest.Harness) {
		answers := kittest.Watch[contract.LLMResponse](b)
		b.Publish(t, contract.LLMAhead{ID: "r", Text: "one two"})
		time.Sleep(time.Second)
		begun := time.Now()
		b.Publish(t, contract.LLMRequest{ID: "r", Text: "one two"})
		if r, _ := answers.Next(t); r.Error == nil || time.Since(begun) > 2*time.Second {
			t.Errorf("error %q after %s", value(r.Error), time.Since(begun))
		}
	}, Module.With(fx.Replace(c), fx.Decorate(func(engine.Generator) engine.Generator { return breaker{} })))
}

// A tool may do something, and what was not said to its end is no order.
func TestToolsAreNotCalledAhead(t *testing.T) {
	tools := &bench{}
	e := &caller{rounds: [][]openai.ToolCall{{toolCall("1", "echo", `{"text":"cats"}`)}}, last: "Done."}
	c := settings()
	c.RAG = false
	kittest.Run(t, "before the request", func(t *testing.T, b *kittest.Harness) {
		answers := kittest.Watch[contract.LLMResponse](b)
		b.Publish(t, contract.LLMAhead{ID: "r", Text: "echo cats"})
		time.Sleep(time.Second)
		if len(tools.called) > 0 {
			t.Errorf("called %q before anybody asked", tools.called)
		}
		b.Publish(t, contract.LLMRequest{ID: "r", Text: "echo cats"})
		r, _ := answers.Next(t)
		if value(r.Reply) != "Let us see. Done." || len(tools.called) != 1 || len(e.seen) != 2 {
			t.Errorf("%q, called %q, asked %d times", value(r.Reply), tools.called, len(e.seen))
		}
	}, Module.With(fx.Replace(c), fx.Decorate(func(engine.Generator) engine.Generator { return e }), fx.Decorate(func(Toolbox) Toolbox { return tools })))
}

func TestHeadStartsAreCounted(t *testing.T) {
	e := &script{}
	kittest.Run(t, "those that were of use, and those that were not", func(t *testing.T, b *kittest.Harness) {
		for _, text := range []string{"one", "two"} {
			b.Publish(t, contract.LLMAhead{ID: text, Text: text})
			b.Settle()
		}
		kittest.Ask(t, b, contract.LLMRequest{ID: "one", Text: "one"})
		time.Sleep(aheadTimeout)
		if n := b.Stats("llm").Counters; n["ahead_used"] != 1 || n["ahead_discarded"] != 1 {
			t.Errorf("counted %v", n)
		}
	}, scripted(e))
}
