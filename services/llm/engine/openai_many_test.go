package engine

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gotars/tars/engines/enginetest"
)

// The first requests may come together, to a server that wants them its way.
func TestTwoAtOnceFindOutWhatAServerRefuses(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var q map[string]any
		_ = json.NewDecoder(r.Body).Decode(&q)
		if q["max_tokens"] != nil {
			both.Done()
			both.Wait()
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"message":"Unsupported parameter: 'max_tokens'","param":"max_tokens"}}`)
			return
		}
		enginetest.StartChat(w)
		enginetest.WriteChat(w, "ok")
		enginetest.EndChat(w)
	})
	e := NewOpenAI(c)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if text, err := generate(t.Context(), e); err != nil || text != "ok" {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	wg.Wait()
}

// A question that is refused both ways says nothing of how to put the next one.
func TestAQuestionThatIsTooLongLeavesTheNextOneAsItIs(t *testing.T) {
	calls := 0
	var last map[string]any
	e := NewOpenAI(serve(t, func(w http.ResponseWriter, r *http.Request) {
		last = nil
		_ = json.NewDecoder(r.Body).Decode(&last)
		if calls++; calls <= 2 {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"message":"'max_tokens' is too large: the prompt has 5000 tokens, the model reads 4096"}}`)
			return
		}
		enginetest.StartChat(w)
		enginetest.WriteChat(w, "ok")
		enginetest.EndChat(w)
	}))
	if _, err := generate(t.Context(), e); err == nil || calls != 2 {
		t.Errorf("error %v after %d calls, want 2", err, calls)
	}
	if text, err := generate(t.Context(), e); err != nil || text != "ok" || last["max_tokens"] == nil || last["top_p"] == nil || last["stream_options"] == nil {
		t.Errorf("%q, %v, asked with %v", text, err, last)
	}
}

// People load another model into a server that goes on running.
func TestAServerThatGotAnotherModel(t *testing.T) {
	var model atomic.Pointer[string]
	model.Store(new("old"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"object":"list","data":[{"id":%q,"object":"model"}]}`, *model.Load())
	})
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Model string }
		if _ = json.NewDecoder(r.Body).Decode(&q); q.Model != *model.Load() {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error":{"message":"no such model"}}`)
			return
		}
		enginetest.StartChat(w)
		enginetest.WriteChat(w, q.Model)
		enginetest.EndChat(w)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	c := settings()
	c.BaseURL = srv.URL + "/v1"
	e, err := New(c, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"old", "new"} {
		model.Store(&want)
		if text, err := generate(t.Context(), e); err != nil || text != want {
			t.Errorf("%q, %v, want an answer of %s", text, err, want)
		}
	}
}

// A model that is gone, full, or too small for the question is no end of it.
func TestAnotherModelAnswers(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Model string }
		_ = json.NewDecoder(r.Body).Decode(&q)
		mu.Lock()
		asked = append(asked, q.Model)
		mu.Unlock()
		switch q.Model {
		case "small":
			enginetest.StartChat(w)
			enginetest.WriteChat(w, "Hello")
			enginetest.EndChat(w)
		case "cut":
			enginetest.StartChat(w)
			enginetest.WriteChat(w, "Hel")
			panic(http.ErrAbortHandler)
		default:
			w.Header().Set("X-Should-Retry", "false")
			w.WriteHeader(map[string]int{"full": 503, "short": 400}[q.Model])
			fmt.Fprint(w, `{"error":{"message":"no"}}`)
		}
	})
	tests := map[string]struct {
		model     string
		fallbacks []string
		request   string // names a model
		text      string
		asked     string
	}{
		"a model that answers":         {"small", []string{"full"}, "", "Hello", "small"},
		"one that is full":             {"full", []string{"short", "small"}, "", "Hello", "full short small"},
		"one that a request names":     {"short", []string{"small"}, "full", "Hello", "full small"},
		"none that answers":            {"full", []string{"short"}, "", "", "full short"},
		"an answer that breaks off":    {"cut", []string{"small"}, "", "Hel", "cut"},
		"the one that is wanted twice": {"full", []string{"full", "small"}, "", "Hello", "full small"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			asked = nil
			c.Model, c.FallbackModels = tt.model, tt.fallbacks
			e, err := New(c, nil, "")
			if err != nil {
				t.Fatal(err)
			}
			told, text := "", ""
			p := Prompt{User: "Hi", Model: tt.request, MaxTokens: 9, TopP: 1, OnAttempt: func(_, model string) { told = model }}
			use, err := e.Generate(t.Context(), p, func(d string) error { text += d; return nil })
			if text != tt.text || (err == nil) != (text == "Hello") || strings.Join(asked, " ") != tt.asked {
				t.Errorf("%q by %+v, %v, asked %q", text, use, err, asked)
			}
			if last := asked[len(asked)-1]; len(asked) > 1 && told != last {
				t.Errorf("told of %q, asked %q", told, last)
			}
		})
	}
}

// What a model thinks is no word: another one may still answer in its place.
func TestAModelThatFailsInItsThoughtsIsReplaced(t *testing.T) {
	tests := map[string]struct{ wrote, want string }{
		"in its thoughts":       {"<think>The user asks", "Paris."},
		"in thoughts unmarked":  {"The user asks for", "Paris."},
		"in white space":        {"\n\n", "Paris."},
		"behind its first word": {"<think>hm</think>Lon", "Lon"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				var q struct{ Model string }
				_ = json.NewDecoder(r.Body).Decode(&q)
				enginetest.StartChat(w)
				if q.Model == "first" {
					enginetest.WriteChat(w, tt.wrote)
					panic(http.ErrAbortHandler)
				}
				enginetest.WriteChat(w, "Paris.")
				enginetest.EndChat(w)
			})
			c.Model, c.FallbackModels = "first", []string{"second"}
			e, err := New(c, nil, "")
			if err != nil {
				t.Fatal(err)
			}
			text, err := generate(t.Context(), e)
			if text != tt.want || (err != nil) != (tt.want == "Lon") {
				t.Errorf("wrote %q, error %v, want %q", text, err, tt.want)
			}
		})
	}
}
