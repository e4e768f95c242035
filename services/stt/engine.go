package stt

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Engine turns speech into text. It is safe for concurrent use.
type Engine interface {
	// Transcribe returns what is said in a. It ends soon after ctx does.
	Transcribe(ctx context.Context, a Audio) (Result, error)
}

// Result is what an engine understood.
type Result struct {
	Text       string   // empty: nothing was said
	Confidence *float64 // 0 to 1, the mean probability of a word piece; nil when the engine does not tell
	Lang       string   // "en"; empty when the engine does not tell
}

// ErrNoEngine is the answer of a service that has nothing to recognise with.
var ErrNoEngine = errors.New("no recogniser: set STT_OPENAI_URL to an OpenAI-compatible server, or STT_COMMAND")

// deaf is the engine of a service that has none.
type deaf struct{}

func (deaf) Transcribe(context.Context, Audio) (Result, error) { return Result{}, ErrNoEngine }

// NewEngine returns the engine that c asks for, and with "auto" the first one
// that is set up.
func NewEngine(c Config) (Engine, error) {
	switch c.Engine {
	case "openai":
		return NewOpenAI(c)
	case "command":
		return NewCommand(c)
	case "none":
		return deaf{}, nil
	case "auto":
		switch {
		case c.OpenAIURL != "", c.OpenAIBaseURL != "" && c.OpenAIAPIKey != "":
			return NewOpenAI(c)
		case c.Command != "":
			return NewCommand(c)
		}
		return deaf{}, nil
	}
	return nil, fmt.Errorf("STT_ENGINE is %q, want auto, openai, command or none", c.Engine)
}

// confidence turns a mean natural logarithm of probabilities into one.
func confidence(logprob float64) *float64 { return new(min(1, math.Exp(logprob))) }
