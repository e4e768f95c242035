package llm

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/test/need"
)

// TestRealService writes and stops over the bus, with a real model and a real clock.
func TestRealService(t *testing.T) {
	need.Engines(t, "LLM_OPENAI_URL")
	c := settings()
	c.BaseURL, c.RAG = os.Getenv("LLM_OPENAI_URL"), false
	b := kittest.Start(t, Module.With(fx.Replace(c)))
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	var last contract.LLMResponse
	var text strings.Builder
	begin, first := time.Now(), time.Duration(0)
	q := contract.LLMRequest{ID: "r", Text: "Name three colours.", Params: map[string]any{"max_tokens": 40}}
	for d, err := range kit.AskStream(t.Context(), b.Bus, q, &last) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Delta != nil {
			if text.Len() == 0 {
				first = time.Since(begin)
			}
			text.WriteString(*d.Delta)
		}
	}
	if last.Reply == nil || text.String() != *last.Reply || last.Error != nil {
		t.Errorf("streamed %q, then %+v", text.String(), last)
	}
	t.Logf("first words after %s, all after %s", first, time.Since(begin))

	answers := kittest.Watch[contract.LLMResponse](b)
	for d, err := range kit.AskStream(t.Context(), b.Bus, contract.LLMRequest{ID: "s", Text: "Count from one to a hundred in words."}, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Delta != nil {
			break // which cancels
		}
	}
	begin = time.Now()
	r, _ := answers.Next(t)
	for r.ID != "s" { // the first answer may still be on its way to the watcher
		r, _ = answers.Next(t)
	}
	if r.Error == nil || *r.Error != "cancelled" {
		t.Errorf("after a cancel: %+v", r)
	}
	t.Logf("stopped after %s", time.Since(begin))
}

// BenchmarkFirstDelta is what the service adds to the time of the model: from
// the request on the bus to the first delta on the bus.
func BenchmarkFirstDelta(b *testing.B) {
	c := settings()
	c.BaseURL = enginetest.ServeChat(b, func(w http.ResponseWriter, _ *http.Request) {
		enginetest.StartChat(w)
		enginetest.WriteChat(w, "word")
		enginetest.EndChat(w)
	})
	c.RAG = false
	bench := kittest.Start(b, Module.With(fx.Replace(c)))
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		for d, err := range kit.AskStream(b.Context(), bench.Bus, contract.LLMRequest{ID: "r", Text: "x"}, nil) {
			if err != nil {
				b.Fatal(err)
			}
			if d.Delta != nil {
				took = append(took, time.Since(begin))
			}
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
