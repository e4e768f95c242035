package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/engines/apierror"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/openai"
)

// maxResponse bounds what is read of an answer, in bytes.
const maxResponse = 4 << 20

// OpenAI is a recogniser behind POST {base}/audio/transcriptions: faster-whisper,
// whisper.cpp, speaches, LocalAI, vLLM, and the clouds that speak the same.
type OpenAI struct {
	client    *openai.Client
	url       string // as it may be shown
	model     string
	lang      string
	timeout   time.Duration
	plainJSON atomic.Bool // the server takes only json
	prompt    string
	noPrompt  atomic.Bool // the server refuses it
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
	client, err := openai.New(openai.Options{BaseURL: base, Key: key, Retries: 1, MaxResponse: maxResponse})
	if err != nil {
		return nil, fmt.Errorf("%s is no web address, want one like http://127.0.0.1:8000/v1", name)
	}
	return &OpenAI{client: client, url: apierror.RedactURL(base), model: c.OpenAIModel, lang: c.Language(), prompt: c.Prompt, timeout: c.Timeout}, nil
}

// Transcribe asks the server, for at most the timeout of the settings.
func (o *OpenAI) Transcribe(ctx context.Context, q Request) (Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("no answer within %v", o.timeout))
	defer cancel()
	wav := q.Audio.WAV()
	prompt := o.promptFor(q)
	plainJSON := o.plainJSON.Load()
	answer, err := o.requestTranscription(ctx, wav, prompt, plainJSON)
	if isRequestFault(err) && prompt != "" {
		if answer, err = o.requestTranscription(ctx, wav, "", plainJSON); err == nil { // else it was not the prompt
			o.noPrompt.Store(true)
			prompt = ""
		}
	}
	if isRequestFault(err) && !plainJSON {
		if answer, err = o.requestTranscription(ctx, wav, prompt, true); err == nil { // else it was not verbose_json
			o.plainJSON.Store(true)
		}
	}
	switch {
	case errors.Is(err, openai.ErrPage):
		return Result{}, fmt.Errorf("transcribe at %s: %w: correct STT_OPENAI_URL, it may lack its /v1", o.url, err)
	case err != nil:
		about := fmt.Errorf("transcribe at %s: %w", o.url, apierror.Explain(ctx, err, "STT_OPENAI_KEY"))
		if isRequestFault(err) {
			return Result{}, failover.RequestFault(about)
		}
		return Result{}, about
	}
	return resultOf(answer), nil
}

// promptFor is what the server is told before the audio; empty: nothing.
func (o *OpenAI) promptFor(q Request) string {
	switch {
	case o.noPrompt.Load():
		return ""
	case !TakesContext(o.model):
		return o.prompt
	}
	return joinPrompt(o.prompt, q.Context)
}

// requestTranscription sends one request. plainJSON asks for the text alone, from servers
// that know no verbose_json, which has the segments too.
func (o *OpenAI) requestTranscription(ctx context.Context, wav []byte, prompt string, plainJSON bool) (openai.Transcription, error) {
	q := openai.TranscriptionRequest{Prompt: prompt, WAV: wav, Model: o.model, Language: o.lang, Format: "verbose_json"}
	// Models named gpt-… take no verbose_json, and tell the probability of each token.
	if gpt := strings.HasPrefix(o.model, "gpt-"); gpt || plainJSON {
		q.Format, q.Logprobs = "json", gpt
	}
	return o.client.Transcribe(ctx, q)
}

// isRequestFault tells whether the server is well and refused this request; a simpler
// one may be accepted.
func isRequestFault(err error) bool {
	var e *apierror.Error
	return errors.As(err, &e) && apierror.IsRequestFault(e.StatusCode)
}

// resultOf is the text of an answer without the parts that the model itself
// takes for silence, as Whisper's own decoder leaves them out.
func resultOf(a openai.Transcription) Result {
	const silent, unsure = 0.6, -1.0 // Whisper's own no_speech_threshold and logprob_threshold
	r := Result{Text: a.Text, Lang: languageCode(a.Language)}
	switch {
	case len(a.Segments) > 0:
		var text strings.Builder
		sum, n, noSpeech := 0.0, 0.0, 1.0
		for _, s := range a.Segments {
			if s.NoSpeechProb > silent && s.AvgLogprob < unsure {
				continue
			}
			text.WriteString(string(s.Text))
			noSpeech = min(noSpeech, float64(s.NoSpeechProb))
			length := max(float64(s.End-s.Start), 0.01)
			sum, n = sum+float64(s.AvgLogprob)*length, n+length
		}
		if r.Text = text.String(); r.Text != "" {
			r.NoSpeech = noSpeech
		}
		if n > 0 && sum < 0 { // servers without log-probabilities say 0
			r.Confidence = confidenceOf(sum / n)
		}
	case len(a.Logprobs) > 0:
		sum := 0.0
		for _, logprob := range a.Logprobs {
			sum += logprob
		}
		r.Confidence = confidenceOf(sum / float64(len(a.Logprobs)))
	}
	return r
}

// languageCode is the code of a language: some servers say "english".
func languageCode(name string) string {
	if len(name) == 2 {
		return name
	}
	return languages[strings.ToLower(name)]
}

// languages are the codes of languages by their English names, as Whisper has them.
var languages = map[string]string{
	"english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
	"dutch": "nl", "polish": "pl", "russian": "ru", "ukrainian": "uk", "turkish": "tr", "swedish": "sv",
	"danish": "da", "norwegian": "no", "finnish": "fi", "czech": "cs", "greek": "el", "hungarian": "hu",
	"romanian": "ro", "arabic": "ar", "hebrew": "he", "hindi": "hi", "chinese": "zh", "japanese": "ja",
	"korean": "ko", "vietnamese": "vi", "indonesian": "id", "catalan": "ca",
}
