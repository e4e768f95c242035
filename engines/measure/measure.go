// Package measure asks engines directly, with nothing of a service in between,
// and says how long they took. What an adapter adds to that is its cost.
package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gotars/tars/engines/apierror"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/openai"
	"github.com/gotars/tars/speech/wav"
)

// Rate is the sample rate of the audio that Hear takes, 16-bit mono.
const Rate = 16000

// Hear has s transcribe English speech, raw samples at Rate.
func Hear(ctx context.Context, s discovery.Server, pcm []byte) (text string, err error) {
	if s.Protocol == "wyoming" {
		return hearWyoming(ctx, s, pcm)
	}
	c, err := openaiClient(s)
	if err != nil {
		return "", err
	}
	said, err := c.Transcribe(ctx, openai.TranscriptionRequest{WAV: wav.Encode(pcm, Rate), Model: s.Model, Language: "en", Format: "verbose_json"})
	return said.Text, err
}

// Speak has s say text. First is when the first sound of it came.
func Speak(ctx context.Context, s discovery.Server, text string) (first, all time.Duration, err error) {
	begin := time.Now()
	if s.Protocol == "wyoming" {
		return speakWyoming(ctx, s, text, begin)
	}
	r, err := requestSpeech(ctx, s, text)
	if err != nil {
		return 0, 0, err
	}
	defer r.Body.Close()
	const header = 44
	if _, err := io.CopyN(io.Discard, r.Body, header+1); err != nil {
		return 0, 0, fmt.Errorf("no audio: %w", err)
	}
	first = time.Since(begin)
	_, err = io.Copy(io.Discard, r.Body)
	return first, time.Since(begin), err
}

// Chat has s answer a question in at most limit tokens, always the same way.
// It returns the pieces of the answer as they came.
func Chat(ctx context.Context, s discovery.Server, question string, limit int) (first, all time.Duration, pieces int, err error) {
	begin := time.Now()
	c, err := openaiClient(s)
	if err != nil {
		return 0, 0, 0, err
	}
	q := openai.ChatRequest{
		Model: s.Model, MaxTokens: &limit, Temperature: new(0.0),
		Messages: []openai.Message{{Role: "user", Content: question}},
	}
	for chunk, broken := range c.Chat(ctx, q) {
		if err = broken; err == nil && chunk.Text != "" {
			if pieces++; pieces == 1 {
				first = time.Since(begin)
			}
		}
	}
	if err == nil && pieces == 0 {
		err = errors.New("no text")
	}
	return first, time.Since(begin), pieces, err
}

// Embed has s turn text into a vector.
func Embed(ctx context.Context, s discovery.Server, text string) (vector []float32, err error) {
	c, err := openaiClient(s)
	if err != nil {
		return nil, err
	}
	vectors, err := c.Embed(ctx, s.Model, []string{text})
	if err != nil {
		return nil, err
	}
	if len(vectors[0]) == 0 {
		return nil, errors.New("no vector")
	}
	vector = make([]float32, len(vectors[0]))
	for i, x := range vectors[0] {
		vector[i] = float32(x)
	}
	return vector, nil
}

// transport keeps no connection: llama.cpp closes its own after each answer without
// a word, and a request may meet that.
var transport = &http.Transport{DisableKeepAlives: true}

// openaiClient asks s once: a repetition would be measured too.
func openaiClient(s discovery.Server) (*openai.Client, error) {
	return openai.New(openai.Options{BaseURL: s.URL, Transport: transport})
}

// requestSpeech has s speak text. The body is for the caller to close.
func requestSpeech(ctx context.Context, s discovery.Server, text string) (*http.Response, error) {
	if s.Protocol != "piper" {
		c, err := openaiClient(s)
		if err != nil {
			return nil, err
		}
		return c.Speak(ctx, openai.SpeechRequest{Model: s.Model, Input: text, Voice: "alloy", Format: "wav"})
	}
	b, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return nil, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/synthesize", bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	q.Header.Set("Content-Type", "application/json")
	r, err := (&http.Client{Transport: transport}).Do(q)
	if err != nil {
		return nil, err
	}
	if r.StatusCode != http.StatusOK {
		return nil, apierror.FromResponse(r, "")
	}
	return r, nil
}
