package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/services/tts/engine"
	"github.com/gotars/tars/test/need"
)

// wav is a WAV file of c that says it has size bytes of samples.
func wav(c engine.Chunk, size uint32, parts ...string) []byte {
	b := []byte("RIFF\xff\xff\xff\xffWAVE")
	for _, p := range parts {
		b = append(b, p...)
	}
	b = append(b, "fmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(c.Rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(c.Rate*2))
	b = append(b, "\x02\x00\x10\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, size)
	return append(b, c.PCM...)
}

// speak collects what e says.
func speak(ctx context.Context, e engine.Synthesizer, l engine.Line) (all engine.Chunk, chunks int, err error) {
	for c, err := range e.Synthesize(ctx, l) {
		if err != nil {
			return all, chunks, err
		}
		all.Rate, all.PCM, chunks = c.Rate, append(all.PCM, c.PCM...), chunks+1
	}
	return all, chunks, nil
}

func TestOpenAISpeaksEveryDialect(t *testing.T) {
	said := ramp(500*ms, 22050)
	tests := map[string]struct {
		kind string
		body []byte
		want int // rate
	}{
		"a WAV file":                 {"audio/wav", wav(said, uint32(len(said.PCM))), 22050},
		"with bytes behind":          {"audio/wav", append(wav(said, uint32(len(said.PCM))), "LIST...."...), 22050},
		"with other parts before":    {"audio/wav", wav(said, uint32(len(said.PCM)), "LIST\x03\x00\x00\x00abc\x00"), 22050},
		"a stream of unknown length": {"audio/wav", wav(said, 0xffffffff), 22050},
		"as espeak-ng writes it":     {"audio/wav", wav(said, 0x7ffff000), 22050},
		"without a proper name":      {"application/octet-stream", wav(said, 0), 22050},
		"raw, with a rate":           {"audio/pcm;rate=22050", said.PCM, 22050},
		"raw, without":               {"audio/pcm", said.PCM, 24000},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var asked map[string]any
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = map[string]any{"path": r.URL.Path, "key": r.Header.Get("Authorization")}
				_ = json.NewDecoder(r.Body).Decode(&asked)
				w.Header().Set("Content-Type", tt.kind)
				for rest := tt.body; len(rest) > 0; rest = rest[min(len(rest), 777):] { // odd
					_, _ = w.Write(rest[:min(len(rest), 777)])
					w.(http.Flusher).Flush()
				}
			}))
			defer s.Close()
			e, _, err := engine.New(t.Context(), engine.Config{Engine: "auto", OpenAIURL: s.URL + "/v1", OpenAIKey: "k", OpenAIModel: "m", Voice: "amy", Speed: 1.5, Timeout: time.Minute}, engine.Files{})
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := speak(t.Context(), e, engine.Line{Text: "hello"})
			if err != nil || got.Rate != tt.want || !bytes.Equal(got.PCM, said.PCM) {
				t.Errorf("%d bytes at %d, %v; want %d at %d", len(got.PCM), got.Rate, err, len(said.PCM), tt.want)
			}
			want := map[string]any{"path": "/v1/audio/speech", "key": "Bearer k", "model": "m", "voice": "amy", "input": "hello", "speed": 1.5, "response_format": "wav"}
			for k, v := range want {
				if asked[k] != v {
					t.Errorf("asked with %s %v, want %v", k, asked[k], v)
				}
			}
		})
	}
}

func TestOpenAIIsHeardWhileItSpeaks(t *testing.T) {
	heard := make(chan bool)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "audio/wav")
		_, _ = w.Write(wav(ramp(100*ms, 16000), 0xffffffff))
		w.(http.Flusher).Flush()
		<-heard
		_, _ = w.Write(ramp(100*ms, 16000).PCM)
	}))
	defer s.Close()
	e, _, err := engine.New(t.Context(), engine.Config{Engine: "openai", OpenAIURL: s.URL, Speed: 1, Timeout: time.Minute}, engine.Files{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for c, err := range e.Synthesize(t.Context(), engine.Line{Text: "hello"}) {
		if err != nil {
			t.Fatal(err)
		}
		if n += len(c.PCM); n == 3200 {
			close(heard)
		}
	}
	if n != 6400 {
		t.Errorf("%d bytes, want 6400", n)
	}
}

func TestAVoiceTheServerLacksIsReplaced(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Voice string }
		_ = json.NewDecoder(r.Body).Decode(&q)
		if asked = append(asked, q.Voice); q.Voice != "alloy" {
			http.Error(w, `{"error":{"message":"no such voice"}}`, http.StatusBadRequest)
			return
		}
		_, _ = w.Write(wav(ramp(100*ms, 16000), 0))
	}))
	defer s.Close()
	e, _, err := engine.New(t.Context(), engine.Config{Engine: "openai", OpenAIURL: s.URL, Speed: 1, Timeout: time.Minute}, engine.Files{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := speak(t.Context(), e, engine.Line{Text: "hello", Voice: "piper/amy"}); err != nil {
			t.Error(err)
		}
	}
	if got := strings.Join(asked, " "); got != "piper/amy alloy alloy" {
		t.Errorf("asked for %s", got)
	}
}

