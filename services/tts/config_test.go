package tts_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/services/tts"
	"github.com/gotars/tars/services/tts/engine"
)

func TestSettingsThatCannotWork(t *testing.T) {
	tests := map[string]struct {
		change func(*tts.Config)
		want   string
	}{
		"an engine nobody knows": {func(c *tts.Config) { c.Engine = "magic" }, `TTS_ENGINE is "magic", want auto, openai, wyoming, piper, elevenlabs, flite, espeak, none`},
		"too fast":               {func(c *tts.Config) { c.Speed = 3 }, "TTS_SPEED is 3, want 0.5 to 2"},
		"no time":                {func(c *tts.Config) { c.Timeout = 0 }, "TTS_TIMEOUT is 0s, want more than 0, for example 30s"},
		"a sink with a slash":    {func(c *tts.Config) { c.Sinks = []string{"a/b"} }, `TTS_SINKS or TTS_DEFAULT_SINK names "a/b", want up to 32 of a-z, 0-9 and -`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := tts.Config{Config: engine.Config{Engine: "auto", Speed: 1, Timeout: time.Second}, DefaultSink: "page"}
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			tt.change(&c)
			if err := c.Validate(); err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}
