package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/kit"
)

// acts is a server that does as it says: says, fails, refuses, hangs, stalls, cut or
// garbage.
type acts struct{ *enginetest.Script }

func play(list ...string) *acts { return &acts{enginetest.Play(list...)} }

func (a *acts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	act := a.Next("")
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
		a.Gone <- struct{}{}
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
			if act == "cut" && a.Calls.Load() != 1 {
				t.Error("a half answer was asked for again")
			}
		})
	}
}

func TestConformCancel(t *testing.T) {
	for _, act := range []string{"hangs", "stalls"} {
		a := play(act)
		e := engineAt(t, a, nil)
		enginetest.Cancels(t, a.Script, kit.ErrCancelled, func(ctx context.Context) error {
			_, err := generate(ctx, e)
			return err
		})
	}
}

func TestConformLeavesAFailingServerAlone(t *testing.T) {
	a := play("fails")
	e := engineAt(t, a, nil)
	call := func(ctx context.Context) error {
		_, err := generate(ctx, e)
		return err
	}
	enginetest.LeavesAlone(t, a.Script, "out of memory", call)
	var ours *kit.Error
	if err := call(t.Context()); !errors.As(err, &ours) || ours.Code != kit.CodeUnavailable || a.Calls.Load() != 3 {
		t.Errorf("error %v after %d calls", err, a.Calls.Load())
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
