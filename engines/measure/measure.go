// Package measure asks engines directly, with plain HTTP and TCP and nothing
// in between, and says how long they took. What an adapter adds to that is its
// cost.
package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/gotars/tars/engines/discovery"
)

// Rate is the sample rate of the audio that Hear takes, 16-bit mono.
const Rate = 16000

// Hear has s transcribe English speech, raw samples at Rate.
func Hear(ctx context.Context, s discovery.Server, pcm []byte) (text string, err error) {
	if s.Protocol == "wyoming" {
		return hearWyoming(ctx, s, pcm)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("file", "audio.wav")
	if err != nil {
		return "", err
	}
	_, _ = file.Write(wav(pcm))
	for _, f := range [][2]string{{"model", s.Model}, {"response_format", "verbose_json"}, {"language", "en"}, {"temperature", "0"}} {
		_ = form.WriteField(f[0], f[1])
	}
	_ = form.Close()
	r, err := post(ctx, s.URL+"/audio/transcriptions", form.FormDataContentType(), &body)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	var said struct{ Text string }
	err = json.NewDecoder(r.Body).Decode(&said)
	return said.Text, err
}

// Speak has s say text. First is when the first sound of it came.
func Speak(ctx context.Context, s discovery.Server, text string) (first, all time.Duration, err error) {
	begin := time.Now()
	if s.Protocol == "wyoming" {
		return speakWyoming(ctx, s, text, begin)
	}
	url, q := s.URL+"/audio/speech", any(map[string]any{"model": s.Model, "input": text, "voice": "alloy", "response_format": "wav"})
	if s.Protocol == "piper" {
		url, q = s.URL+"/synthesize", map[string]any{"text": text}
	}
	r, err := postJSON(ctx, url, q)
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
	r, err := postJSON(ctx, s.URL+"/chat/completions", map[string]any{
		"model": s.Model, "stream": true, "max_tokens": limit, "temperature": 0,
		"messages": []map[string]string{{"role": "user", "content": question}},
	})
	if err != nil {
		return 0, 0, 0, err
	}
	defer r.Body.Close()
	err = events(r.Body, func(data []byte) error {
		var chunk struct {
			Choices []struct{ Delta struct{ Content string } }
		}
		if err := json.Unmarshal(data, &chunk); err != nil {
			return err
		}
		if len(chunk.Choices) > 0 && chunk.Choices[0].Delta.Content != "" {
			if pieces++; pieces == 1 {
				first = time.Since(begin)
			}
		}
		return nil
	})
	if err == nil && pieces == 0 {
		err = errors.New("no text")
	}
	return first, time.Since(begin), pieces, err
}

// Embed has s turn text into a vector.
func Embed(ctx context.Context, s discovery.Server, text string) (vector []float32, err error) {
	r, err := postJSON(ctx, s.URL+"/embeddings", map[string]any{"model": s.Model, "input": []string{text}})
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	var answer struct {
		Data []struct{ Embedding []float32 }
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if len(answer.Data) != 1 || len(answer.Data[0].Embedding) == 0 {
		return nil, errors.New("no vector")
	}
	return answer.Data[0].Embedding, nil
}

// client keeps no connection: llama.cpp closes its own after each answer without
// a word, and a request may meet that.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func postJSON(ctx context.Context, url string, q any) (*http.Response, error) {
	b, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	return post(ctx, url, "application/json", bytes.NewReader(b))
}

func post(ctx context.Context, url, kind string, body io.Reader) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return nil, err
	}
	q.Header.Set("Content-Type", kind)
	r, err := client.Do(q)
	if err != nil {
		return nil, err
	}
	if r.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(r.Body, 300))
		_ = r.Body.Close()
		return nil, fmt.Errorf("%s answers %s: %s", url, r.Status, strings.TrimSpace(string(text)))
	}
	return r, nil
}
