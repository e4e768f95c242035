package engine_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotars/tars/services/stt/engine"
	"github.com/gotars/tars/speech/pcm"
)

var second = pcm.Audio(make([]byte, 2*pcm.Rate))

// server answers each question with the next of answers, "STATUS body", and
// notes the form fields it was asked with, and as "audio" the file.
func server(t *testing.T, answers ...string) (url string, asked *[]map[string]string) {
	asked = new([]map[string]string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form := map[string]string{"path": r.URL.Path, "key": r.Header.Get("Authorization")}
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Error(err)
			return
		}
		for k, v := range r.MultipartForm.Value {
			form[k] = v[0]
		}
		file, head, err := r.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		wav, _ := io.ReadAll(file)
		form["file"], form["audio"] = head.Filename+" "+string(wav[:4]), string(wav)
		status, body, _ := strings.Cut(answers[min(len(*asked), len(answers)-1)], " ")
		*asked = append(*asked, form)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(map[string]int{"200": 200, "400": 400, "401": 401}[status])
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1", asked
}

func TestOpenAIUnderstandsEveryDialect(t *testing.T) {
	sure := func(p float64) *float64 { return &p }
	tests := map[string]struct {
		model   string
		answers []string
		want    engine.Result
		formats string // response_format of each question
	}{
		"segments with log-probabilities": {"whisper-1",
			[]string{`200 {"text":"Hello. There.","language":"english","segments":[{"start":0,"end":1,"text":"Hello.","avg_logprob":-0.1,"no_speech_prob":0.1},{"start":1,"end":2,"text":" There.","avg_logprob":-0.3,"no_speech_prob":0.1}]}`},
			engine.Result{Text: "Hello. There.", Confidence: sure(0.8187), NoSpeech: 0.1, Lang: "en"}, "verbose_json"},
		"a segment that is silence": {"whisper-1",
			[]string{`200 {"text":"Hello. Bye.","language":"en","segments":[{"start":0,"end":1,"text":"Hello.","avg_logprob":-0.1,"no_speech_prob":0.1},{"start":1,"end":2,"text":" Bye.","avg_logprob":-1.3,"no_speech_prob":0.9}]}`},
			engine.Result{Text: "Hello.", Confidence: sure(0.9048), NoSpeech: 0.1, Lang: "en"}, "verbose_json"},
		"a server without probabilities": {"whisper-1",
			[]string{`200 {"text":"Hello."}`}, engine.Result{Text: "Hello."}, "verbose_json"},
		"a server without verbose_json": {"tiny",
			[]string{`400 {"error":{"message":"unsupported response_format"}}`, `200 {"text":"Hello."}`}, engine.Result{Text: "Hello."}, "verbose_json json"},
		"token probabilities": {"gpt-4o-mini-transcribe",
			[]string{`200 {"text":"Hi you","logprobs":[{"token":"Hi","logprob":-0.2},{"token":" you","logprob":-0.4}]}`},
			engine.Result{Text: "Hi you", Confidence: sure(0.7408)}, "json"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, asked := server(t, tt.answers...)
			e, err := engine.New(engine.Config{Engine: "auto", OpenAIURL: url, OpenAIModel: tt.model, OpenAIKey: "k", Lang: "en", Timeout: time.Minute}, "")
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Transcribe(t.Context(), engine.Request{Audio: second})
			if err != nil {
				t.Fatal(err)
			}
			if got.Text != tt.want.Text || got.Lang != tt.want.Lang || !near(got.Confidence, tt.want.Confidence) || got.NoSpeech != tt.want.NoSpeech {
				t.Errorf("understood %+v, want %+v", got, tt.want)
			}
			var formats []string
			for _, q := range *asked {
				formats = append(formats, q["response_format"])
				if q["path"] != "/v1/audio/transcriptions" || q["key"] != "Bearer k" || q["model"] != tt.model || q["language"] != "en" || q["file"] != "audio.wav RIFF" {
					t.Errorf("asked with %v", q)
				}
			}
			if got := strings.Join(formats, " "); got != tt.formats {
				t.Errorf("asked for %s, want %s", got, tt.formats)
			}
		})
	}
}

