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
	// Transcribe returns what is said in the audio of q. It ends soon after ctx does.
	Transcribe(ctx context.Context, q Request) (Result, error)
}

// Request is one utterance to be read.
type Request struct {
	Audio   pcm.Audio
	Context string // what was said just before, as it is written; a recogniser that reads like Whisper takes its spelling from it, others ignore it
}

// Result is what a Transcriber understood.
type Result struct {
	Text       string   // empty: nothing was said
	Confidence *float64 // 0 to 1, the mean probability of a word piece; nil when the engine does not tell
	Lang       string   // "en"; empty when the engine does not tell

	// NoSpeech is the least probability, 0 to 1, that the model gives in any part of the text to nobody
	// having spoken there; 0 when the engine does not tell. Whisper says 0.00 to 0.11 of speech in noise
	// 5 dB below it, and 0.38 to 0.81 of noise alone (30 and 13 clips, Whisper base).
	NoSpeech float64

	CPU time.Duration // that it cost, of an engine that is a program run for it, also when it failed; 0: unknown
}

// setupHint tells a person how to set up a recogniser.
const setupHint = "run make engines, or set STT_OPENAI_URL, STT_WYOMING_URI or STT_COMMAND"

// ErrNone is the answer when there is nothing to recognise with.
var ErrNone = errors.New("no recogniser: " + setupHint)

// noEngine is the Transcriber when no other is set up or found: it refuses all audio.
type noEngine struct{}

// Transcribe implements Transcriber.
func (noEngine) Transcribe(context.Context, Request) (Result, error) {
	return Result{}, failover.RequestFault(ErrNone)
}

// Ready reports that there is no recogniser, and how to set one up.
func (noEngine) Ready(context.Context) error { return ErrNone }

// confidenceOf turns the mean log-probability of an answer, a natural logarithm, into
// a probability.
func confidenceOf(logprob float64) *float64 { return new(min(1, math.Exp(logprob))) }
