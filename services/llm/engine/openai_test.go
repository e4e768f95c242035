package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/test/need"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func settings() Config {
	return Config{Engine: "auto", Timeout: 2 * time.Minute, FirstToken: 30 * time.Second, Idle: 15 * time.Second}
}

// serve is the settings of a server that answers with h.
func serve(t testing.TB, h http.HandlerFunc) Config {
	t.Helper()
	c := settings()
	c.BaseURL, c.APIKey = enginetest.ServeChat(t, h), "sk-secret"
	return c
}

// ask generates and joins the deltas with "|".
func ask(ctx context.Context, c Config, p Prompt) (string, Usage, error) {
	var got []string
	use, err := NewOpenAI(c).Generate(ctx, p, func(d string) error {
		if d != "" {
			got = append(got, d)
		}
		return nil
	})
	return strings.Join(got, "|"), use, err
}

func TestOpenAIStreams(t *testing.T) {
	var sent map[string]any
	var key string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		key = r.Header.Get("Authorization")
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &sent)
		enginetest.StartChat(w)
		enginetest.WriteChat(w, "")
		enginetest.WriteChat(w, "Hel")
		enginetest.WriteChat(w, "lo")
		enginetest.EndChat(w)
	})
	text, use, err := ask(t.Context(), c, Prompt{System: "Be brief.", User: "Hi.", MaxTokens: 9, Temperature: 0, TopP: 0.5,
		History: []contract.ConversationMessage{{Role: "user", Content: "A"}, {Role: "assistant", Content: "B"}}})
	if text != "Hel|lo" || err != nil || use.Model != "first" || use.Tokens["total_tokens"] != 5. {
		t.Errorf("got %q, %+v, %v", text, use, err)
	}
	want := `[map[content:Be brief. role:system] map[content:A role:user] map[content:B role:assistant] map[content:Hi. role:user]]`
	if got := fmt.Sprint(sent["messages"]); got != want {
		t.Errorf("messages %s, want %s", got, want)
	}
	if sent["model"] != "first" || sent["max_tokens"] != 9. || sent["temperature"] != 0. || sent["top_p"] != 0.5 || sent["stream"] != true || key != "Bearer sk-secret" {
		t.Errorf("sent %v with %s", sent, key)
	}
}

func TestOpenAITellsWhyAnAnswerEndsBeforeItsEnd(t *testing.T) {
	tests := map[string]struct{ end, text, cut string }{
		"at its end":            {`{"choices":[{"delta":{},"finish_reason":"stop"}]}`, "Hel", ""},
		"without a reason":      {`{"choices":[{"delta":{}}]}`, "Hel", ""},
		"at the longest answer": {`{"choices":[{"delta":{},"finish_reason":"length"}]}`, "Hel", contract.LLMCutLength},
		"at the longest answer, with its last word": {`{"choices":[{"delta":{"content":"lo"},"finish_reason":"length"}]}`, "Hel|lo", contract.LLMCutLength},
		"by the provider":          {`{"choices":[{"delta":{},"finish_reason":"content_filter"}]}`, "Hel", contract.LLMCutFilter},
		"a reason of another form": {`{"choices":[{"delta":{},"finish_reason":7}]}`, "Hel", ""},
		"a refusal, which is said": {`{"choices":[{"delta":{"content":null,"refusal":"I will not."},"finish_reason":"stop"}]}`, "Hel|I will not.", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				enginetest.StartChat(w)
				enginetest.WriteChat(w, "Hel")
				fmt.Fprintf(w, "data: %s\n\n", tc.end)
				enginetest.EndChat(w)
			})
			text, use, err := ask(t.Context(), c, Prompt{User: "Hi.", MaxTokens: 9})
			if text != tc.text || use.Cut != tc.cut || err != nil {
				t.Errorf("got %q, cut %q, %v, want %q, %q", text, use.Cut, err, tc.text, tc.cut)
			}
		})
	}
}

