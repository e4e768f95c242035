package tts

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
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
var ErrNoEngine = errors.New("no voice: run make assets for the built-in one, install espeak-ng, or set TTS_OPENAI_URL")

// dumb is the engine of a service that has none.
type dumb struct{ why error }

func (d dumb) Synthesize(context.Context, Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) { yield(Chunk{}, d.why) }
}

// name is what an engine is called in TTS_ENGINE.
func name(e Engine) string {
	switch e.(type) {
	case *OpenAI:
		return "openai"
	case *Flite:
		return "flite"
	case *Espeak:
		return "espeak"
	}
	return "none"
}

// patient returns a context that ends when no audio comes for d. The time that
// yield takes does not count: it may wait for its turn to play.
func patient(ctx context.Context, d time.Duration, yield func(Chunk, error) bool) (
	context.Context, func(Chunk, error) bool, func(),
) {
	ctx, cancel := context.WithCancelCause(ctx)
	silence := time.AfterFunc(d, func() { cancel(fmt.Errorf("no audio for %v", d)) })
	stop := func() {
		silence.Stop()
		cancel(nil)
	}
	return ctx, func(c Chunk, err error) bool {
		silence.Stop()
		defer silence.Reset(d)
		return yield(c, err)
	}, stop
}

// NewEngine returns the engine that c asks for, and with "auto" the first one
// that is set up. Files is where the assets of the built-in voice and its
// compiled code lie. What close returns must be called when the engine is no
// longer needed.
func NewEngine(ctx context.Context, c Config, files Files) (e Engine, close func(context.Context) error, err error) {
	nothing := func(context.Context) error { return nil }
	kind := c.Engine
	if kind == "auto" {
		kind = found(c, files)
	}
	switch kind {
	case "openai":
		e, err = NewOpenAI(c)
	case "espeak":
		e, err = NewEspeak(c)
	case "none":
		e = dumb{ErrNoEngine}
	case "flite":
		f, err := OpenFlite(ctx, c, files)
		if err != nil {
			return nil, nothing, err
		}
		return f, f.Close, nil
	default:
		err = fmt.Errorf("TTS_ENGINE is %q, want auto, openai, flite, espeak or none", c.Engine)
	}
	return e, nothing, err
}

// found names the best engine that is set up.
func found(c Config, files Files) string {
	switch {
	case c.OpenAIURL != "":
		return "openai"
	case files.hasFlite():
		return "flite"
	case hasEspeak():
		return "espeak"
	}
	return "none"
}
