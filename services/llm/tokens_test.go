package llm

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/services/llm/engine"
	"github.com/gotars/tars/test/need"
)

// TestRealTokenizerCountsNoMore holds the estimates against the counts of a real server; see
// need.Engines.
func TestRealTokenizerCountsNoMore(t *testing.T) {
	need.Engines(t, "LLM_OPENAI_URL")
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	texts := map[string]string{
		"English":  "The quick brown fox jumps over the lazy dog, and nobody in the whole village had ever seen anything quite like it before.",
		"German":   "Die Größenordnung der Überschwemmungen überraschte selbst die erfahrensten Wissenschaftlerinnen des Landes.",
		"figures":  "On 2026-11-28 at 13:45:07 the sum was 1,234,567.89, or 3.14159 times 42; call 555-1234.",
		"code":     "func main() {\n\tfor i := 0; i < 10; i++ {\n\t\tfmt.Printf(\"%d\\n\", i)\n\t}\n}\n",
		"JSON":     `{"type":"function","function":{"name":"mcp__time__get_current_time","parameters":{"type":"object","properties":{"timezone":{"type":"string"}}}}}`,
		"Chinese":  "天气很好，我们明天去公园散步吧。",
		"Russian":  "Завтра будет хорошая погода, и мы пойдём гулять в парк.",
		"Hindi":    "नमस्ते। आज मौसम अच्छा है। कल बारिश होगी।",
		"Arabic":   "الطقس جميل اليوم وسنذهب إلى الحديقة.",
		"emoji":    "👍🏽 🎉 😀 🚀",
		"keys":     "c2stcHJvai1BQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWg== https://example.org/a_b?c=d&e=f",
		"markdown": "# Plan\n\n* one **two**\n* three\n\n| a | b |\n|---|---|\n| 1 | 2 |",
	}
	for name, text := range texts {
		c := settings().Config
		c.BaseURL = os.Getenv("LLM_OPENAI_URL")
		p := engine.Prompt{System: "Be brief.", User: strings.Repeat(text+" ", 4), MaxTokens: 1, TopP: 1, History: []contract.ConversationMessage{{Role: "user", Content: text}, {Role: "assistant", Content: "Yes."}}}
		use, err := engine.NewOpenAI(c).Generate(t.Context(), p, func(string) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		counted, _ := numberOf(use.Tokens["prompt_tokens"])
		t.Logf("%s: estimated %d, counted %.0f (%.2f)", name, promptTokens(p), counted, counted/float64(promptTokens(p)))
		if counted > float64(promptTokens(p)) {
			t.Errorf("%s: estimated %d tokens, the server counts %.0f", name, promptTokens(p), counted)
		}
	}
}
