package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/speech/pcm"
)

func TestWhatIsFoundIsUsed(t *testing.T) {
	a, b := play(fails), play(says)
	first := discovery.Server{Kind: discovery.STT, Protocol: "openai", URL: dialects["openai"](t, a).OpenAIURL, Model: "base", Name: "Whisper"}
	second2 := discovery.Server{Kind: discovery.STT, Protocol: "wyoming", URL: dialects["wyoming"](t, b).WyomingURI, Name: "Wyoming x"}
	home := t.TempDir()
	c := engine.Config{Engine: "auto", Hosts: enginetest.Nowhere, Lang: "en", Timeout: enginetest.Patience, OpenAIKey: "k"}
	e, err := engine.New(c, home)
	if err != nil {
		t.Fatal(err)
	}
	look := func() { e.(interface{ Look(context.Context) bool }).Look(t.Context()) }
	reads := func(want string, calls int32) {
		t.Helper()
		r, err := e.Transcribe(t.Context(), engine.Request{Audio: second})
		if err != nil && !strings.HasPrefix(err.Error(), want) || err == nil && r.Text != want {
			t.Errorf("understood %q, %v, want %q", r.Text, err, want)
		}
		if a.Calls.Load() != calls {
			t.Errorf("the first server was asked %d times, want %d", a.Calls.Load(), calls)
		}
	}
	reads("no recogniser: run make engines", 0)
	enginetest.Install(t, home, first, second2)
	look()
	for n := range int32(3) {
		reads(text, n+1) // the second server, after the first failed
	}
	reads(text, 3) // the first is left alone
	enginetest.Install(t, home, second2)
	look()
	reads(text, 3)
	enginetest.Install(t, home, first, second2) // it went and came back
	a.Acts = []string{says}
	look()
	reads(text, 4)
	enginetest.Install(t, home)
	look()
	look() // one that answers late once is not gone
	reads("no recogniser", 4)
}

// TestARecogniserHearsTheRoomAroundTheWords reads what a server is sent.
func TestARecogniserHearsTheRoomAroundTheWords(t *testing.T) {
	words := pcm.Audio(strings.Repeat("\x01\x02\x03\x04", 4000))
	url, asked := server(t, `200 {"text":"yes"}`)
	e, err := engine.New(engine.Config{Engine: "openai", OpenAIURL: url, Hosts: enginetest.Nowhere, Timeout: enginetest.Patience}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if r, err := e.Transcribe(t.Context(), engine.Request{Audio: words}); err != nil || r.Text != "yes" {
		t.Fatalf("%+v, %v", r, err)
	}
	sent := (*asked)[0]["audio"]
	before, behind, found := strings.Cut(sent, string(words))
	if least := pcm.BytesPerSecond / 2; !found || len(before) < least || len(behind) < least {
		t.Errorf("%d bytes with %d before the words and %d behind", len(sent), len(before), len(behind))
	}
}

func TestWhatIsSetComesFirst(t *testing.T) {
	home := t.TempDir()
	found := discovery.Server{Kind: discovery.STT, Protocol: "wyoming", URL: dialects["wyoming"](t, play(says)).WyomingURI, Name: "Wyoming x"}
	enginetest.Install(t, home, found)
	auto := func(c engine.Config) engine.Config {
		c.Engine, c.Hosts = "auto", enginetest.Nowhere
		return c
	}
	tests := map[string]struct {
		c                  engine.Config
		name, from, better string
	}{
		"a server of a variable":                                       {auto(engine.Config{OpenAIURL: "http://u:secret@10.0.0.7:8000/v1"}), "OpenAI-compatible", "STT_OPENAI_URL, 10.0.0.7:8000", ""},
		"the server of OpenAI":                                         {auto(engine.Config{OpenAIBaseURL: "http://10.0.0.7/v1", OpenAIAPIKey: "k"}), "OpenAI-compatible", "OPENAI_BASE_URL, 10.0.0.7", ""},
		"a cloud of the model, where an own recogniser was meant":      {auto(engine.Config{OpenAIBaseURL: "https://api.openai.com/v1", OpenAIAPIKey: "k", Backend: "whisper"}), "Wyoming x", "installed by make engines", ""},
		"the same for one at a web socket":                             {auto(engine.Config{OpenAIBaseURL: "https://api.openai.com/v1", OpenAIAPIKey: "k", Backend: " WS"}), "Wyoming x", "installed by make engines", ""},
		"the same with nothing installed":                              {engine.Config{Engine: "auto", OpenAIBaseURL: "https://api.openai.com/v1", OpenAIAPIKey: "k", Backend: "whisper"}, "none", "nothing is set up", "run make engines, or set STT_OPENAI_URL, STT_WYOMING_URI or STT_COMMAND"},
		"the cloud, where that was meant":                              {auto(engine.Config{OpenAIBaseURL: "https://api.openai.com/v1", OpenAIAPIKey: "k", Backend: "openai"}), "OpenAI-compatible", "OPENAI_BASE_URL, api.openai.com", ""},
		"a server of a variable of ours, whatever was meant":           {auto(engine.Config{OpenAIURL: "http://10.0.0.7:8000/v1", Backend: "whisper"}), "OpenAI-compatible", "STT_OPENAI_URL, 10.0.0.7:8000", ""},
		"the engine that a variable of ours names, whatever was meant": {engine.Config{Engine: "openai", OpenAIBaseURL: "https://api.openai.com/v1", OpenAIAPIKey: "k", Backend: "whisper", Hosts: enginetest.Nowhere}, "OpenAI-compatible", "OPENAI_BASE_URL, api.openai.com", ""},
		"a Wyoming server":                                             {auto(engine.Config{WyomingURI: "tcp://10.0.0.7:10300"}), "Wyoming", "STT_WYOMING_URI, 10.0.0.7:10300", ""},
		"a command":                                                    {auto(engine.Config{Command: "true"}), "command", "STT_COMMAND", ""},
		"what is installed":                                            {auto(engine.Config{}), "Wyoming x", "installed by make engines", ""},
		"enginetest.Nowhere to look":                                   {engine.Config{Engine: "auto"}, "none", "nothing is set up", "run make engines, or set STT_OPENAI_URL, STT_WYOMING_URI or STT_COMMAND"},
		"none":                                                         {engine.Config{Engine: "none", Hosts: enginetest.Nowhere}, "none", "STT_ENGINE", "set STT_ENGINE=auto, and run make engines, or set STT_OPENAI_URL, STT_WYOMING_URI or STT_COMMAND"},
		"an address of nothing":                                        {auto(engine.Config{WyomingURI: "10.0.0.7"}), "misconfigured", "", "STT_WYOMING_URI: no address of a Wyoming server, want one like tcp://127.0.0.1:10300"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			name, from, better := engine.Describe(t.Context(), tt.c, home)
			if name != tt.name || from != tt.from || better != tt.better {
				t.Errorf("%q from %q, better %q", name, from, better)
			}
		})
	}
}
