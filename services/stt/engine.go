package stt

import (
	"context"
	"errors"
	"math"

	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/speech/pcm"
)

// Engine turns speech into text. It is safe for concurrent use.
type Engine interface {
	// Transcribe returns what is said in a. It ends soon after ctx does.
	Transcribe(ctx context.Context, a pcm.Audio) (Result, error)
}

// Result is what an engine understood.
type Result struct {
	Text       string   // empty: nothing was said
	Confidence *float64 // 0 to 1, the mean probability of a word piece; nil when the engine does not tell
	Lang       string   // "en"; empty when the engine does not tell
}

// setupHint is what to do for a recogniser.
const setupHint = "run make engines, or set STT_OPENAI_URL, STT_WYOMING_URI or STT_COMMAND"

// ErrNoEngine is the answer of a service that has nothing to recognise with.
var ErrNoEngine = errors.New("no recogniser: " + setupHint)

// noEngine is the engine of a service that has none.
type noEngine struct{}

func (noEngine) Transcribe(context.Context, pcm.Audio) (Result, error) {
	return Result{}, failover.RequestFault(ErrNoEngine)
}

// confidenceOf turns a mean natural logarithm of probabilities into one.
func confidenceOf(logprob float64) *float64 { return new(min(1, math.Exp(logprob))) }
