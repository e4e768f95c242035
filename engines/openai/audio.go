package openai

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
)

// TranscriptionRequest is speech to be written down.
type TranscriptionRequest struct {
	WAV      []byte // the file
	Model    string
	Language string // code such as "en"; empty lets the server find out
	Format   string // json or verbose_json
	Prompt   string // words that may be said; empty: none are known
	Logprobs bool   // asks for the probability of each token, which few servers know
}

// Transcription is what was understood. What a server does not tell is zero.
type Transcription struct {
	Text     string
	Language string // a code, or a name in English
	Segments []Segment
	Logprobs []float64 // of the tokens
}

// Segment is a part of a transcription, as Whisper tells it.
type Segment struct {
	Text         String `json:"text"`
	Start        Number `json:"start"` // in seconds
	End          Number `json:"end"`
	AvgLogprob   Number `json:"avg_logprob"`
	NoSpeechProb Number `json:"no_speech_prob"`
}

// Transcribe has the server write down what is said.
func (c *Client) Transcribe(ctx context.Context, q TranscriptionRequest) (Transcription, error) {
	r, err := q.form()
	if err != nil {
		return Transcription{}, err
	}
	body, err := c.readAll(ctx, r)
	if err != nil {
		return Transcription{}, err
	}
	var v struct {
		Text     *String
		Language String
		Segments []Segment
		Logprobs []struct{ Logprob Number }
	}
	if err := decodeJSON(body, &v); err != nil {
		return Transcription{}, err
	}
	if v.Text == nil { // some servers say what is wrong in an answer that is none
		return Transcription{}, c.saying("the server sent no text", body)
	}
	t := Transcription{Text: string(*v.Text), Language: string(v.Language), Segments: v.Segments}
	for _, token := range v.Logprobs {
		t.Logprobs = append(t.Logprobs, float64(token.Logprob))
	}
	return t, nil
}

// form is the request as the protocol wants it: a form with a file.
func (q TranscriptionRequest) form() (request, error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	file, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="audio.wav"`},
		"Content-Type":        {"audio/wav"},
	})
	if err == nil {
		_, err = file.Write(q.WAV)
	}
	fields := [][2]string{{"model", q.Model}, {"language", q.Language}, {"response_format", q.Format}, {"temperature", "0"}, {"prompt", q.Prompt}}
	if q.Logprobs {
		fields = append(fields, [2]string{"include[]", "logprobs"})
	}
	for _, f := range fields {
		if f[1] != "" && err == nil {
			err = form.WriteField(f[0], f[1])
		}
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return request{}, fmt.Errorf("write the form: %w", err)
	}
	return request{method: http.MethodPost, path: "audio/transcriptions", kind: form.FormDataContentType(), body: b.Bytes()}, nil
}

// SpeechRequest is text to be spoken.
type SpeechRequest struct {
	Model  string   `json:"model"`
	Input  string   `json:"input"`
	Voice  string   `json:"voice"`
	Format string   `json:"response_format"`
	Speed  *float64 `json:"speed,omitempty"` // nil leaves the pace to the server
}

// Speak has the server speak. The body of the answer is audio of some format as
// it is made, and for the caller to read and close.
func (c *Client) Speak(ctx context.Context, q SpeechRequest) (*http.Response, error) {
	r, err := jsonRequest("audio/speech", q)
	if err != nil {
		return nil, err
	}
	r.accept = "application/octet-stream"
	return c.do(ctx, r, nil)
}
