package tts_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/tts"
	"github.com/gotars/tars/test/need"
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

// piperOf is a server of Piper that plays s, as it is found.
func piperOf(t *testing.T, s *script) discovery.Server {
	return discovery.Server{Kind: discovery.TTS, Protocol: "piper", URL: dialects["piper"](t, s).PiperURL, Name: "Piper"}
}

func TestTheBuiltInVoiceTakesOver(t *testing.T) {
	assets := need.Voice(t)
	s := play(fails)
	home := t.TempDir()
	install(t, home, piperOf(t, s))
	e, shut, err := tts.NewEngine(t.Context(), tts.Config{Engine: "auto", Hosts: nowhere, Speed: 1, Timeout: patience}, tts.Files{Assets: assets, Home: home, Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(context.WithoutCancel(t.Context()))
	says := func(rate int, calls int32) {
		t.Helper()
		all, _, err := speak(t.Context(), e, hello)
		if err != nil || all.Rate != rate || s.calls.Load() != calls {
			t.Errorf("spoken at %d, %v; the server was asked %d times, want %d", all.Rate, err, s.calls.Load(), calls)
		}
	}
	const ofFlite = 16000
	for n := range int32(3) {
		says(ofFlite, n+1)
	}
	says(ofFlite, 3) // the server is left alone
	install(t, home)
	look := e.(interface{ Look(context.Context) bool }).Look
	look(t.Context())
	says(ofFlite, 3)
	s.acts = []string{"says"}
	install(t, home, piperOf(t, s))
	if !look(t.Context()) {
		t.Error("nothing is told of the voice that came back")
	}
	says(22050, 4)
}

// The name of a voice is for the engine that has it: it keeps no other one from
// taking over.
func TestTheBuiltInVoiceTakesOverFromOneThatHasAName(t *testing.T) {
	assets := need.Voice(t)
	for name, voice := range map[string]string{"of Piper": "en_US-joe-medium", "of Flite": "kal16"} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			install(t, home, discovery.Server{Kind: discovery.TTS, Protocol: "piper", URL: dialects["piper"](t, play(fails)).PiperURL, Name: "Piper"})
			e, shut, err := tts.NewEngine(t.Context(), tts.Config{Engine: "auto", Hosts: nowhere, Voice: voice, Speed: 1, Timeout: patience}, tts.Files{Assets: assets, Home: home, Cache: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer shut(context.WithoutCancel(t.Context()))
			if all, _, err := speak(t.Context(), e, hello); err != nil || all.Rate != 16000 {
				t.Errorf("spoken at %d, %v", all.Rate, err)
			}
		})
	}
	t.Run("espeak-ng", func(t *testing.T) {
		if _, err := tts.NewEspeak(tts.Config{Speed: 1}); err != nil {
			t.Skip(err)
		}
		e, _, err := tts.NewEngine(t.Context(), tts.Config{Engine: "auto", Hosts: nowhere, Voice: "en_US-joe-medium", Speed: 1, Timeout: patience}, tts.Files{Assets: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if all, _, err := speak(t.Context(), e, hello); err != nil || len(all.PCM) == 0 {
			t.Errorf("%d bytes, %v", len(all.PCM), err)
		}
	})
}

// What was half said is not said again by another voice.
func TestNoVoiceTakesOverWithinALine(t *testing.T) {
	a, b := play(cut), play(says)
	home := t.TempDir()
	install(t, home, discovery.Server{Kind: discovery.TTS, Protocol: "piper", URL: dialects["piper"](t, a).PiperURL}, discovery.Server{Kind: discovery.TTS, Protocol: "wyoming", URL: dialects["wyoming"](t, b).WyomingURI})
	e, _, err := tts.NewEngine(t.Context(), tts.Config{Engine: "auto", Hosts: nowhere, Speed: 1, Timeout: patience}, tts.Files{Home: home})
	if err != nil {
		t.Fatal(err)
	}
	if all, _, err := speak(t.Context(), e, hello); err == nil || len(all.PCM) != len(piece.PCM) || b.calls.Load() != 0 {
		t.Errorf("%d bytes, %v, the other voice was asked %d times", len(all.PCM), err, b.calls.Load())
	}
}

func TestWhatIsSetComesFirst(t *testing.T) {
	home := t.TempDir()
	install(t, home, discovery.Server{Kind: discovery.TTS, Protocol: "piper", URL: dialects["piper"](t, play(says)).PiperURL, Name: "Piper"})
	auto := func(c tts.Config) tts.Config {
		c.Engine, c.Hosts = "auto", nowhere
		return c
	}
	tests := map[string]struct {
		c                  tts.Config
		name, from, better string
	}{
		"a server of a variable": {auto(tts.Config{OpenAIURL: "http://u:secret@10.0.0.7:8000/v1", PiperURL: "http://x"}), "OpenAI-compatible", "TTS_OPENAI_URL, 10.0.0.7:8000", ""},
		"a Wyoming server":       {auto(tts.Config{WyomingURI: "tcp://10.0.0.7:10200"}), "Wyoming", "TTS_WYOMING_URI, 10.0.0.7:10200", ""},
		"Piper's own server":     {auto(tts.Config{PiperURL: "http://10.0.0.7:5000"}), "Piper", "TTS_PIPER_URL, 10.0.0.7:5000", ""},
		"a cloud":                {auto(tts.Config{ElevenKey: "secret", ElevenURL: "https://api.elevenlabs.io/v1"}), "ElevenLabs", "TTS_ELEVENLABS_KEY, api.elevenlabs.io", ""},
		"what is installed":      {auto(tts.Config{}), "Piper", "installed by make engines", ""},
		"none":                   {tts.Config{Engine: "none", Hosts: nowhere}, "none", "TTS_ENGINE", "set TTS_ENGINE=auto"},
		"an address of nothing":  {auto(tts.Config{PiperURL: "10.0.0.7"}), "misconfigured", "", "TTS_PIPER_URL is no web address, want one like http://127.0.0.1:5000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			name, from, better := tts.Describe(t.Context(), tt.c, kit.Home(home))
			if name != tt.name || from != tt.from || better != tt.better || strings.Contains(from, "secret") {
				t.Errorf("%q from %q, better %q", name, from, better)
			}
		})
	}
}
