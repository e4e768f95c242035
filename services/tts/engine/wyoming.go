package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/speech/wav"
)

// Wyoming is a voice that speaks the Wyoming protocol, as those of Home
// Assistant do: Piper, Kokoro, Microsoft and others behind bridges.
type Wyoming struct {
	client  *wyoming.Client
	voice   string // empty: the server's own
	timeout time.Duration
	streams atomic.Pointer[bool]   // the server speaks text as it is written; nil: not asked
	unknown atomic.Pointer[string] // the voice that the server refused last
}

// NewWyoming returns the voice at c.WyomingURI.
func NewWyoming(c Config) (*Wyoming, error) {
	client, err := wyoming.NewClient(c.WyomingURI)
	if err != nil {
		return nil, fmt.Errorf("TTS_WYOMING_URI: %w", err)
	}
	return &Wyoming{client: client, voice: c.Voice, timeout: c.Timeout}, nil
}

// Synthesize asks the server, and yields audio as it comes. A voice that the
// server does not have is spoken with the one of the settings. The protocol
// knows no speed.
func (w *Wyoming) Synthesize(ctx context.Context, l Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		ctx, yield, stop := withIdleTimeout(ctx, w.timeout, yield)
		defer stop()
		voice := l.Voice
		if bad := w.unknown.Load(); voice == "" || bad != nil && *bad == voice {
			voice = w.voice
		}
		begun, err := w.say(ctx, l, voice, yield)
		var said *wyoming.Error
		if errors.As(err, &said) && !begun && voice != w.voice {
			if begun, err = w.say(ctx, l, w.voice, yield); err == nil { // else it was not the voice
				w.unknown.Store(&voice)
			}
		}
		if err == nil {
			return
		}
		again := !begun && ctx.Err() == nil && wyoming.Broken(err)
		err = fmt.Errorf("speak at %s: %w", w.client.Addr(), cmp.Or(context.Cause(ctx), err))
		if again {
			err = failover.Retryable(err)
		}
		yield(Chunk{}, err)
	}
}

// say speaks l with voice, and reports whether there was any audio.
func (w *Wyoming) say(ctx context.Context, l Line, voice string, yield func(Chunk, error) bool) (begun bool, err error) {
	stream, err := w.streaming(ctx)
	if err != nil {
		return false, err
	}
	for a, err := range w.client.Synthesize(ctx, wyoming.Line{Text: l.Text, Voice: voice, Stream: stream}) {
		if err != nil {
			w.streams.Store(nil) // the next one may be another server
			return begun, err
		}
		if !wav.ValidRate(a.Rate) {
			return begun, fmt.Errorf("the server sent audio with rate %d", a.Rate)
		}
		if begun = true; !yield(Chunk{Rate: a.Rate, PCM: a.PCM}, nil) {
			return true, nil
		}
	}
	if !begun {
		return false, errors.New("the server sent no audio")
	}
	return true, nil
}

// streaming reports whether the server wants to be asked in pieces. Those that
// can speak sooner then.
func (w *Wyoming) streaming(ctx context.Context) (bool, error) {
	if known := w.streams.Load(); known != nil {
		return *known, nil
	}
	can, err := w.client.Describe(ctx)
	if err != nil {
		return false, err
	}
	yes := len(can.TTS) > 0 && can.TTS[0].StreamsText
	w.streams.Store(&yes)
	return yes, nil
}
