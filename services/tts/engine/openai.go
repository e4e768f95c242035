package engine

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/engines/apierror"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/speech/wav"
)

// OpenAI is a voice behind POST {base}/audio/speech: Piper or Kokoro behind
// speaches, LocalAI, and the clouds that speak the same.
type OpenAI struct {
	client            *openai.Client
	url, model, voice string
	speed             float64
	timeout           time.Duration
	unknown           atomic.Pointer[string] // the voice that the server refused last
}

// NewOpenAI returns the voice at c.OpenAIURL.
func NewOpenAI(c Config) (*OpenAI, error) {
	if _, err := webAddress(c.OpenAIURL); err != nil {
		return nil, fmt.Errorf("TTS_OPENAI_URL %w, want one like http://127.0.0.1:8000/v1", err)
	}
	client, err := openai.New(openai.Options{BaseURL: c.OpenAIURL, Key: c.OpenAIKey, Retries: 1})
	if err != nil {
		return nil, fmt.Errorf("TTS_OPENAI_URL: %w", err)
	}
	return &OpenAI{
		client: client, url: apierror.RedactURL(c.OpenAIURL), model: c.OpenAIModel,
		voice: cmp.Or(c.Voice, "alloy"), speed: c.Speed, timeout: c.Timeout,
	}, nil
}

// Synthesize asks the server, and yields audio as it comes. A voice that the
// server does not have is spoken with the one of the settings.
func (o *OpenAI) Synthesize(ctx context.Context, l Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		ctx, yield, stop := withIdleTimeout(ctx, o.timeout, yield)
		defer stop()
		voice := l.Voice
		if bad := o.unknown.Load(); voice == "" || bad != nil && *bad == voice {
			voice = o.voice
		}
		answer, err := o.ask(ctx, l.Text, voice)
		if mayBeVoice(err) && voice != o.voice {
			if answer, err = o.ask(ctx, l.Text, o.voice); err == nil { // else it was not the voice
				o.unknown.Store(&voice)
			}
		}
		if err != nil {
			about := fmt.Errorf("speak at %s: %w", o.url, apierror.Explain(ctx, err, "TTS_OPENAI_KEY"))
			if isRequestFault(err) {
				about = failover.RequestFault(about)
			}
			yield(Chunk{}, about)
			return
		}
		defer answer.Body.Close()
		playAnswer(answer, func(c Chunk, err error) bool {
			if err != nil {
				err = fmt.Errorf("speak at %s: %w", o.url, apierror.Explain(ctx, err, "TTS_OPENAI_KEY"))
			}
			return yield(c, err)
		})
	}
}

func (o *OpenAI) ask(ctx context.Context, text, voice string) (*http.Response, error) {
	q := openai.SpeechRequest{Input: text, Model: o.model, Voice: voice, Format: "wav"} // it names its rate, where pcm may not
	if o.speed != 1 {
		q.Speed = &o.speed
	}
	return o.client.Speak(ctx, q)
}

// playAnswer yields the samples of an answer. Some servers send raw ones whatever
// they were asked for, at the rate of the content type, else at that of OpenAI.
func playAnswer(answer *http.Response, yield func(Chunk, error) bool) {
	const openaiRate = 24000
	body := bufio.NewReaderSize(answer.Body, maxChunkBytes)
	begun := false
	heard := func(c Chunk, err error) bool {
		begun = true
		return yield(c, err)
	}
	kind, params, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	head, err := body.Peek(4)
	switch {
	case string(head) == "RIFF":
		yieldFile(body, heard)
	case err != nil && err != io.EOF:
		heard(Chunk{}, err)
	case len(head) == 0:
	case kind == "audio/pcm" || kind == "audio/l16" || kind == "application/octet-stream":
		rate, err := strconv.Atoi(params["rate"])
		if err != nil || !wav.ValidRate(rate) {
			rate = openaiRate
		}
		yieldSamples(body, rate, heard)
	default:
		heard(Chunk{}, fmt.Errorf("the server sent %q, want a WAV file", cmp.Or(kind, "nothing that is named")))
	}
	if !begun {
		yield(Chunk{}, errors.New("the server sent no audio"))
	}
}

// mayBeVoice tells whether the server did not like the question, or knows no such
// voice.
func mayBeVoice(err error) bool {
	var e *apierror.Error
	return isRequestFault(err) || errors.As(err, &e) && e.StatusCode == http.StatusNotFound
}

// isRequestFault tells whether the server is well and did not like this question.
func isRequestFault(err error) bool {
	var e *apierror.Error
	return errors.As(err, &e) && apierror.IsRequestFault(e.StatusCode)
}
