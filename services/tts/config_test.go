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
		"louder than it can":     {func(c *tts.Config) { c.Volume = 1.5 }, "TTS_VOLUME is 1.5, want 0 to 1"},
		"a volume below nothing": {func(c *tts.Config) { c.VoiceVolumes = []string{"amy=0.5", "joe=-1"} }, `TTS_VOICE_VOLUMES has "-1" for joe, want 0 to 1`},
		"a volume that is none":  {func(c *tts.Config) { c.VoiceVolumes = []string{"joe=NaN"} }, `TTS_VOICE_VOLUMES has "NaN" for joe, want 0 to 1`},
		"a voice without volume": {func(c *tts.Config) { c.VoiceVolumes = []string{"joe"} }, `TTS_VOICE_VOLUMES has "joe", want the name of a voice and its volume, such as amy=0.8`},
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
