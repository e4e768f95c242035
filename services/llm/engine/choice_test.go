package engine

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/test/need"
)

func TestWhatIsFoundIsUsed(t *testing.T) {
	a := play("fails")
	at := discovery.Server{Kind: discovery.LLM, Protocol: "openai", URL: serve(t, a.ServeHTTP).BaseURL, Model: "small", Name: "Ollama"}
	c, home := settings(), t.TempDir()
	c.Hosts = enginetest.Nowhere
	e, err := New(c, nil, home)
	if err != nil {
		t.Fatal(err)
	}
	answers := func(want string, calls int32) {
		t.Helper()
		if text, err := generate(t.Context(), e); text != want || a.Calls.Load() != calls {
			t.Errorf("wrote %q, %v; the server was asked %d times, want %q and %d", text, err, a.Calls.Load(), want, calls)
		}
	}
	look := e.(failoverGenerator).Look
	answers("That is 4.", 0)
	enginetest.Install(t, home, at)
	look(t.Context())
	for n := range int32(3) {
		answers("That is 4.", n+1)
	}
	answers("That is 4.", 3) // the server is left alone
	enginetest.Install(t, home)
	look(t.Context())
	a.Acts = []string{"says"}
	enginetest.Install(t, home, at)
	look(t.Context())
	answers("Hello", 4) // it came back
	if name, from, better := Describe(t.Context(), c, home); name != "Ollama" || from != "installed by make engines" || better != "" {
		t.Errorf("described as %q from %q, better %q", name, from, better)
	}
	c.BaseURL = "http://10.0.0.7:8000/v1"
	if name, from, _ := Describe(t.Context(), c, home); name != "openai" || from != "the server at 10.0.0.7:8000" {
		t.Errorf("described as %q from %q", name, from)
	}
}

// What was half written is not written again by another engine.
func TestNoEngineTakesOverWithinAnAnswer(t *testing.T) {
	a := play("cut")
	c, home := settings(), t.TempDir()
	c.Hosts = enginetest.Nowhere
	enginetest.Install(t, home, discovery.Server{Kind: discovery.LLM, Protocol: "openai", URL: serve(t, a.ServeHTTP).BaseURL, Model: "small"})
	e, err := New(c, nil, home)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := generate(t.Context(), e); text != "Hello" || err == nil {
		t.Errorf("wrote %q, %v", text, err)
	}
}

func TestTheModelOfAFoundServer_RealEngines(t *testing.T) {
	need.Engines(t, "LLM_OPENAI_URL")
	c, home := settings(), t.TempDir()
	c.Hosts = enginetest.Nowhere
	enginetest.Install(t, home, discovery.Server{Kind: discovery.LLM, Protocol: "openai", URL: os.Getenv("LLM_OPENAI_URL"), Model: os.Getenv("LLM_OPENAI_MODEL"), Name: "installed"})
	e, err := New(c, nil, home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	by := ""
	p := Prompt{User: "What is the capital of France?", Question: "x", MaxTokens: 24, TopP: 1, OnAttempt: func(provider, _ string) { by = provider }}
	text := ""
	use, err := e.Generate(t.Context(), p, func(d string) error { text += d; return nil })
	if err != nil || !strings.Contains(text, "Paris") || by != openAI || use.Tokens == nil {
		t.Errorf("%s wrote %q with %+v, %v", by, text, use, err)
	}
}
