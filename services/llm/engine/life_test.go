package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotars/tars/engines/enginetest"
)

// The times of these tests are a hundredth of those of the settings.
func TestLifeIsNotText(t *testing.T) {
	beat := func(what string, times int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			enginetest.StartChat(w)
			for range times {
				if _, err := fmt.Fprint(w, what); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				select {
				case <-time.After(100 * time.Millisecond):
				case <-r.Context().Done():
					return
				}
			}
			enginetest.WriteChat(w, "Paris.")
			enginetest.EndChat(w)
		}
	}
	const thought, comment, empty = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm \"}}]}\n\n", ": ping\n\n", "data:\n\n"
	loading := func(times int32) http.HandlerFunc {
		var calls atomic.Int32
		return func(w http.ResponseWriter, _ *http.Request) {
			if calls.Add(1) <= times {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusServiceUnavailable)
				fmt.Fprint(w, `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`)
				return
			}
			enginetest.WriteChat(w, "Paris.")
			enginetest.EndChat(w)
		}
	}
	tests := map[string]struct {
		h      http.HandlerFunc
		want   string
		err    string
		signs  Progress
		change func(*Config)
	}{
		"thoughts for longer than a silence may be":   {h: beat(thought, 8), want: "Paris.", signs: Thinking},
		"comments for longer than a silence may be":   {h: beat(comment, 8), want: "Paris.", signs: Waiting},
		"empty data for longer than a silence may be": {h: beat(empty, 8), want: "Paris.", signs: Waiting},
		"thoughts in the text":                        {h: beat("data: {\"choices\":[{\"delta\":{\"content\":\"<think>hm\"}}]}\n\n", 1), want: "", err: "wrote thoughts and no answer", signs: Thinking},
		"a model that loads":                          {h: loading(2), want: "Paris.", signs: Loading, change: func(c *Config) { c.FirstToken = 3 * time.Second }},
		"a server that is silent while its model loads": {h: func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(700 * time.Millisecond)
			enginetest.WriteChat(w, "Paris.")
			enginetest.EndChat(w)
		}, want: "Paris.", signs: Loading},
		"thoughts without an end":            {h: beat(thought, 60), err: "was at work and wrote no word for 500ms", change: func(c *Config) { c.Thinking = 500 * time.Millisecond }},
		"thoughts where none are waited for": {h: beat(thought, 60), err: "wrote nothing within 300ms", change: func(c *Config) { c.Thinking = 0 }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, tt.h)
			c.FirstToken, c.Idle, c.Thinking = 300*time.Millisecond, 200*time.Millisecond, 20*time.Second
			if tt.change != nil {
				tt.change(&c)
			}
			var signs sync.Map
			text := ""
			_, err := NewOpenAI(c).Generate(t.Context(), Prompt{User: "x", Model: "m", MaxTokens: 9, OnProgress: func(p Progress) { signs.Store(p, true) }}, func(d string) error { text += d; return nil })
			if text != tt.want || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("wrote %q, error %v, want %q, %q", text, err, tt.want, tt.err)
			}
			if _, told := signs.Load(tt.signs); tt.signs != "" && !told {
				t.Errorf("%s was not told", tt.signs)
			}
		})
	}
}

func TestAModelThatThinksGetsMoreRoom(t *testing.T) {
	var limits []float64
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Max float64 `json:"max_tokens"`
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		limits = append(limits, q.Max)
		enginetest.StartChat(w)
		if q.Max < 1000 {
			fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"},\"finish_reason\":\"length\"}]}\n\n")
			return
		}
		enginetest.WriteChat(w, "Paris.")
		enginetest.EndChat(w)
	})
	o := NewOpenAI(c)
	for _, spare := range []int{1000, 1000, 0} {
		text := ""
		_, err := o.Generate(t.Context(), Prompt{User: "x", Model: "m", MaxTokens: 256, Spare: spare}, func(d string) error { text += d; return nil })
		if spare > 0 && (text != "Paris." || err != nil) || spare == 0 && (err == nil || !strings.Contains(err.Error(), "raise LLM_MAX_TOKENS")) {
			t.Errorf("with %d tokens to spare it wrote %q, error %v", spare, text, err)
		}
	}
	if got := fmt.Sprint(limits); got != "[256 1256 1256 256]" {
		t.Errorf("asked for %s tokens", got)
	}
}

func TestTooManyRequestsAreCalledThat(t *testing.T) {
	tests := map[string]struct {
		after string
		calls int32
	}{
		"a wait that a person has":       {"1", 3},
		"a wait that a person has not":   {"20", 1},
		"a wait that is no wait at all":  {"86400", 1},
		"a wait that ends with the turn": {"2", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set("Retry-After", tt.after)
				w.WriteHeader(http.StatusTooManyRequests)
			})
			if tt.after == "2" {
				c.FirstToken = time.Second
			}
			began := time.Now()
			_, _, err := ask(context.Background(), c, Prompt{User: "x", Model: "m", MaxTokens: 9})
			if err == nil || !strings.Contains(err.Error(), "too many requests") || calls.Load() != tt.calls || time.Since(began) > 8*time.Second {
				t.Errorf("error %v after %d calls in %s", err, calls.Load(), time.Since(began))
			}
		})
	}
}

func TestOverflowsAreRead(t *testing.T) {
	tests := map[string]OverflowError{
		"This model's maximum context length is 8192 tokens. However, you requested 9035 tokens (8779 in the messages, 256 in the completion).": {Window: 8192, Prompt: 9035},
		"request (2358 tokens) exceeds the available context size (2048 tokens), try increasing it":                                             {Window: 2048, Prompt: 2358},
		"the request exceeds the available context size. try increasing the context size or enable context shift":                               {},
		"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length":                                {Window: 32768, Prompt: 40000},
		"prompt is too long: 205000 tokens > 200000 maximum":                                                                                    {Window: 200000, Prompt: 205000},
		"However, the model is loaded with context length of only 4096 tokens":                                                                  {Window: 4096},
	}
	for text, want := range tests {
		got := overflowOf(fmt.Errorf("the server reports an error: %s", text))
		if got == nil || got.Window != want.Window || got.Prompt != want.Prompt {
			t.Errorf("%s: read %+v, want %+v", text, got, want)
		}
	}
	if got := overflowOf(fmt.Errorf("the model failed with 500: out of memory")); got != nil {
		t.Errorf("read %+v of another error", got)
	}
}
