package tts_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/tts"
	"github.com/gotars/tars/speech/wer"
	"github.com/gotars/tars/test/need"
)

// understand has the recogniser at STT_OPENAI_URL read c.
func understand(t *testing.T, c tts.Chunk) string {
	t.Helper()
	recogniser, err := openai.New(openai.Options{BaseURL: os.Getenv("STT_OPENAI_URL")})
	if err != nil {
		t.Fatal(err)
	}
	r, err := recogniser.Transcribe(t.Context(), openai.TranscriptionRequest{
		WAV: wav(c, uint32(len(c.PCM))), Model: os.Getenv("STT_OPENAI_MODEL"), Language: "en", Format: "json",
	})
	if err != nil {
		t.Fatal(err)
	}
	return r.Text
}

// TestARecogniserUnderstandsEveryVoice takes the time of real engines.
func TestARecogniserUnderstandsEveryVoice_RealEngines(t *testing.T) {
	need.Engines(t, "STT_OPENAI_URL", "TTS_OPENAI_URL")
	variables := map[string]string{"openai": "TTS_OPENAI_URL", "wyoming": "TTS_WYOMING_URI", "piper": "PIPER_HTTP_URL"}
	files := tts.Files{Assets: need.Voice(t), Cache: t.TempDir()}
	said := []string{
		"The kitchen light is on.", "It will rain in the afternoon, so take a coat.",
		"Your next meeting begins at ten, and the one after that at noon.", "I could not find that song. Shall I play another one?",
	}
	for name, most := range map[string]float64{"openai": 0.05, "wyoming": 0.05, "piper": 0.05, "flite": 0.15, "espeak": 0.35} {
		t.Run(name, func(t *testing.T) {
			if v := variables[name]; v != "" {
				need.Engines(t, v)
			}
			c := tts.Config{
				Engine: name, OpenAIURL: os.Getenv("TTS_OPENAI_URL"), OpenAIModel: os.Getenv("TTS_OPENAI_MODEL"),
				WyomingURI: os.Getenv("TTS_WYOMING_URI"), PiperURL: os.Getenv("PIPER_HTTP_URL"), Speed: 1, Timeout: time.Minute,
			}
			e, shut, err := tts.NewEngine(t.Context(), c, files)
			if err != nil {
				t.Skip(err)
			}
			defer shut(context.WithoutCancel(t.Context()))
			var errs wer.Errors
			var first time.Duration
			for _, text := range slices.Concat(said, said) { // neural voices say nothing twice in the same way
				begun := time.Now()
				all := tts.Chunk{}
				for c, err := range e.Synthesize(t.Context(), tts.Line{Text: text}) {
					if err != nil {
						t.Fatal(err)
					}
					if all.Rate == 0 {
						first += time.Since(begun) / time.Duration(2*len(said))
					}
					all.Rate, all.PCM = c.Rate, append(all.PCM, c.PCM...)
				}
				heard := understand(t, all)
				errs = errs.Add(wer.Of(text, heard))
				t.Logf("%q was heard as %q", text, heard)
			}
			t.Logf("word errors %.1f %%, first audio after %v on average", 100*errs.Rate(), first.Round(ms))
			if errs.Rate() > most {
				t.Errorf("word error rate %.3f, want at most %.3f", errs.Rate(), most)
			}
		})
	}
}

// TestTheBuiltInVoiceIsHeard takes as long as what it says.
func TestTheBuiltInVoiceIsHeard_RealTime(t *testing.T) {
	dir := need.Voice(t)
	out := filepath.Join(t.TempDir(), "out")
	for k, v := range map[string]string{"TTS_ENGINE": "flite", "TTS_ASSETS": dir, "TTS_PLAYER": "dd status=none of=" + out, "TTS_SINKS": "kitchen", "MQTT_DRAIN": "5s"} {
		t.Setenv(k, v)
	}
	b := kittest.Start(t, tts.Module)
	status := kittest.Watch[contract.TtsStatus](b)
	b.Publish(t, contract.TtsSay{Text: "Hello *there*. The kitchen light is on."})
	m, _ := status.Next(t)
	begun := time.Now()
	if m.Event != contract.TtsSpeakingStart {
		t.Fatalf("first came %s", m.Event)
	}
	m, _ = status.Next(t)
	took := time.Since(begun)
	if m.Event != contract.TtsSpeakingEnd || took < time.Second || took > 6*time.Second {
		t.Errorf("%s after %v, want the end after about 2.5s", m.Event, took)
	}
	b.Stop(t, "tts")
	pcm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	heard := tts.Chunk{Rate: 16000, PCM: pcm}
	if d := heard.Duration(); d < 2*time.Second || d > 4*time.Second || took < d-time.Second {
		t.Errorf("the player got %v of audio in %v, want some 2.5s as fast as they are heard", d, took)
	}
	if os.Getenv("STT_OPENAI_URL") == "" {
		return
	}
	if got := understand(t, heard); !strings.Contains(got, "light is on") {
		t.Errorf("it was heard as %q", got)
	}
}
