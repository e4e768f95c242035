// Package engine turns speech into text with servers and programs that can.
package engine

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/speech/pcm"
)

// Transcriber turns speech into text. It is safe for concurrent use.
type Transcriber interface {
	// Transcribe returns what is said in a. It ends soon after ctx does.
	Transcribe(ctx context.Context, a pcm.Audio) (Result, error)
}

// Result is what a Transcriber understood.
type Result struct {
	Text       string   // empty: nothing was said
	Confidence *float64 // 0 to 1, the mean probability of a word piece; nil when the engine does not tell
	Lang       string   // "en"; empty when the engine does not tell

	CPU time.Duration // that it cost, of an engine that is a program run for it, also when it failed; 0: unknown
}

// setupHint tells a person how to set up a recogniser.
const setupHint = "run make engines, or set STT_OPENAI_URL, STT_WYOMING_URI or STT_COMMAND"

// ErrNone is the answer when there is nothing to recognise with.
var ErrNone = errors.New("no recogniser: " + setupHint)

// noEngine is the Transcriber when no other is set up or found: it refuses all audio.
type noEngine struct{}

// Transcribe implements Transcriber.
func (noEngine) Transcribe(context.Context, pcm.Audio) (Result, error) {
	return Result{}, failover.RequestFault(ErrNone)
}

// Ready reports that there is no recogniser, and how to set one up.
func (noEngine) Ready(context.Context) error { return ErrNone }

// confidenceOf turns the mean log-probability of an answer, a natural logarithm, into
// a probability.
func confidenceOf(logprob float64) *float64 { return new(min(1, math.Exp(logprob))) }
