package engine

import (
	"fmt"
	"net/url"
	"time"
)

// Config is the settings of the model, of the variables LLM_*.
type Config struct {
	Engine  string   `default:"auto" desc:"who writes: openai, builtin, or auto for the server that is set, else the best that is found, else builtin"`
	Hosts   []string `envconfig:"ENGINE_HOSTS" default:"127.0.0.1" also:"ENGINE_HOSTS" desc:"where auto looks for servers, separated by commas; none: nowhere"`
	BaseURL string   `split_words:"true" also:"LLM_OPENAI_URL OPENAI_BASE_URL" desc:"OpenAI-compatible server, http://127.0.0.1:11434/v1"`
	APIKey  string   `split_words:"true" also:"OPENAI_API_KEY" desc:"its key, if it wants one; without a base URL that of OpenAI"`
	Model   string   `desc:"model; by default gpt-4o-mini at OpenAI, else the first that the server has"`

	Lang string `also:"STT_LANG LANG" desc:"language in which the built-in answers read numbers, de or de_DE.UTF-8: with some, decimals follow a comma"`

	FallbackModels []string `split_words:"true" desc:"models of the same server that answer in its place when it fails before its first word, the first one first, separated by commas"`

	Timeout    time.Duration `default:"2m" desc:"longest time for one answer"`
	FirstToken time.Duration `split_words:"true" default:"30s" desc:"longest wait for the first sign of life: a word, a thought, a heartbeat"`
	Idle       time.Duration `default:"15s" desc:"longest silence between two words"`
	Thinking   time.Duration `default:"90s" desc:"longest wait for a word while the server shows that it works: it loads the model, thinks, or sends heartbeats; 0: no longer than for a sign of life"`
}

// Provider says for people who writes.
type Provider struct {
	Name   string // openai or builtin
	From   string // where that was found: a variable, a server
	Better string // what to set for better answers; empty when nothing is missing

	Address string // of its server; empty for builtin
}

// Names of providers, what an OpenAI key alone stands for, and the advice for a person
// without a model.
const (
	openAI       = "openai"
	builtin      = "builtin"
	openAIBase   = "https://api.openai.com/v1" // where a key alone leads
	defaultModel = "gpt-4o-mini"               // its model unless another is set
	connectHint  = "start Ollama, run make engines, or set LLM_BASE_URL to an OpenAI-compatible server (http://127.0.0.1:11434/v1 for Ollama), or LLM_API_KEY for OpenAI"
)

// ProviderOf returns who writes by c, or why c cannot work. It looks for no
// server: with "auto" and nothing set the best server that is found replaces
// builtin.
func ProviderOf(c Config) (Provider, error) {
	var host string
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return Provider{}, fmt.Errorf("LLM_BASE_URL is no web address, want one like http://127.0.0.1:11434/v1")
		}
		host = u.Host
	}
	switch c.Engine {
	case openAI, "auto", "":
		switch {
		case host != "":
			return Provider{Name: openAI, From: "the server at " + host, Address: c.BaseURL}, nil
		case c.APIKey != "":
			return Provider{Name: openAI, From: "OpenAI, by LLM_API_KEY", Address: openAIBase}, nil
		case c.Engine == openAI:
			return Provider{}, fmt.Errorf("LLM_ENGINE is openai, and neither LLM_BASE_URL nor LLM_API_KEY is set")
		}
		return Provider{Name: builtin, From: "nothing is set", Better: connectHint}, nil
	case builtin:
		return Provider{Name: builtin, From: "LLM_ENGINE", Better: "set LLM_ENGINE=auto, and " + connectHint}, nil
	}
	return Provider{}, fmt.Errorf("LLM_ENGINE is %q, want auto, openai or builtin", c.Engine)
}
