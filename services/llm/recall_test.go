package llm

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// recallsAll answers every query with some documents, after a while.
func recallsAll(after time.Duration, docs ...map[string]any) kit.Module {
	return kittest.ServiceOf("memory", kit.Answer(func(_ context.Context, q contract.MemoryQuery) (contract.MemoryResults, error) {
		time.Sleep(after)
		r := contract.MemoryResults{Query: q.Text, K: len(docs)}
		for _, d := range docs {
			r.Results = append(r.Results, contract.MemoryResult{Document: d, ContextType: contract.ContextTarget})
		}
		return r, nil
	}))
}

// What a memory recalls is judged before a model reads it: that of the reference keeps the
// question and wake acknowledgements too.
func TestWhatIsRecalledIsJudged(t *testing.T) {
	boat := map[string]any{"text": "The boat is red.", "role": "user"}
	tests := map[string]struct {
		ask  string
		docs []map[string]any
		want string // the prompt
	}{
		"the question itself, from the reference": {"Which boat is it?", []map[string]any{{"text": "which boat is it", "wake_ack": nil}, {"text": "Hmm?", "wake_ack": true}, boat}, "Known:\n(user) The boat is red.\n\nWhich boat is it?"},
		"twice":                    {"Which boat?", []map[string]any{boat, {"text": "the boat is red", "role": "user"}}, "Known:\n(user) The boat is red.\n\nWhich boat?"},
		"nothing":                  {"Which boat?", nil, "Known:\n" + nothingKnown + "\n\nWhich boat?"},
		"nothing, and no question": {"I like boats.", nil, "I like boats."},
		"nothing for certain":      {"Which boat?", []map[string]any{{"text": "A ship.", "sure": false}}, "Known:\n" + nothingSure + "\nA ship.\n\nWhich boat?"},
		"what is no longer so":     {"Which boat?", []map[string]any{{"text": "The boat is red.", "role": "user", "superseded_by": 7, "sure": true}}, "Known:\n(user, no longer so) The boat is red.\n\nWhich boat?"},
	}
	for name, tt := range tests {
		var e script
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			kittest.Ask(t, b, contract.LLMRequest{ID: "r", Text: tt.ask})
			if got := e.last().User; got != "(00:00) "+tt.want {
				t.Errorf("prompt %q, want %q", got, tt.want)
			}
		}, recallsAll(0, tt.docs...), with(settings(), &e))
	}
}

func TestASlowMemoryIsWaitedForLonger(t *testing.T) {
	var e script
	c := settings()
	c.RAGPatience = 2 * time.Second
	kittest.Run(t, "once it is known to be slow", func(t *testing.T, b *kittest.Harness) {
		for i, want := range []bool{false, true, true} { // the first answer is late
			kittest.Ask(t, b, contract.LLMRequest{ID: kit.NewID(), Text: "which boat"})
			if got := strings.Contains(e.last().User, "The boat is red."); got != want {
				t.Errorf("turn %d has the memory: %v, want %v", i, got, want)
			}
			time.Sleep(5 * time.Second)
		}
	}, recallsAll(900*time.Millisecond, map[string]any{"text": "The boat is red."}), with(c, &e))
}
