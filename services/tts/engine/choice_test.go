package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/test/need"
)

// piperOf is a server of Piper that plays s, as it is found.
func piperOf(t *testing.T, s *script) discovery.Server {
	return discovery.Server{Kind: discovery.TTS, Protocol: "piper", URL: dialects["piper"](t, s).PiperURL, Name: "Piper"}
}

func TestTheBuiltInVoiceTakesOver(t *testing.T) {
	assets := need.Voice(t)
	s := play(fails)
	home := t.TempDir()
	enginetest.Install(t, home, piperOf(t, s))
	e, shut, err := engine.New(t.Context(), engine.Config{Engine: "auto", Hosts: enginetest.Nowhere, Speed: 1, Timeout: enginetest.Patience}, engine.Files{Assets: assets, Home: home, Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(context.WithoutCancel(t.Context()))
	says := func(rate int, calls int32) {
		t.Helper()
		all, _, err := speak(t.Context(), e, hello)
		if err != nil || all.Rate != rate || s.Calls.Load() != calls {
			t.Errorf("spoken at %d, %v; the server was asked %d times, want %d", all.Rate, err, s.Calls.Load(), calls)
		}
	}
	const ofFlite = 16000
	for n := range int32(3) {
		says(ofFlite, n+1)
	}
	says(ofFlite, 3) // the server is left alone
	enginetest.Install(t, home)
	look := e.(interface{ Look(context.Context) bool }).Look
	look(t.Context())
	says(ofFlite, 3)
	s.Acts = []string{"says"}
	enginetest.Install(t, home, piperOf(t, s))
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
			enginetest.Install(t, home, discovery.Server{Kind: discovery.TTS, Protocol: "piper", URL: dialects["piper"](t, play(fails)).PiperURL, Name: "Piper"})
			e, shut, err := engine.New(t.Context(), engine.Config{Engine: "auto", Hosts: enginetest.Nowhere, Voice: voice, Speed: 1, Timeout: enginetest.Patience}, engine.Files{Assets: assets, Home: home, Cache: t.TempDir()})
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
		if _, err := engine.NewEspeak(engine.Config{Speed: 1}); err != nil {
			t.Skip(err)
		}
		e, _, err := engine.New(t.Context(), engine.Config{Engine: "auto", Hosts: enginetest.Nowhere, Voice: "en_US-joe-medium", Speed: 1, Timeout: enginetest.Patience}, engine.Files{Assets: t.TempDir()})
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
	enginetest.Install(t, home, discovery.Server{Kind: discovery.TTS, Protocol: "piper", URL: dialects["piper"](t, a).PiperURL}, discovery.Server{Kind: discovery.TTS, Protocol: "wyoming", URL: dialects["wyoming"](t, b).WyomingURI})
	e, _, err := engine.New(t.Context(), engine.Config{Engine: "auto", Hosts: enginetest.Nowhere, Speed: 1, Timeout: enginetest.Patience}, engine.Files{Home: home})
	if err != nil {
		t.Fatal(err)
	}
	if all, _, err := speak(t.Context(), e, hello); err == nil || len(all.PCM) != len(piece.PCM) || b.Calls.Load() != 0 {
		t.Errorf("%d bytes, %v, the other voice was asked %d times", len(all.PCM), err, b.Calls.Load())
	}
}

func TestWhatIsSetComesFirst(t *testing.T) {
	home := t.TempDir()
	enginetest.Install(t, home, discovery.Server{Kind: discovery.TTS, Protocol: "piper", URL: dialects["piper"](t, play(says)).PiperURL, Name: "Piper"})
	auto := func(c engine.Config) engine.Config {
		c.Engine, c.Hosts = "auto", enginetest.Nowhere
		return c
	}
	tests := map[string]struct {
		c                  engine.Config
		name, from, better string
	}{
		"a server of a variable": {auto(engine.Config{OpenAIURL: "http://u:secret@10.0.0.7:8000/v1", PiperURL: "http://x"}), "OpenAI-compatible", "TTS_OPENAI_URL, 10.0.0.7:8000", ""},
		"a Wyoming server":       {auto(engine.Config{WyomingURI: "tcp://10.0.0.7:10200"}), "Wyoming", "TTS_WYOMING_URI, 10.0.0.7:10200", ""},
		"Piper's own server":     {auto(engine.Config{PiperURL: "http://10.0.0.7:5000"}), "Piper", "TTS_PIPER_URL, 10.0.0.7:5000", ""},
		"a cloud":                {auto(engine.Config{ElevenKey: "secret", ElevenURL: "https://api.elevenlabs.io/v1"}), "ElevenLabs", "TTS_ELEVENLABS_KEY, api.elevenlabs.io", ""},
		"no cloud where a voice of one's own was meant": {auto(engine.Config{ElevenKey: "secret", ElevenURL: "https://api.elevenlabs.io/v1", Provider: "Piper"}), "Piper", "installed by make engines", ""},
		"the cloud where it was meant":                  {auto(engine.Config{ElevenKey: "secret", ElevenURL: "https://api.elevenlabs.io/v1", Provider: "elevenlabs"}), "ElevenLabs", "TTS_ELEVENLABS_KEY, api.elevenlabs.io", ""},
		"what is installed":                             {auto(engine.Config{}), "Piper", "installed by make engines", ""},
		"none":                                          {engine.Config{Engine: "none", Hosts: enginetest.Nowhere}, "none", "TTS_ENGINE", "set TTS_ENGINE=auto"},
		"an address of nothing":                         {auto(engine.Config{PiperURL: "10.0.0.7"}), "misconfigured", "", "TTS_PIPER_URL is no web address, want one like http://127.0.0.1:5000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			name, from, better := engine.Describe(t.Context(), tt.c, engine.Files{Home: home})
			if name != tt.name || from != tt.from || better != tt.better || strings.Contains(from, "secret") {
				t.Errorf("%q from %q, better %q", name, from, better)
			}
		})
	}
}