// One utterance that a server refuses, whatever it is asked for, says nothing
// about verbose_json.
func TestARefusedUtteranceCostsNoConfidence(t *testing.T) {
	url, asked := server(t, `400 {"error":{"message":"no audio"}}`, `400 {"error":{"message":"no audio"}}`, `200 {"text":"Hello."}`)
	e, err := engine.New(engine.Config{Engine: "auto", OpenAIURL: url, Timeout: time.Minute}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Transcribe(t.Context(), engine.Request{Audio: second}); err == nil || !strings.Contains(err.Error(), "400 no audio") {
		t.Errorf("the refused one: %v", err)
	}
	if _, err := e.Transcribe(t.Context(), engine.Request{Audio: second}); err != nil || (*asked)[2]["response_format"] != "verbose_json" {
		t.Errorf("the next one: %v, asked for %v", err, (*asked)[2])
	}
}

// A partial and a final may both find out that a server knows no verbose_json.
func TestTwoAtOnceFindOutThatAServerIsSimple(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.FormValue("response_format") == "verbose_json" {
			both.Done()
			both.Wait()
			w.WriteHeader(http.StatusBadRequest)
		}
		io.WriteString(w, `{"text":"Hello."}`)
	}))
	t.Cleanup(s.Close)
	e, err := engine.New(engine.Config{Engine: "auto", OpenAIURL: s.URL + "/v1", Timeout: time.Minute}, "")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if r, err := e.Transcribe(t.Context(), engine.Request{Audio: second}); err != nil || r.Text != "Hello." {
				t.Errorf("understood %+v, %v", r, err)
			}
		})
	}
	wg.Wait()
}

func near(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a-*b < 0.001 && *b-*a < 0.001
}

