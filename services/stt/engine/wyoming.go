package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/speech/pcm"
)

// Wyoming is a recogniser that speaks the Wyoming protocol, as those of Home
// Assistant do: faster-whisper, whisper.cpp, Vosk, Speech-to-Phrase.
type Wyoming struct {
	client  *wyoming.Client
	lang    string
	timeout time.Duration
}

// NewWyoming returns the recogniser at c.WyomingURI.
func NewWyoming(c Config) (*Wyoming, error) {
	client, err := wyoming.NewClient(c.WyomingURI)
	if err != nil {
		return nil, fmt.Errorf("STT_WYOMING_URI: %w", err)
	}
	return &Wyoming{client: client, lang: c.Language(), timeout: c.Timeout}, nil
}

// Transcribe asks the server, for at most the timeout of the settings.
func (w *Wyoming) Transcribe(ctx context.Context, q Request) (Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, w.timeout, fmt.Errorf("no answer within %v", w.timeout))
	defer cancel()
	text, err := w.client.Transcribe(ctx, wyoming.Speech{
		Format: wyoming.Format{Rate: pcm.Rate, Width: 2, Channels: 1}, PCM: q.Audio, Language: w.lang,
	})
	if err != nil {
		again := ctx.Err() == nil && wyoming.Broken(err)
		err = fmt.Errorf("transcribe at %s: %w", w.client.Addr(), err)
		if again {
			err = failover.Retryable(err)
		}
		return Result{}, err
	}
	return Result{Text: text.Text, Lang: languageCode(text.Language)}, nil
}
