package tts

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gotars/tars/engines/failover"
)

// Line is what an engine is to say.
type Line struct {
	Text  string // one sentence, without markup
	Voice string // as asked for; empty, or one the engine does not have: its own
	Lang  string // two letters; empty: the language of the voice
}

// Engine makes speech. It is safe for concurrent use.
type Engine interface {
	// Synthesize yields the audio of l as it is made, and an error as the last
	// pair when not all of it could be. It ends soon after ctx does.
	Synthesize(ctx context.Context, l Line) iter.Seq2[Chunk, error]
}

// ErrNoEngine is the answer of a service that has no voice.
var ErrNoEngine = errors.New("no voice: run make assets for the built-in one, or make engines for a better one")

// noEngine is the engine of a service that has none.
type noEngine struct{ why error }

func (d noEngine) Synthesize(context.Context, Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) { yield(Chunk{}, failover.RequestFault(d.why)) }
}

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
