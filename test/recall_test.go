package test

import (
	"strings"
	"testing"

	"github.com/gotars/tars/contract"
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
		if r.Reply == nil || !strings.HasPrefix(*r.Reply, "You said ") || !strings.HasSuffix(*r.Reply, ": My boat is called Marigold.") || strings.Contains(*r.Reply, "What did") {
			t.Errorf("answered %+v", r)
		}
		r = kittest.Ask(t, b, contract.LLMRequest{ID: "s", Text: "What do you remember about elephants?"})
		if r.Reply == nil || *r.Reply != "I remember nothing about elephants." {
			t.Errorf("answered %+v", r)
		}
	}, memory.Module, llm.Module)
}
