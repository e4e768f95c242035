package tts

import (
	"fmt"
	"time"
)

// Config is read from TTS_* variables.
type Config struct {
	Engine string  `default:"auto" desc:"voice: auto, openai, flite, espeak or none; auto takes the first that is set up"`
	Voice  string  `desc:"name of the voice, as the engine calls it; empty is the engine's own"`
	Speed  float64 `default:"1" desc:"how fast it speaks, 0.5 to 2"`

	OpenAIURL   string `envconfig:"OPENAI_URL" desc:"base URL of an OpenAI-compatible voice, http://127.0.0.1:18101/v1"`
	OpenAIKey   string `envconfig:"OPENAI_KEY" desc:"its key, if it wants one"`
	OpenAIModel string `envconfig:"OPENAI_MODEL" default:"tts-1" desc:"its model"`

	Timeout time.Duration `default:"30s" desc:"longest synthesis of one sentence"`

	Sinks       []string `desc:"rooms that have a speaker of their own, separated by commas"`
	DefaultSink string   `split_words:"true" default:"page" desc:"where all other speech goes"`
	Player      string   `desc:"program that plays raw audio from its input in place of the default sink: aplay -q -t raw -f S16_LE -r {rate} -c 1"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	switch {
	case c.Speed < 0.5 || c.Speed > 2:
		return fmt.Errorf("TTS_SPEED is %v, want 0.5 to 2", c.Speed)
	case c.Timeout <= 0:
		return fmt.Errorf("TTS_TIMEOUT is %v, want more than 0, for example 30s", c.Timeout)
	}
	return nil
}
