package openai_test

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/openai"
)

// replying is a client of a server that answers everything with body.
func replying(t *testing.T, kind, body string) *openai.Client {
	return serve(t, openai.Options{Key: "sk-token", MaxResponse: 1 << 20}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		fmt.Fprint(w, body)
	})
}

// check compares what was read with what is wanted, the error after a bar.
func check(t *testing.T, got any, err error, want string) {
	t.Helper()
	text := fmt.Sprintf("%v", got)
	if err != nil {
		text = "| " + err.Error()
	}
	if text != want {
		t.Errorf("read %s, want %s", text, want)
	}
}

func TestModelsInManyForms(t *testing.T) {
	tests := map[string]struct{ kind, body, want string }{
		"OpenAI":           {"application/json", `{"object":"list","data":[{"id":"a"},{"id":"b"}]}`, "[a b]"},
		"none":             {"application/json", `{"data":null}`, "[]"},
		"one without name": {"application/json", `{"data":[{"id":null},{"id":"b"}]}`, "[b]"},
		"called text":      {"text/plain", `{"data":[{"id":"a"}]}`, "[a]"},
		"another type":     {"application/json", `{"data":{}}`, "[]"},
		"a page":           {"text/html", `<html>`, "| the server sent a page"},
		"words":            {"text/plain", `OK`, "| the answer is no JSON: invalid character 'O' looking for beginning of value"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := replying(t, tt.kind, tt.body).Models(t.Context())
			check(t, got, err, tt.want)
		})
	}
}

func TestTranscriptionsInManyForms(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"a text":            {`{"text":"Hi."}`, "{Hi.  [] []}"},
		"an empty one":      {`{"text":""}`, "{  [] []}"},
		"segments":          {`{"text":"Hi.","language":"english","segments":[{"text":"Hi.","start":0,"end":0.5,"avg_logprob":-0.25,"no_speech_prob":0.1}]}`, "{Hi. english [{Hi. 0 0.5 -0.25 0.1}] []}"},
		"segments of nulls": {`{"text":"Hi.","language":null,"segments":[{"text":null,"start":null,"end":"0.5","avg_logprob":null}]}`, "{Hi.  [{ 0 0.5 0 0}] []}"},
		"no segments":       {`{"text":"Hi.","segments":null,"logprobs":null}`, "{Hi.  [] []}"},
		"another type":      {`{"text":"Hi.","segments":"none"}`, "{Hi.  [] []}"},
		"tokens":            {`{"text":"Hi.","logprobs":[{"token":"Hi","logprob":-0.5},{"logprob":null}]}`, "{Hi.  [] [-0.5 0]}"},
		"no text":           {`{"error":"no model for sk-token"}`, "| the server sent no text: no model for …"},
		"null":              {`{"text":null}`, "| the server sent no text"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := replying(t, "application/json", tt.body).Transcribe(t.Context(), openai.TranscriptionRequest{Model: "m"})
			check(t, got, err, tt.want)
		})
	}
}

func TestASpeechFileIsSentAsAForm(t *testing.T) {
	got := ""
	c := serve(t, openai.Options{}, func(w http.ResponseWriter, r *http.Request) {
		file, head, err := r.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		b, _ := io.ReadAll(file)
		kind, _, _ := mime.ParseMediaType(head.Header.Get("Content-Type"))
		got = fmt.Sprintf("%s %s %s %v", b, head.Filename, kind, r.MultipartForm.Value)
		fmt.Fprint(w, `{"text":""}`)
	})
	q := openai.TranscriptionRequest{WAV: []byte("RIFF"), Model: "m", Language: "en", Format: "json", Logprobs: true}
	if _, err := c.Transcribe(t.Context(), q); err != nil {
		t.Error(err)
	}
	const want = "RIFF audio.wav audio/wav map[include[]:[logprobs] language:[en] model:[m] response_format:[json] temperature:[0]]"
	if got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

func TestEmbeddingsInManyForms(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"in order":         {`{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,1]}]}`, "[[1 0] [0 1]]"},
		"in another order": {`{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0]}]}`, "[[1 0] [0 1]]"},
		"without numbers":  {`{"data":[{"embedding":[1,0]},{"embedding":[0,1]}]}`, "[[1 0] [0 1]]"},
		"too few":          {`{"data":[{"embedding":[1,0]}]}`, "| 1 vectors for 2 texts"},
		"none":             {`{"error":"no model"}`, "| 0 vectors for 2 texts: no model"},
		"of no text":       {`{"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]}`, "| the server sent a vector of no text"},
		"too much":         {strings.Repeat(" ", 2<<20), "| read the answer: it sent more than 1 MiB"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := replying(t, "application/json", tt.body).Embed(t.Context(), "m", []string{"a", "b"})
			check(t, got, err, tt.want)
		})
	}
}

func TestSpeechIsHandedOnAsItIs(t *testing.T) {
	body := ""
	c := serve(t, openai.Options{}, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
		w.Header().Set("Content-Type", "audio/pcm;rate=8000")
		_, _ = w.Write([]byte("sound"))
	})
	answer, err := c.Speak(t.Context(), openai.SpeechRequest{Model: "m", Input: "<b>", Voice: "v", Format: "wav", Speed: new(1.5)})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	sound, err := io.ReadAll(answer.Body)
	if string(sound) != "sound" || err != nil || answer.Header.Get("Content-Type") != "audio/pcm;rate=8000" {
		t.Errorf("%q, %v", sound, err)
	}
	if want := `{"model":"m","input":"<b>","voice":"v","response_format":"wav","speed":1.5}` + "\n"; body != want {
		t.Errorf("asked with %s, want %s", body, want)
	}
}