func TestOpenAITriesAgainAfterAWait(t *testing.T) {
	tests := map[string]struct {
		fails  int // requests before one succeeds
		status int
		body   string
		calls  int32
		ok     bool
	}{
		"busy, then not":               {1, 429, `{"error":{"message":"slow down"}}`, 2, true},
		"broken, then not":             {2, 503, ``, 3, true},
		"broken for good":              {9, 500, `{"error":{"message":"boom"}}`, 3, false},
		"a refusal is final":           {9, 404, `{"error":{"message":"no such model"}}`, 1, false},
		"a limit by another name":      {1, 400, `{"error":{"message":"Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.","param":"max_tokens"}}`, 2, true},
		"a limit that is only named":   {1, 400, `{"error":{"message":"Unsupported value","param":"temperature"}}`, 2, true},
		"another bad request is final": {9, 400, `{"error":{"message":"too long"}}`, 1, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) <= int32(tt.fails) {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(tt.status)
					fmt.Fprint(w, tt.body)
					return
				}
				enginetest.StartChat(w)
				enginetest.WriteChat(w, "ok")
				enginetest.EndChat(w)
			})
			text, _, err := ask(t.Context(), c, Prompt{User: "x", Model: "m", MaxTokens: 9})
			if (text == "ok") != tt.ok || (err == nil) != tt.ok || calls.Load() != tt.calls {
				t.Errorf("%q, %v after %d calls, want %d", text, err, calls.Load(), tt.calls)
			}
		})
	}
}

