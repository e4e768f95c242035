// Package engine turns text into speech with servers, programs and a voice of its
// own.
package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gotars/tars/engines/failover"
)

// Line is what is to be said.
type Line struct {
	Text  string // one sentence, without markup
	Voice string // as asked for; empty, or one the engine does not have: its own
	Lang  string // two letters; empty: the language of the voice
}

// Synthesizer makes speech. It is safe for concurrent use.
type Synthesizer interface {
	// Synthesize yields the audio of l as it is made, and an error as the last
	// pair when not all of it could be. It ends soon after ctx does.
	Synthesize(ctx context.Context, l Line) iter.Seq2[Chunk, error]
}

// ErrNone is the answer when there is no voice.
var ErrNone = errors.New("no voice: run make assets for the built-in one, or make engines for a better one")

// none stands for a Synthesizer when there is none.
type none struct{ why error }

// Synthesize implements Synthesizer.
func (d none) Synthesize(context.Context, Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) { yield(Chunk{}, failover.RequestFault(d.why)) }
}

// Ready says why there is none.
func (d none) Ready(context.Context) error { return d.why }

// maxSentenceAudio is more than one sentence takes, however slowly it is spoken.
const maxSentenceAudio = 5 * time.Minute

// withIdleTimeout returns a context that ends when no audio comes for d, or when audio
// does not end. The time that yield takes does not count: it may wait for its
// turn to play.
func withIdleTimeout(ctx context.Context, d time.Duration, yield func(Chunk, error) bool) (
	context.Context, func(Chunk, error) bool, func(),
) {
	ctx, cancel := context.WithCancelCause(ctx)
	silence := time.AfterFunc(d, func() { cancel(fmt.Errorf("no audio for %v", d)) })
	stop := func() {
		silence.Stop()
		cancel(nil)
	}
	heard := time.Duration(0)
	return ctx, func(c Chunk, err error) bool {
		silence.Stop()
		defer silence.Reset(d)
		if heard += c.Duration(); heard > maxSentenceAudio {
			cancel(fmt.Errorf("more than %v of audio for one sentence", maxSentenceAudio))
		}
		return yield(c, err)
	}, stop
}