func TestEnginesSayWhatIsWrong(t *testing.T) {
	answer := func(status int, kind, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	hanging := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "audio/pcm")
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(hanging.Close)
	empty := t.TempDir()
	tests := map[string]struct {
		c    engine.Config
		want string
	}{
		"a key that is refused":      {engine.Config{Engine: "openai", OpenAIURL: answer(401, "application/json", `{"error":{"message":"invalid key"}}`)}, "401 the key is not accepted: set TTS_OPENAI_KEY"},
		"a server that sends a page": {engine.Config{Engine: "openai", OpenAIURL: answer(200, "text/html", "<html>")}, `the server sent "text/html", want a WAV file`},
		"a server that sends MP3":    {engine.Config{Engine: "openai", OpenAIURL: answer(200, "audio/mpeg", "ID3....")}, `the server sent "audio/mpeg", want a WAV file`},
		"a server that sends none":   {engine.Config{Engine: "openai", OpenAIURL: answer(200, "audio/wav", "")}, "the server sent no audio"},
		"a file without samples":     {engine.Config{Engine: "openai", OpenAIURL: answer(200, "audio/wav", string(wav(engine.Chunk{Rate: 16000}, 0)))}, "the server sent no audio"},
		"a Piper without samples":    {engine.Config{Engine: "piper", PiperURL: answer(200, "audio/wav", string(wav(engine.Chunk{Rate: 16000}, 0)))}, "the server sent no audio"},
		"an error that is a text":    {engine.Config{Engine: "openai", OpenAIURL: answer(400, "application/json", `{"error":"no such model"}`)}, "400 no such model"},
		"an error of FastAPI":        {engine.Config{Engine: "openai", OpenAIURL: answer(404, "application/json", `{"detail":"Model 'tts-1' is not installed."}`)}, "404 Model 'tts-1' is not installed."},
		"a form of FastAPI":          {engine.Config{Engine: "openai", OpenAIURL: answer(422, "application/json", `{"detail":[{"loc":["body","speed"],"msg":"Input should be less than 4"}]}`)}, "422 Input should be less than 4"},
		"a page as an error":         {engine.Config{Engine: "openai", OpenAIURL: answer(404, "text/html", "<html>\n<h1>404</h1>")}, "404 Not Found"},
		"an error with the key":      {engine.Config{Engine: "openai", OpenAIKey: "sk-token", OpenAIURL: answer(402, "application/json", `{"error":{"message":"sk-token is used up"}}`)}, "402 … is used up"},
		"the key at ElevenLabs":      {engine.Config{Engine: "elevenlabs", ElevenKey: "sk-token", ElevenVoice: "x", ElevenURL: answer(422, "application/json", `{"detail":{"message":"sk-token may not"}}`)}, "422 … may not"},
		"a user in the address":      {engine.Config{Engine: "openai", OpenAIURL: "http://sk-token@127.0.0.1:1/v1?key=sk-token"}, "speak at http://127.0.0.1:1/v1: dial tcp"},
		"a file that is cut short":   {engine.Config{Engine: "openai", OpenAIURL: answer(200, "audio/wav", "RIFF1234WAVEfmt ")}, "read WAV: unexpected EOF"},
		"a server that hangs":        {engine.Config{Engine: "openai", OpenAIURL: hanging.URL, Timeout: 50 * ms}, "speak at " + hanging.URL + ": no audio for 50ms"},
		"a server that is away":      {engine.Config{Engine: "openai", OpenAIURL: "http://127.0.0.1:1/v1"}, "connection refused"},
		"no address":                 {engine.Config{Engine: "openai"}, "TTS_OPENAI_URL is empty"},
		"an address of nothing":      {engine.Config{Engine: "openai", OpenAIURL: "localhost:8000"}, "TTS_OPENAI_URL is no web address, want one like http://127.0.0.1:8000/v1"},
		"no asset":                   {engine.Config{Engine: "flite"}, "the built-in voice is not at " + filepath.Join(empty, "flite", "flite.wasm") + ": make assets fetches it"},
		"no engine":                  {engine.Config{Engine: "none"}, "no voice: run make assets"},
		"an engine nobody knows":     {engine.Config{Engine: "magic"}, `TTS_ENGINE is "magic", want auto, openai, wyoming, piper, elevenlabs, flite, espeak, none`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.c.Speed = 1; tt.c.Timeout == 0 {
				tt.c.Timeout = time.Minute
			}
			e, _, err := engine.New(t.Context(), tt.c, engine.Files{Assets: empty})
			if err == nil {
				_, _, err = speak(t.Context(), e, engine.Line{Text: "hello"})
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "sk-") {
				t.Errorf("error %q, want %q", err, tt.want)
			}
		})
	}
}