func TestAModelThatKnowsNoToolsGetsNone(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
	}{
		"at Ollama":     {400, `{"error":{"message":"registry.ollama.ai/library/m does not support tools"}}`},
		"at llama.cpp":  {500, `{"error":{"code":500,"message":"tools param requires --jinja flag","type":"server_error"}}`},
		"at vLLM":       {400, `{"object":"error","message":"\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set"}`},
		"at OpenRouter": {404, `{"error":{"message":"No endpoints found that support tool use.","code":404}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var with, without atomic.Int32
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), `"tools"`) {
					with.Add(1)
					w.Header().Set("X-Should-Retry", "false")
					w.WriteHeader(tt.status)
					fmt.Fprint(w, tt.body)
					return
				}
				without.Add(1)
				enginetest.StartChat(w)
				enginetest.WriteChat(w, "Hello.")
				enginetest.EndChat(w)
			})
			o := NewOpenAI(c)
			for range 2 {
				text := ""
				_, err := o.Generate(t.Context(), Prompt{User: "x", Model: "m", MaxTokens: 9, Tools: []openai.Tool{{Type: "function"}}}, func(d string) error { text += d; return nil })
				if text != "Hello." || err != nil {
					t.Errorf("wrote %q, error %v", text, err)
				}
			}
			if with.Load() != 1 || without.Load() != 2 {
				t.Errorf("%d requests with tools and %d without", with.Load(), without.Load())
			}
		})
	}
}

func TestOpenAIExplains(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Should-Retry", "false")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	hang := func(words ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the client go
			enginetest.StartChat(w)
			w.(http.Flusher).Flush()
			for _, word := range words {
				enginetest.WriteChat(w, word)
			}
			<-r.Context().Done()
		}
	}
	tests := map[string]struct {
		h    http.HandlerFunc
		want []string
	}{
		"a key that is not known": {answer(401, `{"error":{"message":"Incorrect API key provided: sk-secret"}}`), []string{"does not accept the key", "LLM_API_KEY"}},
		"a model that is not":     {answer(404, `{"error":{"message":"model not found"}}`), []string{`no model "m"`, "LLM_MODEL"}},
		"too many requests":       {answer(429, `{"error":{"message":"quota sk-secret"}}`), []string{"too many requests", "quota …"}},
		"a fault":                 {answer(500, `{"error":{"message":"out of memory"}}`), []string{"500", "out of memory"}},
		"a fault in words":        {answer(502, `<html>bad gateway</html>`), []string{"502"}},
		"nothing ever comes":      {hang(), []string{"wrote nothing within 100ms", "LLM_FIRST_TOKEN"}},
		"only an empty delta":     {hang(""), []string{"wrote nothing within 100ms"}},
		"it stops in the middle":  {hang("one"), []string{"stopped writing", "LLM_IDLE"}},
		"an error in the stream": {func(w http.ResponseWriter, _ *http.Request) {
			enginetest.StartChat(w)
			fmt.Fprint(w, "data: {\"error\":{\"message\":\"slot lost\"}}\n\n")
		}, []string{"broke off", "slot lost"}},
		"a page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<!doctype html><title>Chat</title>")
		}, []string{"sent no answer", "LLM_BASE_URL"}},
		"a fault in a text":      {answer(500, `{"error":"out of memory"}`), []string{"500", "out of memory"}},
		"a fault in plain words": {answer(500, "CUDA error:\nno sk-secret"), []string{"500", "CUDA error: no …"}},
		"a key in a text":        {answer(401, `{"error":"unauthorized: sk-secret"}`), []string{"does not accept the key", "LLM_API_KEY"}},
		"a detail of FastAPI":    {answer(404, `{"detail":"Model m is not loaded"}`), []string{`no model "m"`, "Model m is not loaded"}},
		"a line without end": {func(w http.ResponseWriter, _ *http.Request) {
			enginetest.StartChat(w)
			_, err := fmt.Fprint(w, "data: {}\n")
			for err == nil {
				_, err = fmt.Fprint(w, "data: "+strings.Repeat(" ", 1<<16)+"\n")
			}
		}, []string{"broke off", "it sent more than 8 MiB"}},
		"an error with status 200": {answer(200, `{"error":"Unexpected endpoint (POST /chat/completions)"}`), []string{"sent no answer", "LLM_BASE_URL"}},
		"the line is cut": {func(w http.ResponseWriter, _ *http.Request) {
			enginetest.StartChat(w)
			enginetest.WriteChat(w, "one")
			panic(http.ErrAbortHandler)
		}, []string{"broke off"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := serve(t, tt.h)
			c.FirstToken, c.Idle = 100*time.Millisecond, 100*time.Millisecond
			if strings.HasPrefix(name, "a ") || strings.HasPrefix(name, "the ") || strings.HasPrefix(name, "an ") || strings.HasPrefix(name, "too ") {
				c.FirstToken, c.Idle = time.Minute, time.Minute
			}
			_, _, err := ask(t.Context(), c, Prompt{User: "x", Model: "m", MaxTokens: 9})
			if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %v", err)
			}
			for _, want := range append(tt.want, strings.TrimSuffix(strings.TrimPrefix(c.BaseURL, "http://"), "/v1")) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want %q in it", err, want)
				}
			}
		})
	}
}

func TestOpenAIUnreachableAfterThreeTries(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(s.Close)
	tests := map[string]struct{ host, want string }{
		"nobody":            {"127.0.0.1:1", "no model server answers at 127.0.0.1:1: start it, or correct LLM_BASE_URL"},
		"one that hangs up": {s.Listener.Addr().String(), "the answer of the model at " + s.Listener.Addr().String() + " broke off: EOF"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := settings()
			c.BaseURL = "http://secret:secret@" + tt.host + "/v1"
			_, _, err := ask(t.Context(), c, Prompt{User: "x", Model: "m", MaxTokens: 9})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestOpenAICancel(t *testing.T) {
	gone := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		enginetest.StartChat(w)
		enginetest.WriteChat(w, "one")
		<-r.Context().Done()
		close(gone)
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("over")
	begin := time.Now()
	_, err := NewOpenAI(c).Generate(ctx, Prompt{User: "x", MaxTokens: 9}, func(string) error { cancel(over); return nil })
	if !errors.Is(err, over) || time.Since(begin) > 2*time.Second {
		t.Errorf("error %v after %s", err, time.Since(begin))
	}
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("the connection stays open, so the server goes on writing")
	}
}

func TestOpenAIModel(t *testing.T) {
	c := settings()
	c.APIKey = "sk-secret"
	if got, err := NewOpenAI(c).model(t.Context()); got != "gpt-4o-mini" || err != nil {
		t.Errorf("with a key alone: %q, %v", got, err)
	}
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	c.BaseURL = srv.URL
	if _, err := NewOpenAI(c).model(t.Context()); err == nil || !strings.Contains(err.Error(), "set LLM_MODEL") {
		t.Errorf("without a list: %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestRealModel talks to a real server; see need.Engines.
func TestRealModel(t *testing.T) {
	need.Engines(t, "LLM_OPENAI_URL")
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	c := settings()
	c.BaseURL = os.Getenv("LLM_OPENAI_URL")
	pieces := 0
	var text strings.Builder
	use, err := NewOpenAI(c).Generate(t.Context(), Prompt{System: "Answer in one short sentence.", User: "What is the capital of France?", MaxTokens: 40, TopP: 1},
		func(d string) error { pieces++; text.WriteString(d); return nil })
	if err != nil || pieces < 3 || !strings.Contains(text.String(), "Paris") || use.Tokens["completion_tokens"] == nil {
		t.Errorf("%d pieces, %q, %+v: %v", pieces, text.String(), use, err)
	}
}
