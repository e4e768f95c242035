package stt_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt"
)

// nowhere looks on no machine, but for what is installed.
var nowhere = []string{""}

// install says in home that servers are installed.
func install(t *testing.T, home string, servers ...discovery.Server) {
	t.Helper()
	b, err := json.Marshal(discovery.Running{Engines: []discovery.Engine{{Name: "speech", Serves: servers}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(discovery.File(home)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(discovery.File(home), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsFoundIsUsed(t *testing.T) {
	a, b := play(fails), play(says)
	first := discovery.Server{Kind: discovery.STT, Protocol: "openai", URL: dialects["openai"](t, a).OpenAIURL, Model: "base", Name: "Whisper"}
	second2 := discovery.Server{Kind: discovery.STT, Protocol: "wyoming", URL: dialects["wyoming"](t, b).WyomingURI, Name: "Wyoming x"}
	home := t.TempDir()
	c := stt.Config{Engine: "auto", Hosts: nowhere, Lang: "en", Timeout: patience, OpenAIKey: "k"}
	e, err := stt.NewEngine(c, kit.Home(home))
	if err != nil {
		t.Fatal(err)
	}
	look := func() { e.(interface{ Look(context.Context) bool }).Look(t.Context()) }
	reads := func(want string, calls int32) {
		t.Helper()
		r, err := e.Transcribe(t.Context(), second)
		if err != nil && !strings.HasPrefix(err.Error(), want) || err == nil && r.Text != want {
			t.Errorf("understood %q, %v, want %q", r.Text, err, want)
		}
		if a.calls.Load() != calls {
			t.Errorf("the first server was asked %d times, want %d", a.calls.Load(), calls)
		}
	}
	reads("no recogniser: run make engines", 0)
	install(t, home, first, second2)
	look()
	for n := range int32(3) {
		reads(text, n+1) // the second server, after the first failed
	}
	reads(text, 3) // the first is left alone
	install(t, home, second2)
	look()
	reads(text, 3)
	install(t, home, first, second2) // it went and came back
	a.acts = []string{says}
	look()
	reads(text, 4)
	install(t, home)
	look()
	look() // one that answers late once is not gone
	reads("no recogniser", 4)
}

// Who was told to run make engines and did has a recogniser, also before
// anything is said.
func TestAnEngineThatIsFoundEndsTheTrouble(t *testing.T) {
	home := t.TempDir()
	s := stt.NewForTest(stt.Config{Engine: "auto", Hosts: nowhere, Lang: "en", Timeout: patience}, kit.Home(home))
	if err := s.Hear(t.Context(), second); !errors.Is(err, stt.ErrNoEngine) || s.Healthy(t.Context()) == nil {
		t.Fatalf("without an engine: %v", err)
	}
	install(t, home, discovery.Server{Kind: discovery.STT, Protocol: "wyoming", URL: dialects["wyoming"](t, play(says)).WyomingURI, Name: "Wyoming x"})
	if err := s.Look(t.Context()); err != nil || s.Healthy(t.Context()) != nil {
		t.Errorf("with one: %v, %v", err, s.Healthy(t.Context()))
	}
}

func TestWhatIsSetComesFirst(t *testing.T) {
	home := t.TempDir()
	found := discovery.Server{Kind: discovery.STT, Protocol: "wyoming", URL: dialects["wyoming"](t, play(says)).WyomingURI, Name: "Wyoming x"}
	install(t, home, found)
	auto := func(c stt.Config) stt.Config {
		c.Engine, c.Hosts = "auto", nowhere
		return c
	}
	tests := map[string]struct {
		c                  stt.Config
		name, from, better string
	}{
		"a server of a variable": {auto(stt.Config{OpenAIURL: "http://u:secret@10.0.0.7:8000/v1"}), "OpenAI-compatible", "STT_OPENAI_URL, 10.0.0.7:8000", ""},
		"the server of OpenAI":   {auto(stt.Config{OpenAIBaseURL: "http://10.0.0.7/v1", OpenAIAPIKey: "k"}), "OpenAI-compatible", "OPENAI_BASE_URL, 10.0.0.7", ""},
		"a Wyoming server":       {auto(stt.Config{WyomingURI: "tcp://10.0.0.7:10300"}), "Wyoming", "STT_WYOMING_URI, 10.0.0.7:10300", ""},
		"a command":              {auto(stt.Config{Command: "true"}), "command", "STT_COMMAND", ""},
		"what is installed":      {auto(stt.Config{}), "Wyoming x", "installed by make engines", ""},
		"nowhere to look":        {stt.Config{Engine: "auto"}, "none", "nothing is set up", "run make engines, or set STT_OPENAI_URL, STT_WYOMING_URI or STT_COMMAND"},
		"none":                   {stt.Config{Engine: "none", Hosts: nowhere}, "none", "STT_ENGINE", "set STT_ENGINE=auto, and run make engines, or set STT_OPENAI_URL, STT_WYOMING_URI or STT_COMMAND"},
		"an address of nothing":  {auto(stt.Config{WyomingURI: "10.0.0.7"}), "misconfigured", "", "STT_WYOMING_URI: no address of a Wyoming server, want one like tcp://127.0.0.1:10300"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			name, from, better := stt.Describe(t.Context(), tt.c, kit.Home(home))
			if name != tt.name || from != tt.from || better != tt.better {
				t.Errorf("%q from %q, better %q", name, from, better)
			}
		})
	}
}