func TestEnginesSayWhatIsWrong(t *testing.T) {
	refusing, _ := server(t, `401 {"error":{"message":"invalid key"}}`)
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(hanging.Close)
	answer := func(status int, kind, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("X-Should-Retry", "false")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, err := io.WriteString(w, `{"text":"`)
		for err == nil {
			_, err = io.WriteString(w, strings.Repeat("la", 1<<15))
		}
	}))
	t.Cleanup(endless.Close)
	tests := map[string]struct {
		c    engine.Config
		want string
	}{
		"an answer without end":     {engine.Config{Engine: "openai", OpenAIURL: endless.URL}, "it sent more than 4 MiB"},
		"a page":                    {engine.Config{Engine: "openai", OpenAIURL: answer(200, "text/html; charset=utf-8", "<html>")}, "the server sent a page: correct STT_OPENAI_URL, it may lack its /v1"},
		"an error that is a text":   {engine.Config{Engine: "openai", OpenAIURL: answer(500, "application/json", `{"error":"no such model"}`)}, "500 no such model"},
		"an error as an answer":     {engine.Config{Engine: "openai", OpenAIURL: answer(200, "application/json", `{"error":"failed to read WAV file"}`)}, "the server sent no text: failed to read WAV file"},
		"a key in an answer":        {engine.Config{Engine: "openai", OpenAIKey: "sk-token", OpenAIURL: answer(200, "application/json", `{"error":"sk-token is used up"}`)}, "the server sent no text: … is used up"},
		"an answer of nothing":      {engine.Config{Engine: "openai", OpenAIURL: answer(200, "application/json", `{}`)}, "the server sent no text"},
		"an error of FastAPI":       {engine.Config{Engine: "openai", OpenAIURL: answer(404, "application/json", `{"detail":"Model 'whisper-1' is not installed."}`)}, "404 Model 'whisper-1' is not installed."},
		"a form of FastAPI":         {engine.Config{Engine: "openai", OpenAIURL: answer(422, "application/json", `{"detail":[{"loc":["body","file"],"msg":"Field required"}]}`)}, "422 Field required"},
		"a page as an error":        {engine.Config{Engine: "openai", OpenAIURL: answer(404, "text/html", "<html>\n<h1>404</h1>")}, "404 Not Found"},
		"an error with the key":     {engine.Config{Engine: "openai", OpenAIKey: "sk-token", OpenAIURL: answer(402, "application/json", `{"error":{"message":"sk-token is used up"}}`)}, "402 … is used up"},
		"a user in the address":     {engine.Config{Engine: "openai", OpenAIURL: "http://sk-token@127.0.0.1:1/v1?key=sk-token"}, "transcribe at http://127.0.0.1:1/v1: dial tcp"},
		"a key that is refused":     {engine.Config{Engine: "openai", OpenAIURL: refusing}, "transcribe at " + refusing + ": 401 the key is not accepted: set STT_OPENAI_KEY"},
		"a server that hangs":       {engine.Config{Engine: "openai", OpenAIURL: hanging.URL, Timeout: 50 * time.Millisecond}, "transcribe at " + hanging.URL + ": no answer within 50ms"},
		"a server that is away":     {engine.Config{Engine: "openai", OpenAIURL: "http://127.0.0.1:1/v1"}, "connection refused"},
		"a program that hangs":      {engine.Config{Engine: "command", Command: "sleep 60", Timeout: 50 * time.Millisecond}, "run sleep: no answer within 50ms"},
		"a program that fails":      {engine.Config{Engine: "command", Command: `sh -c "echo no model >&2; exit 3"`}, "run sh: exit status 3: no model"},
		"a program that goes on":    {engine.Config{Engine: "command", Command: "yes"}, "run yes: it printed more than 64 KiB"},
		"a program that is missing": {engine.Config{Engine: "auto", Command: "no-such-program"}, "STT_COMMAND: exec: \"no-such-program\": executable file not found in $PATH"},
		"no engine":                 {engine.Config{Engine: "auto"}, "no recogniser: run make engines, or set STT_OPENAI_URL, STT_WYOMING_URI or STT_COMMAND"},
		"an engine nobody knows":    {engine.Config{Engine: "magic"}, `STT_ENGINE is "magic", want auto, openai, wyoming, command, none`},
		"an engine without address": {engine.Config{Engine: "openai"}, "STT_OPENAI_URL is empty: set it to a server such as http://127.0.0.1:8000/v1"},
		"an address of nothing":     {engine.Config{Engine: "openai", OpenAIURL: "localhost:8000"}, "STT_OPENAI_URL is no web address, want one like http://127.0.0.1:8000/v1"},
		"another one":               {engine.Config{Engine: "auto", OpenAIBaseURL: "10.0.0.7:8000/v1", OpenAIAPIKey: "k"}, "OPENAI_BASE_URL is no web address, want one like http://127.0.0.1:8000/v1"},
		"a quote that stays open":   {engine.Config{Engine: "command", Command: "sh 'x"}, `STT_COMMAND: a ' is not closed in "sh 'x"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.c.Timeout == 0 {
				tt.c.Timeout = time.Minute
			}
			e, err := engine.New(tt.c, "")
			if err == nil {
				_, err = e.Transcribe(t.Context(), engine.Request{Audio: second})
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "sk-") {
				t.Errorf("error %q, want %q", err, tt.want)
			}
		})
	}
}

func TestCommandReadsAFileOrItsInput(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "hear me")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nhead -c 4 \"$1\"; echo\necho log >&2\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string]string{
		"file":                  "head -c 4 {file}",
		"standard input":        "head -c 4",
		"a quoted program":      `"` + script + `" {file}`,
		"a part of an argument": "sh -c 'head -c 4 {file}'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", dir)
			e, err := engine.New(engine.Config{Engine: "auto", Command: command, Timeout: time.Minute, Lang: "en"}, "")
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Transcribe(t.Context(), engine.Request{Audio: second})
			if err != nil || got.Text != "RIFF" || got.Lang != "en" {
				t.Errorf("heard %+v, %v, want RIFF", got, err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*.wav")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestACancelEndsARecognition(t *testing.T) {
	e, err := engine.New(engine.Config{Engine: "command", Command: "sleep 60", Timeout: time.Minute}, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Transcribe(ctx, engine.Request{Audio: second}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
