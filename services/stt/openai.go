package stt

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/gotars/tars/engines/apierror"
	"github.com/gotars/tars/engines/failover"
)

// answerMost is the most that is read of an answer, in bytes.
const answerMost = 4 << 20

// OpenAI is a recogniser behind POST {base}/audio/transcriptions: faster-whisper,
// whisper.cpp, speaches, LocalAI, vLLM, and the clouds that speak the same.
type OpenAI struct {
	api     openai.AudioTranscriptionService
	url     string // as it may be shown
	key     string
	model   string
	lang    string
	timeout time.Duration
	brief   atomic.Bool // the server takes only json
}

// NewOpenAI returns the recogniser at c.OpenAIURL, else at OPENAI_BASE_URL.
func NewOpenAI(c Config) (*OpenAI, error) {
	name, base, key := "STT_OPENAI_URL", c.OpenAIURL, c.OpenAIKey
	if base == "" {
		name, base, key = "OPENAI_BASE_URL", c.OpenAIBaseURL, cmp.Or(key, c.OpenAIAPIKey)
	}
	if base == "" {
		return nil, errors.New("STT_OPENAI_URL is empty: set it to a server such as http://127.0.0.1:8000/v1")
	}
	if u, err := url.Parse(base); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%s is no web address, want one like http://127.0.0.1:8000/v1", name)
	}
	opts := []option.RequestOption{
		option.WithBaseURL(base), option.WithMaxRetries(1),
		option.WithMiddleware(pageless, apierror.LimitResponse(answerMost), apierror.NormalizeErrors(key)),
	}
	if key != "" {
		opts = append(opts, option.WithAPIKey(key))
	}
	return &OpenAI{
		api: openai.NewAudioTranscriptionService(opts...),
		url: apierror.RedactURL(base), key: key, model: c.OpenAIModel, lang: c.lang(), timeout: c.Timeout,
	}, nil
}

// Transcribe asks the server, for at most the timeout of the settings.
func (o *OpenAI) Transcribe(ctx context.Context, a Audio) (Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("no answer within %v", o.timeout))
	defer cancel()
	wav := a.WAV()
	brief := o.brief.Load()
	answer, err := o.ask(ctx, wav, brief)
	if refused(err) && !brief {
		if answer, err = o.ask(ctx, wav, true); err == nil { // else it was not verbose_json
			o.brief.Store(true)
		}
	}
	if err != nil {
		about := fmt.Errorf("transcribe at %s: %w", o.url, apierror.Explain(ctx, err, "STT_OPENAI_KEY"))
		if refused(err) {
			return Result{}, failover.RequestFault(about)
		}
		return Result{}, about
	}
	if !answer.JSON.Text.Valid() { // some servers say what is wrong in an answer that is none
		why := strings.TrimRight("the server sent no text: "+apierror.Text(strings.NewReader(answer.RawJSON()), o.key), ": ")
		return Result{}, fmt.Errorf("transcribe at %s: %s", o.url, why)
	}
	return understood(answer), nil
}

func (o *OpenAI) ask(ctx context.Context, wav []byte, brief bool) (*openai.AudioTranscriptionNewResponseUnion, error) {
	q := openai.AudioTranscriptionNewParams{
		File:           openai.File(bytes.NewReader(wav), "audio.wav", "audio/wav"),
		Model:          o.model,
		Temperature:    openai.Float(0),
		ResponseFormat: openai.AudioResponseFormatVerboseJSON,
	}
	if o.lang != "" {
		q.Language = openai.String(o.lang)
	}
	// Models named gpt-… take no verbose_json, and tell the probability of each token.
	if gpt := strings.HasPrefix(o.model, "gpt-"); gpt || brief {
		q.ResponseFormat = openai.AudioResponseFormatJSON
		if gpt {
			q.Include = []openai.TranscriptionInclude{openai.TranscriptionIncludeLogprobs}
		}
	}
	return o.api.New(ctx, q)
}

// refused tells whether the server did not like the question; a second, simpler
// one may do.
func refused(err error) bool {
	var e *openai.Error
	return errors.As(err, &e) && apierror.IsRequestFault(e.StatusCode)
}

// pageless refuses pages: the server has another one at that address.
func pageless(q *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	answer, err := next(q)
	if err != nil || answer.StatusCode >= http.StatusBadRequest {
		return answer, err
	}
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind == "text/html" {
		_ = answer.Body.Close()
		return nil, errors.New("the server sent a page: correct STT_OPENAI_URL, it may lack its /v1")
	}
	return answer, nil
}

// understood is the text of an answer without the parts that the model itself
// takes for silence, as Whisper's own decoder leaves them out.
func understood(a *openai.AudioTranscriptionNewResponseUnion) Result {
	const silent, unsure = 0.6, -1.0
	r := Result{Text: a.Text, Lang: language(a.Language)}
	switch {
	case len(a.Segments) > 0:
		var text strings.Builder
		sum, n := 0.0, 0.0
		for _, s := range a.Segments {
			if s.NoSpeechProb > silent && s.AvgLogprob < unsure {
				continue
			}
			text.WriteString(s.Text)
			length := max(s.End-s.Start, 0.01)
			sum, n = sum+s.AvgLogprob*length, n+length
		}
		r.Text = text.String()
		if n > 0 && sum < 0 { // servers without log-probabilities say 0
			r.Confidence = confidence(sum / n)
		}
	case len(a.Logprobs) > 0:
		sum := 0.0
		for _, t := range a.Logprobs {
			sum += t.Logprob
		}
		r.Confidence = confidence(sum / float64(len(a.Logprobs)))
	}
	return r
}

// language is the code of a language: some servers say "english".
func language(name string) string {
	if len(name) == 2 {
		return name
	}
	return languages[strings.ToLower(name)]
}

var languages = map[string]string{
	"english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
	"dutch": "nl", "polish": "pl", "russian": "ru", "ukrainian": "uk", "turkish": "tr", "swedish": "sv",
	"danish": "da", "norwegian": "no", "finnish": "fi", "czech": "cs", "greek": "el", "hungarian": "hu",
	"romanian": "ro", "arabic": "ar", "hebrew": "he", "hindi": "hi", "chinese": "zh", "japanese": "ja",
	"korean": "ko", "vietnamese": "vi", "indonesian": "id", "catalan": "ca",
}
