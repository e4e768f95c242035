package engine_test

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/speech/wer"
	"github.com/gotars/tars/test/need"
	"github.com/gotars/tars/test/sound"
)

// TestARecogniserUnderstandsEveryVoice takes the time of real engines.
func TestARecogniserUnderstandsEveryVoice_RealEngines(t *testing.T) {
	need.Engines(t, "STT_OPENAI_URL", "TTS_OPENAI_URL")
	variables := map[string]string{"openai": "TTS_OPENAI_URL", "wyoming": "TTS_WYOMING_URI", "piper": "PIPER_HTTP_URL"}
	files := engine.Files{Assets: need.Voice(t), Cache: t.TempDir()}
	said := []string{
		"The kitchen light is on.", "It will rain in the afternoon, so take a coat.",
		"Your next meeting begins at ten, and the one after that at noon.", "I could not find that song. Shall I play another one?",
	}
	for name, most := range map[string]float64{"openai": 0.05, "wyoming": 0.05, "piper": 0.05, "flite": 0.15, "espeak": 0.35} {
		t.Run(name, func(t *testing.T) {
			if v := variables[name]; v != "" {
				need.Engines(t, v)
			}
			c := engine.Config{
				Engine: name, OpenAIURL: os.Getenv("TTS_OPENAI_URL"), OpenAIModel: os.Getenv("TTS_OPENAI_MODEL"),
				WyomingURI: os.Getenv("TTS_WYOMING_URI"), PiperURL: os.Getenv("PIPER_HTTP_URL"), Speed: 1, Timeout: time.Minute,
			}
			e, shut, err := engine.New(t.Context(), c, files)
			if err != nil {
				t.Skip(err)
			}
			defer shut(context.WithoutCancel(t.Context()))
			var errs wer.Errors
			var first time.Duration
			for _, text := range slices.Concat(said, said) { // neural voices say nothing twice in the same way
				begun := time.Now()
				all := engine.Chunk{}
				for c, err := range e.Synthesize(t.Context(), engine.Line{Text: text}) {
					if err != nil {
						t.Fatal(err)
					}
					if all.Rate == 0 {
						first += time.Since(begun) / time.Duration(2*len(said))
					}
					all.Rate, all.PCM = c.Rate, append(all.PCM, c.PCM...)
				}
				heard := sound.Understand(t, all.PCM, all.Rate)
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
