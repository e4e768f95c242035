package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gotars/tars/engines/apierror"
)

// ElevenLabs is the voice of that cloud, streamed. The text leaves the house.
type ElevenLabs struct {
	base              *url.URL
	key, voice, model string
	speed             float64
	timeout           time.Duration
}

// elevenRate is the sample rate that is asked for; every plan has it.
const elevenRate = 22050

// elevenVoice is how ElevenLabs names voices; other names are of other engines.
var elevenVoice = regexp.MustCompile(`^[0-9A-Za-z]{20}$`)

// NewElevenLabs returns the voice c.ElevenVoice.
func NewElevenLabs(c Config) (*ElevenLabs, error) {
	if c.ElevenKey == "" {
		return nil, errors.New("TTS_ELEVENLABS_KEY is empty: set it to a key of ElevenLabs")
	}
	base, err := webAddress(c.ElevenURL)
	if err != nil {
		return nil, fmt.Errorf("TTS_ELEVENLABS_URL %w, want one like https://api.elevenlabs.io/v1", err)
	}
	return &ElevenLabs{base: base, key: c.ElevenKey, voice: c.ElevenVoice, model: c.ElevenModel, speed: c.Speed, timeout: c.Timeout}, nil
}

// Synthesize asks the cloud, and yields audio as it comes.
func (e *ElevenLabs) Synthesize(ctx context.Context, l Line) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		ctx, yield, stop := withIdleTimeout(ctx, e.timeout, yield)
		defer stop()
		answer, err := e.ask(ctx, l)
		if err != nil {
			yield(Chunk{}, synthesisError(ctx, e.base.Host, e.explained(err)))
			return
		}
		defer answer.Body.Close()
		kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
		if strings.HasPrefix(kind, "text/") || kind == "application/json" || kind == "audio/mpeg" {
			yield(Chunk{}, fmt.Errorf("speak at %s: the server sent %q, want raw audio", e.base.Host, kind))
			return
		}
		begun := false
		yieldSamples(answer.Body, elevenRate, func(c Chunk, err error) bool {
			if begun = true; err != nil {
				err = fmt.Errorf("speak at %s: %w", e.base.Host, apierror.Explain(ctx, err, ""))
			}
			return yield(c, err)
		})
		if !begun {
			yield(Chunk{}, fmt.Errorf("speak at %s: the server sent no audio", e.base.Host))
		}
	}
}

func (e *ElevenLabs) ask(ctx context.Context, l Line) (*http.Response, error) {
	type settings struct {
		Stability  float64 `json:"stability"`
		Similarity float64 `json:"similarity_boost"`
		Speed      float64 `json:"speed,omitempty"`
	}
	q := struct {
		Text     string   `json:"text"`
		Model    string   `json:"model_id"`
		Settings settings `json:"voice_settings"`
	}{l.Text, e.model, settings{Stability: 0.5, Similarity: 0.75}}
	if e.speed != 1 {
		q.Settings.Speed = min(max(e.speed, 0.7), 1.2) // more is refused
	}
	voice := e.voice
	if elevenVoice.MatchString(l.Voice) {
		voice = l.Voice
	}
	address := e.base.JoinPath("text-to-speech", voice, "stream")
	address.RawQuery = url.Values{"output_format": {"pcm_" + strconv.Itoa(elevenRate)}}.Encode()
	return postJSON(ctx, address.String(), map[string]string{keyHeader: e.key}, q)
}

// explained says what to set.
func (e *ElevenLabs) explained(err error) error {
	var s *apierror.Error
	if !errors.As(err, &s) {
		return err
	}
	text := s.Message
	switch s.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		text = "the key is not accepted: set TTS_ELEVENLABS_KEY"
	case http.StatusNotFound:
		text = "no such voice: set TTS_ELEVENLABS_VOICE"
	case http.StatusPaymentRequired:
		text = "the plan of the key is used up"
	}
	return &apierror.Error{StatusCode: s.StatusCode, Message: text}
}
