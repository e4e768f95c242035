package stt

import (
	"fmt"
	"time"
)

// Config is read from STT_* variables.
type Config struct {
	Engine string `default:"auto" desc:"recogniser: auto, openai, command or none; auto takes the first that is set up"`

	OpenAIURL     string `envconfig:"OPENAI_URL" desc:"base URL of an OpenAI-compatible recogniser, http://127.0.0.1:18101/v1"`
	OpenAIKey     string `envconfig:"OPENAI_KEY" desc:"its key, if it wants one"`
	OpenAIModel   string `envconfig:"OPENAI_MODEL" default:"whisper-1" desc:"its model"`
	OpenAIBaseURL string `envconfig:"OPENAI_BASE_URL" also:"OPENAI_BASE_URL" desc:"used with OPENAI_API_KEY when STT_OPENAI_URL is empty"`
	OpenAIAPIKey  string `envconfig:"OPENAI_API_KEY" also:"OPENAI_API_KEY" desc:"key of OPENAI_BASE_URL"`

	Command string        `desc:"program that prints the text of a WAV file: its {file}, else its standard input"`
	Lang    string        `default:"en" desc:"language that is spoken, two letters; empty lets the engine find out"`
	Timeout time.Duration `default:"30s" desc:"longest recognition of one utterance"`

	Endpoint     time.Duration `default:"650ms" desc:"silence that completes an utterance"`
	PreRoll      time.Duration `split_words:"true" default:"400ms" desc:"audio kept from before the first voice, 300ms or more"`
	MinSpeech    time.Duration `split_words:"true" default:"120ms" desc:"voice that it takes to be speech"`
	MaxUtterance time.Duration `split_words:"true" default:"30s" desc:"longer utterances are cut at a pause"`
	MinLevel     float64       `split_words:"true" default:"70" desc:"least loudness of speech, RMS of 16-bit samples between 100 and 1500 Hz"`

	MinConfidence float64 `split_words:"true" default:"0.3" desc:"what was understood with less is dropped, 0 to 1; 0 drops nothing"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	switch {
	case c.Timeout <= 0:
		return fmt.Errorf("STT_TIMEOUT is %v, want more than 0, for example 30s", c.Timeout)
	case c.Endpoint < 200*time.Millisecond || c.Endpoint > 5*time.Second:
		return fmt.Errorf("STT_ENDPOINT is %v, want 200ms to 5s", c.Endpoint)
	case c.PreRoll < 300*time.Millisecond || c.PreRoll > 2*time.Second:
		return fmt.Errorf("STT_PRE_ROLL is %v, want 300ms to 2s", c.PreRoll)
	case c.MinSpeech < frame || c.MinSpeech > time.Second:
		return fmt.Errorf("STT_MIN_SPEECH is %v, want 20ms to 1s", c.MinSpeech)
	case c.MaxUtterance < 5*time.Second || c.MaxUtterance > 5*time.Minute:
		return fmt.Errorf("STT_MAX_UTTERANCE is %v, want 5s to 5m", c.MaxUtterance)
	case c.MinLevel <= 0 || c.MinLevel > 5000:
		return fmt.Errorf("STT_MIN_LEVEL is %v, want more than 0, at most 5000", c.MinLevel)
	case c.MinConfidence < 0 || c.MinConfidence > 1:
		return fmt.Errorf("STT_MIN_CONFIDENCE is %v, want 0 to 1", c.MinConfidence)
	}
	return nil
}

// segmentation is how c cuts audio. Speech has ended after hangover of silence;
// the utterance goes on until Endpoint.
func (c *Config) segmentation() Segmentation {
	const hangover = 260 * time.Millisecond
	return Segmentation{
		PreRoll: c.PreRoll, MinSpeech: c.MinSpeech, Hangover: min(hangover, c.Endpoint),
		Endpoint: c.Endpoint, Longest: c.MaxUtterance, MinLevel: c.MinLevel,
	}
}
