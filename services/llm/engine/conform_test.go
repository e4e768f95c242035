package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/kit"
)

// acts is a server that does what it is told, call by call; the last goes on.
type acts struct {
	list  []string // says, fails, refuses, hangs, stalls, cut, garbage
	calls atomic.Int32
	asked chan struct{}
	gone  chan struct{} // gets one when a client left that was waiting
}

func play(list ...string) *acts {
	return &acts{list: list, asked: make(chan struct{}, 100), gone: make(chan struct{}, 100)}
}

func (a *acts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := int(a.calls.Add(1))
	a.asked <- struct{}{}
	act := a.list[min(n, len(a.list))-1]
	switch act {
	case "fails", "refuses":
		w.Header().Set("X-Should-Retry", "false")
		w.WriteHeader(map[string]int{"fails": 500, "refuses": 422}[act])
		fmt.Fprint(w, `{"error":{"message":"out of memory"}}`)
		return
	case "garbage":
		enginetest.StartChat(w)
		fmt.Fprint(w, "data: <html>\n\n")
		return
	}
	enginetest.StartChat(w)
	w.(http.Flusher).Flush()
	if act != "hangs" {
		enginetest.WriteChat(w, "Hello")
	}
	switch act {
	case "says":
		enginetest.EndChat(w)
	case "hangs", "stalls":
		<-r.Context().Done()
		a.gone <- struct{}{}
	case "cut":
		panic(http.ErrAbortHandler)
	}
}

// generate has e answer, and returns what was written.
func generate(ctx context.Context, e Generator) (text string, err error) {
	_, err = e.Generate(ctx, Prompt{User: "Hi", Question: "what is two plus two", MaxTokens: 9, TopP: 1}, func(d string) error {
		text += d
		return nil
	})
	return text, err
}

func engineAt(t *testing.T, a *acts, change func(*Config)) Generator {
	t.Helper()
	c := serve(t, a.ServeHTTP)
	if change != nil {
		change(&c)
	}
	e, err := New(c, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestConformFailures(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"fails":   {"", "failed with 500: out of memory"},
		"refuses": {"", "failed with 422: out of memory"},
		"hangs":   {"", "wrote nothing within 100ms"},
		"stalls":  {"Hello", "stopped writing for 100ms"},
		"cut":     {"Hello", "broke off"},
		"garbage": {"", "broke off"},
	}
	for act, tt := range tests {
		t.Run(act, func(t *testing.T) {
			a := play(act)
			e := engineAt(t, a, func(c *Config) {
				c.FirstToken, c.Idle = time.Minute, time.Minute
				switch act {
				case "hangs":
					c.FirstToken = 100 * time.Millisecond
				case "stalls":
					c.Idle = 100 * time.Millisecond
				}
			})
			text, err := generate(t.Context(), e)
			if text != tt.text || err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "sk-secret") {
				t.Errorf("wrote %q, error %v", text, err)
			}
			if act == "cut" && a.calls.Load() != 1 {
				t.Error("a half answer was asked for again")
			}
		})
	}
}

func TestConformCancel(t *testing.T) {
	for _, act := range []string{"hangs", "stalls"} {
		a := play(act)
		e := engineAt(t, a, nil)
		for range 5 { // which is nobody's failure
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() { <-a.asked; cancel(kit.ErrCancelled) }()
			if _, err := generate(ctx, e); !errors.Is(err, kit.ErrCancelled) {
				t.Errorf("%s: error %v", act, err)
			}
			select {
			case <-a.gone:
			case <-time.After(30 * time.Second):
				t.Errorf("%s: the server writes on", act)
			}
		}
	}
}

func TestConformLeavesAFailingServerAlone(t *testing.T) {
	a := play("fails")
	e := engineAt(t, a, nil)
	for range 3 {
		_, _ = generate(t.Context(), e)
	}
	_, err := generate(t.Context(), e)
	var open *failover.OpenError
	var ours *kit.Error
	if !errors.As(err, &open) || !errors.As(err, &ours) || ours.Code != kit.CodeUnavailable || a.calls.Load() != 3 {
		t.Errorf("error %v after %d calls", err, a.calls.Load())
	}
	b := play("refuses", "refuses", "refuses", "refuses", "says")
	e = engineAt(t, b, nil)
	for range 4 {
		_, _ = generate(t.Context(), e)
	}
	if text, err := generate(t.Context(), e); text != "Hello" {
		t.Errorf("after questions that it did not like: %q, %v", text, err)
	}
}
