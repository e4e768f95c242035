package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// kinds are the values of STT_ENGINE.
const kinds = "auto, openai, wyoming, command, none"

// maxPrompt bounds STT_PROMPT, in characters: a longer one is repeated by the model
// instead of heard.
const maxPrompt = 200

// Config is the settings of the recogniser, of the variables STT_*.
type Config struct {
	Engine  string   `default:"auto" desc:"recogniser: auto, openai, wyoming, command or none; auto takes the first that is set up, else the best that is found"`
	Hosts   []string `envconfig:"ENGINE_HOSTS" default:"127.0.0.1" also:"ENGINE_HOSTS" desc:"where auto looks for servers, separated by commas; none: nowhere"`
	Backend string   `desc:"the recogniser of py-tars that was meant: whisper or ws, both of one's own, keep OPENAI_BASE_URL and OPENAI_API_KEY for the model alone"`

	OpenAIURL     string `envconfig:"OPENAI_URL" desc:"base URL of an OpenAI-compatible recogniser, for example http://127.0.0.1:8000/v1"`
	OpenAIKey     string `envconfig:"OPENAI_KEY" desc:"its key, if it wants one"`
	OpenAIModel   string `envconfig:"OPENAI_MODEL" default:"whisper-1" was:"OPENAI_STT_MODEL" desc:"its model"`
	OpenAIBaseURL string `envconfig:"OPENAI_BASE_URL" also:"OPENAI_BASE_URL" desc:"serves, with OPENAI_API_KEY, when STT_OPENAI_URL is not set"`
	OpenAIAPIKey  string `envconfig:"OPENAI_API_KEY" also:"OPENAI_API_KEY" desc:"key of OPENAI_BASE_URL"`

	Prompt string `desc:"names and words that are said, of which an OpenAI-compatible recogniser is told, for example: Jarvis, Grafana; 200 characters at most"`

	WyomingURI string `envconfig:"WYOMING_URI" desc:"a recogniser that speaks Wyoming, for example tcp://127.0.0.1:10300"`

	Command string        `desc:"program that prints the text of a WAV file: its {file}, else its standard input"`
	Lang    string        `default:"en" desc:"language that is spoken, two letters; auto lets the engine find out"`
	Timeout time.Duration `default:"30s" was:"OPENAI_TIMEOUT_S" desc:"longest recognition of one utterance"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	const minTimeout, maxTimeout = 100 * time.Millisecond, 10 * time.Minute
	switch {
	case utf8.RuneCountInString(c.Prompt) > maxPrompt:
		return fmt.Errorf("STT_PROMPT has %d characters, want at most %d", utf8.RuneCountInString(c.Prompt), maxPrompt)
	case !slices.Contains(strings.Split(kinds, ", "), c.Engine):
		return fmt.Errorf("STT_ENGINE is %q, want %s", c.Engine, kinds)
	case c.Lang != "auto" && len(c.Lang) != 2:
		return fmt.Errorf("STT_LANG is %q, want two letters such as en, or auto", c.Lang)
	case c.Timeout < minTimeout || c.Timeout > maxTimeout:
		return fmt.Errorf("STT_TIMEOUT is %v, want %v to %v", c.Timeout, minTimeout, maxTimeout)
	}
	return nil
}

// meansLocal reports whether STT_BACKEND names a recogniser of one's own, which is none of
// the engines here. What is said is not to go to the cloud of the model in its place.
func (c *Config) meansLocal() bool {
	return slices.Contains([]string{"whisper", "ws"}, strings.ToLower(strings.TrimSpace(c.Backend)))
}

// Language is what engines are told, two letters; empty lets them find out.
func (c *Config) Language() string {
	if c.Lang == "auto" {
		return ""
	}
	return c.Lang
}