func TestEspeakSpeaks(t *testing.T) {
	e, err := engine.NewEspeak(engine.Config{Speed: 1, Timeout: time.Minute})
	if err != nil {
		t.Skip(err)
	}
	got, _, err := speak(t.Context(), e, engine.Line{Text: "-v The kitchen light is on.", Lang: "en"})
	if err != nil || got.Rate < 8000 || got.Duration() < time.Second || got.Duration() > 5*time.Second {
		t.Errorf("%v at %d, %v; want about 2s", got.Duration(), got.Rate, err)
	}
	if _, _, err = speak(t.Context(), e, engine.Line{Text: "Hello", Lang: "xx-none"}); err == nil || !strings.HasPrefix(err.Error(), "run espeak-ng: exit status 1: ") {
		t.Errorf("error %v, want what espeak-ng says about xx-none", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err = speak(ctx, e, engine.Line{Text: strings.Repeat("Hello. ", 1000)}); err == nil {
		t.Error("it speaks after a cancel")
	}
	for range e.Synthesize(t.Context(), engine.Line{Text: strings.Repeat("Hello. ", 1000)}) {
		break // and is gone when the loop is
	}
}

func TestTheBuiltInVoiceSpeaks(t *testing.T) {
	files := engine.Files{Assets: need.Voice(t), Cache: t.TempDir()}
	e, shut, err := engine.New(t.Context(), engine.Config{Engine: "auto", Speed: 1, Timeout: time.Minute}, files)
	if err != nil {
		t.Fatal(err)
	}
	defer shut(context.WithoutCancel(t.Context()))
	plain := time.Duration(0)
	tests := []struct {
		name, text, voice string
		least, most       time.Duration
	}{
		{"a sentence", "The kitchen light is on.", "", time.Second, 3 * time.Second},
		{"what looks like an option", "-t --help", "", 500 * ms, 3 * time.Second},
		{"one letter", "a", "", 100 * ms, time.Second},
		{"accents", "naïve café", "", 500 * ms, 3 * time.Second},
		{"another voice", "The kitchen light is on.", "kal16", time.Second, 3 * time.Second},
		{"a voice it does not have", "The kitchen light is on.", "amy", time.Second, 3 * time.Second},
		{"a script it cannot read", "今日は", "", 0, 0},
		{"nothing", "", "", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := speak(t.Context(), e, engine.Line{Text: tt.text, Voice: tt.voice})
			if d := got.Duration(); err != nil || d < tt.least || d > tt.most {
				t.Errorf("%v, %v; want %v to %v", d, err, tt.least, tt.most)
			}
			if tt.name == "a sentence" {
				plain = got.Duration()
			}
		})
	}
	fast, shutFast, err := engine.New(t.Context(), engine.Config{Engine: "flite", Voice: "slt", Speed: 2, Timeout: time.Minute}, files)
	if err != nil {
		t.Fatal(err)
	}
	defer shutFast(context.WithoutCancel(t.Context()))
	if got, _, _ := speak(t.Context(), fast, engine.Line{Text: "The kitchen light is on."}); got.Duration() > plain*3/4 {
		t.Errorf("at twice the speed it takes %v, not much less than %v", got.Duration(), plain)
	}
	if _, _, err := engine.New(t.Context(), engine.Config{Engine: "flite", Voice: "amy", Speed: 1}, files); err == nil || err.Error() != `TTS_VOICE is "amy", want one of slt, rms, awb, kal16, kal` {
		t.Errorf("error %v", err)
	}
}

func FuzzWAVIsReadOrRefused(f *testing.F) {
	f.Add(wav(ramp(10*ms, 16000), 320), "audio/wav")
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \xff\xff\xff\xff"), "audio/wav")
	f.Add([]byte{1, 2, 3}, "audio/pcm;rate=0")
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		for c, err := range engine.Playable(kind, bytes.NewReader(body)) {
			if err == nil && (c.Rate <= 0 || len(c.PCM)%2 != 0 || len(c.PCM) == 0) {
				t.Errorf("%d bytes at %d", len(c.PCM), c.Rate)
			}
		}
	})
}
