package test

import (
	"strings"
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/llm"
	"github.com/gotars/tars/services/memory"
)

// A question travels as in the whole stack: memory keeps it before llm asks for
// what it knows.
func TestRecallWithoutAModel(t *testing.T) {
	t.Setenv("LLM_ENGINE", "builtin")
	kittest.Run(t, "what was said is known, the question is not quoted", func(t *testing.T, b *kittest.Harness) {
		for _, said := range []string{"My boat is called Marigold.", "What a day.", "What did I say about my boat?"} {
			b.Publish(t, contract.FinalTranscript{Text: said})
			b.Settle()
		}
		r := kittest.Ask(t, b, contract.LLMRequest{ID: "r", Text: "What did I say about my boat?"})
		if r.Reply == nil || *r.Reply != "You said: My boat is called Marigold." {
			t.Errorf("answered %+v", r)
		}
		r = kittest.Ask(t, b, contract.LLMRequest{ID: "s", Text: "What do you remember about elephants?"})
		if r.Reply == nil || *r.Reply != "I remember nothing about elephants." {
			t.Errorf("answered %+v", r)
		}
	}, memory.Module, llm.Module)
}

// TestFactsAreAnsweredWithoutAModel has what was met in use: earlier questions and our own
// quotations came back in place of the fact. Other facts and wordings are of the same kind.
func TestFactsAreAnsweredWithoutAModel(t *testing.T) {
	t.Setenv("LLM_ENGINE", "builtin")
	key := []string{"Remember that the key is under the mat."}
	tests := map[string]struct {
		told []string
		asks []string
		want string // of each
	}{
		"the key, asked in every way": {key, []string{"Where is my key?", "Do you remember the key?", "What did I say about the mat?", "What did I say about the mat?", "What do you know about the key?", "where is the key"},
			"You said: Remember that the key is under the mat."},
		"the cat": {[]string{"My cat is called Miso.", "It is raining again."}, []string{"What is my cat called?", "what's my cat called", "Hey TARS, what is my cat called?", "What is my cat called?"}, "You said: My cat is called Miso."},
		"what changed": {[]string{"The meeting is on Monday.", "The meeting is on Friday now."}, []string{"When is the meeting?", "When is the meeting?", "Tell me when the meeting is", "What day is the meeting?"},
			"You said: The meeting is on Friday now."},
	}
	for name, tt := range tests {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			say := func(text string) string {
				b.Publish(t, contract.FinalTranscript{Text: text})
				b.Settle()
				r := kittest.Ask(t, b, contract.LLMRequest{ID: kit.NewID(), Text: text})
				if r.Reply == nil {
					t.Fatalf("%q has no answer", text)
				}
				b.Publish(t, contract.TtsSay{Text: *r.Reply, UttID: new(kit.NewID())})
				b.Settle()
				return *r.Reply
			}
			for _, text := range tt.told {
				say(text)
			}
			for _, ask := range tt.asks {
				if got := say(ask); got != tt.want {
					t.Errorf("%q is answered %q, want %q", ask, got, tt.want)
				}
			}
			if got := say("What is my grandmother called?"); strings.Contains(got, "You said") {
				t.Errorf("what was never told is answered %q", got)
			}
		}, memory.Module, llm.Module)
	}
	kittest.Run(t, "forget that", func(t *testing.T, b *kittest.Harness) {
		for _, ask := range []string{"My cat is called Miso.", "Forget that."} {
			b.Publish(t, contract.FinalTranscript{Text: ask})
			b.Settle()
			r := kittest.Ask(t, b, contract.LLMRequest{ID: kit.NewID(), Text: ask})
			if ask == "Forget that." && *r.Reply != "I have forgotten it." {
				t.Errorf("answered %q", *r.Reply)
			}
		}
		if r := kittest.Ask(t, b, contract.MemoryQuery{Text: "What is my cat called?"}); r.K != 0 {
			t.Errorf("recalled %+v", r.Results)
		}
	}, memory.Module, llm.Module)
}

// A fact stays above any number of questions about it.
func TestAFactIsFoundBehindQuestions(t *testing.T) {
	kittest.Run(t, "however often it was asked for", func(t *testing.T, b *kittest.Harness) {
		said := []string{"The key of the boat house is in the blue vase."}
		for range 6 {
			said = append(said, "Where is the key of the boat house?", "Do you know where the boat house key is?", "boat house key, where is it", "Tell me where the key of the boat house is")
		}
		for _, text := range said {
			b.Publish(t, contract.FinalTranscript{Text: text})
		}
		b.Settle()
		r := kittest.Ask(t, b, contract.MemoryQuery{Text: "Where is the boat house key?", TopK: 5})
		if len(r.Results) == 0 || r.Results[0].Document.(map[string]any)["text"] != said[0] {
			t.Errorf("recalled %+v", r.Results)
		}
	}, memory.Module)
}
