package llm

import (
	"context"
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// TestWhatAnAnswerWasMadeOfIsTold asks a model that writes a word a second, with a memory
// that finds two lines.
func TestWhatAnAnswerWasMadeOfIsTold(t *testing.T) {
	memory := kittest.ServiceOf("memory", kit.Answer(func(_ context.Context, q contract.MemoryQuery) (contract.MemoryResults, error) {
		return contract.MemoryResults{Query: q.Text, K: 2, Results: []contract.MemoryResult{
			{Document: map[string]any{"text": "My boat is red.", "role": "user"}, Score: new(0.91), Timestamp: new("1763000000"), ContextType: contract.ContextTarget},
			{Document: map[string]any{"text": "My boat is blue.", "role": "user", "superseded_by": 7}, Score: new(0.4), ContextType: contract.ContextPrevious},
			{Document: map[string]any{"text": "what colour", "role": "user"}, Score: new(0.3)}, // the question itself
		}}, nil
	}))
	c := settings()
	c.RAG = true
	kittest.Run(t, "an answer", func(t *testing.T, h *kittest.Harness) {
		details := kittest.Watch[contract.AnswerDetail](h)
		r := kittest.Ask(t, h, contract.LLMRequest{ID: "r", Text: "what colour", History: []contract.ConversationMessage{{Role: contract.RoleUser, Content: "hello"}, {Role: contract.RoleAssistant, Content: "Hello!"}}})
		h.Settle()
		all := details.All()
		if r.Error != nil || len(all) != 1 || all[0].ID != "r" {
			t.Fatalf("response %+v, details %+v", r, all)
		}
		d := all[0]
		if len(d.Memories) != 2 || d.History != 2 || d.MemoryAsked == nil || *d.MemoryTold < *d.MemoryAsked || d.MemoryError != nil {
			t.Fatalf("told %+v", d)
		}
		if m := d.Memories[0]; m.Text != "My boat is red." || *m.Role != "user" || *m.Score != 0.91 || *m.Said != 1763000000 || m.Superseded || m.Beside {
			t.Errorf("the first memory is %+v", m)
		}
		if m := d.Memories[1]; m.Text != "My boat is blue." || !m.Superseded || !m.Beside {
			t.Errorf("the second memory is %+v", m)
		}
		if len(d.Rounds) != 1 || d.Rounds[0].First == nil || *d.Rounds[0].Model != "m1" || d.Rounds[0].Error != nil {
			t.Fatalf("rounds %+v", d.Rounds)
		}
		if x := d.Rounds[0]; *x.First-x.Asked < 0.9 || *x.First-x.Asked > 1.1 || x.Ended-x.Asked < 1.9 || x.Ended-x.Asked > 2.1 {
			t.Errorf("asked at %f, first word after %f s, over after %f s, want 1 and 2", x.Asked, *x.First-x.Asked, x.Ended-x.Asked)
		}
	}, memory, with(c, &script{}))
	kittest.Run(t, "a model that fails", func(t *testing.T, h *kittest.Harness) {
		details := kittest.Watch[contract.AnswerDetail](h)
		kittest.Ask(t, h, contract.LLMRequest{ID: "r", Text: "fail now"})
		h.Settle()
		all := details.All()
		if len(all) != 1 || len(all[0].Rounds) != 1 || all[0].Rounds[0].Error == nil || all[0].MemoryAsked != nil {
			t.Fatalf("details %+v", all)
		}
	}, scripted(&script{}))
}
