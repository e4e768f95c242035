package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/llm"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/router"
)

// writes is a model server that writes text in pieces of n characters, and ends as finish
// says.
func writes(text string, n int, finish string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		enginetest.StartChat(w)
		for r := []rune(text); len(r) > 0; r = r[min(n, len(r)):] {
			enginetest.WriteChat(w, string(r[:min(n, len(r))]))
		}
		fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":%q}]}\n\n", finish)
		enginetest.EndChat(w)
	}
}

// sends is a model server that sends lines, one each pause, and then says that the light is on.
func sends(line string, times int, pause time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		enginetest.StartChat(w)
		for range times {
			fmt.Fprint(w, line)
			w.(http.Flusher).Flush()
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
				return
			}
		}
		enginetest.WriteChat(w, "The kitchen light is on.")
		enginetest.EndChat(w)
	}
}

// What servers and models send, and what a person hears of it, through llm, router and
// memory.
func TestOnlyTheAnswerIsHeard(t *testing.T) {
	const on, capital = "The kitchen light is on.", "Paris is the capital."
	tests := map[string]struct {
		model   http.HandlerFunc
		spoken  string // pieces, with a blank between
		outcome string
		failure string
	}{
		"thoughts without a begin":   {model: writes("The user wants a fact. I should be brief. I will say it.\n</think>\n\n"+capital, 5, "stop"), spoken: capital},
		"thoughts with CRLF":         {model: writes("\r\n<think>\r\nThe user asks.\r\n</think>\r\n\r\n"+capital, 3, "stop"), spoken: capital},
		"thoughts called thinking":   {model: writes("<thinking>The user asks.</thinking>"+capital, 4, "stop"), spoken: capital},
		"thoughts called thought":    {model: writes("<thought>The user asks.</thought>"+capital, 7, "stop"), spoken: capital},
		"thoughts in the middle":     {model: writes("Paris. <think>Is it?</think> It is the capital.", 6, "stop"), spoken: "Paris. It is the capital."},
		"channels":                   {model: writes("<|channel|>analysis<|message|>The user asks.<|channel|>final<|message|>"+capital, 5, "stop"), spoken: capital},
		"a mark at the end":          {model: writes(on+"<|im_end|>", 4, "stop"), spoken: on},
		"turns that are made up":     {model: writes(on+"<|im_end|>\n<|im_start|>user\nThanks.<|im_end|>\n<|im_start|>assistant\nYou are welcome.", 6, "stop"), spoken: on},
		"a call written as text":     {model: writes(on+" <tool_call>{\"name\":\"light\",\"arguments\":{}}</tool_call>", 6, "stop"), spoken: on},
		"empty data":                 {model: sends("data:\n\ndata: \n\n", 3, 0), spoken: on},
		"parts":                      {model: replies("text/event-stream", `data: {"choices":[{"delta":{"content":[{"type":"text","text":"`+on+`"}]}}]}`+"\n\ndata: [DONE]\n\n"), spoken: on},
		"JSON in place of a stream":  {model: replies("application/json", `{"choices":[{"message":{"content":"`+on+`"}}]}`), spoken: on},
		"an error after some words":  {model: breaks("The kitchen light is on. The hall li"), spoken: on + " Sorry, I lost the rest of that.", outcome: contract.TurnFailed, failure: "no memory left"},
		"an error after half a word": {model: breaks("The kitc"), spoken: "Sorry, I cannot answer right now.", outcome: contract.TurnFailed, failure: "no memory left"},
		"an answer that is too long": {model: writes("It was a fox. It lived in a wood near the", 5, "length"), spoken: "It was a fox. That was too long for one answer. Say go on for more."},
		"a filter":                   {model: writes("The first step is easy. Then you", 5, "content_filter"), spoken: "The first step is easy. Sorry, I lost the rest of that.", outcome: contract.TurnFailed, failure: "the provider of the model ended the answer"},
		"too many requests": {model: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusTooManyRequests)
		}, spoken: "Sorry, I cannot answer right now.", outcome: contract.TurnFailed, failure: "too many requests"},
		"long thoughts":    {model: sends("data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n", 8, 300*time.Millisecond), spoken: "One moment. " + on},
		"a long heartbeat": {model: sends(": ping\n\n", 8, 300*time.Millisecond), spoken: "One moment. " + on},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			model, asked := tt.model, ""
			t.Setenv("LLM_ENGINE", "openai")
			t.Setenv("LLM_MODEL", "first")
			t.Setenv("LLM_FIRST_TOKEN", "1s")
			t.Setenv("LLM_BASE_URL", enginetest.ServeChat(t, func(w http.ResponseWriter, r *http.Request) {
				var q any
				_ = json.NewDecoder(r.Body).Decode(&q)
				b, _ := json.Marshal(q)
				mu.Lock()
				asked = string(b)
				h := model
				mu.Unlock()
				h(w, r)
			}))
			var speaker *kit.Bus
			h := kittest.Start(t, memory.Module, llm.Module, router.Module, voice(&speaker))
			said, turns, answers := kittest.Watch[contract.TtsSay](h), kittest.Watch[contract.TurnRecord](h), kittest.Watch[contract.LLMResponse](h)
			hear(t, h, "What is it?")
			record, _ := turns.Next(t)
			var spoken []string
			for _, s := range said.All() {
				spoken = append(spoken, s.Text)
			}
			answer, _ := answers.Next(t)
			if got := strings.Join(spoken, " "); got != tt.spoken {
				t.Errorf("spoken %q, want %q", got, tt.spoken)
			}
			outcome := tt.outcome
			if outcome == "" {
				outcome = contract.TurnDone
			}
			if reason := fmt.Sprint(deref(record.Reason), deref(answer.Error)); record.Outcome != outcome || !strings.Contains(reason, tt.failure) {
				t.Errorf("the turn is %s: %s, want %s: %s", record.Outcome, reason, outcome, tt.failure)
			}
			for _, hidden := range []string{"<", "user", "hm", "{"} {
				if strings.Contains(deref(answer.Reply), hidden) {
					t.Errorf("the page has %q", *answer.Reply)
				}
			}
			mu.Lock()
			model = writes("Fine.", 9, "stop")
			mu.Unlock()
			hear(t, h, "And now?")
			turns.Next(t)
			mu.Lock()
			defer mu.Unlock()
			for _, hidden := range []string{"think", "channel", "im_end", "The user wants", "The user asks", "tool_call", "hm", "One moment", "Sorry, I", "too long", "near the", "hall li"} {
				if strings.Contains(asked, hidden) {
					t.Errorf("history or memory has %q: %s", hidden, asked)
				}
			}
		})
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// replies is a model server that answers with body.
func replies(kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		fmt.Fprint(w, body)
	}
}

// breaks is a model server that writes text and fails then.
func breaks(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		enginetest.StartChat(w)
		enginetest.WriteChat(w, text)
		fmt.Fprint(w, "data: {\"error\":{\"message\":\"no memory left\"}}\n\n")
	}
}

// hear has the hall say something.
func hear(t *testing.T, h *kittest.Harness, text string) {
	t.Helper()
	if err := h.Bus.Publish(kit.WithBaggage(t.Context(), "room", "hall"), contract.FinalTranscript{Text: text, Lang: "en", UttID: new(kit.NewID())}); err != nil {
		t.Fatal(err)
	}
}
