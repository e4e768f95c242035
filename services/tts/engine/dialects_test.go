package engine_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/engines/wyoming"
	"github.com/gotars/tars/services/tts/engine"
)

func TestVoicesOfWyoming(t *testing.T) {
	s := play(fails, says)
	e, _, err := engine.New(t.Context(), engine.Config{Engine: "wyoming", WyomingURI: enginetest.ServeTCP(t, s.wyoming), Voice: "joe", Speed: 1, Timeout: enginetest.Patience}, engine.Files{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := speak(t.Context(), e, engine.Line{Text: "Hi.", Voice: "piper/amy"}); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []string{"piper/amy", "joe", "joe"} { // the unknown one once
		if got := <-s.Asked; got != fmt.Sprintf(`{"text":"Hi.","voice":{"name":%q}}`, want) {
			t.Errorf("asked for %s, want %s", got, want)
		}
	}
}

// A server that cannot speak at all, or not now, may have the voice nonetheless.
func TestAVoiceIsKeptWhenItIsNotWhatWasWrong(t *testing.T) {
	busy := func(t testing.TB, s *script) engine.Config {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q, _ := io.ReadAll(r.Body)
			if s.Next(string(q)) == fails {
				w.Header().Set("X-Should-Retry", "false")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			w.Header().Set("Content-Type", "audio/wav")
			_, _ = w.Write(wav(piece, uint32(len(piece.PCM))))
		}))
		t.Cleanup(server.Close)
		return engine.Config{Engine: "openai", OpenAIURL: server.URL + "/v1"}
	}
	tests := map[string]struct {
		serve func(testing.TB, *script) engine.Config
		acts  []string
		asked int // with the voice and without, before the server speaks
	}{
		"OpenAI, busy":              {busy, []string{fails, says}, 1},
		"OpenAI, broken altogether": {dialects["openai"], []string{refuses, refuses, says}, 2},
		"Wyoming":                   {dialects["wyoming"], []string{fails, fails, says}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := play(tt.acts...)
			c := tt.serve(t, s)
			c.Voice, c.Speed, c.Timeout = "joe", 1, enginetest.Patience
			e, _, err := engine.New(t.Context(), c, engine.Files{})
			if err != nil {
				t.Fatal(err)
			}
			line := engine.Line{Text: "Hi.", Voice: "amy"}
			if _, _, err := speak(t.Context(), e, line); err == nil || int(s.Calls.Load()) != tt.asked {
				t.Errorf("the first line: %v after %d calls, want %d", err, s.Calls.Load(), tt.asked)
			}
			for range tt.asked {
				<-s.Asked
			}
			if _, _, err := speak(t.Context(), e, line); err != nil {
				t.Error(err)
			}
			if got := <-s.Asked; !strings.Contains(got, "amy") {
				t.Errorf("the next line is asked for with %s", got)
			}
		})
	}
}

func TestElevenLabsIsAskedForRawAudio(t *testing.T) {
	var head http.Header
	var query string
	var asked map[string]any
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head, query = r.Header, r.URL.String()
		_ = json.NewDecoder(r.Body).Decode(&asked)
		_, _ = w.Write(piece.PCM)
	}))
	defer s.Close()
	c := engine.Config{Engine: "auto", ElevenKey: "secret", ElevenURL: s.URL + "/v1/", ElevenVoice: "aaaaaaaaaaaaaaaaaaaa", ElevenModel: "m", Speed: 2, Timeout: enginetest.Patience}
	e, _, err := engine.New(t.Context(), c, engine.Files{})
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := speak(t.Context(), e, engine.Line{Text: "Hi.", Voice: "piper/amy"})
	if err != nil || all.Rate != 22050 || !bytes.Equal(all.PCM, piece.PCM) {
		t.Errorf("%d bytes at %d, %v", len(all.PCM), all.Rate, err)
	}
	if head.Get("xi-api-key") != "secret" || query != "/v1/text-to-speech/aaaaaaaaaaaaaaaaaaaa/stream?output_format=pcm_22050" {
		t.Errorf("asked %s with key %q", query, head.Get("xi-api-key"))
	}
	if got := fmt.Sprint(asked); got != "map[model_id:m text:Hi. voice_settings:map[similarity_boost:0.75 speed:1.2 stability:0.5]]" {
		t.Errorf("asked with %s", got)
	}
	if _, _, err := speak(t.Context(), e, engine.Line{Text: "Hi.", Voice: "bbbbbbbbbbbbbbbbbbbb"}); err != nil || !strings.Contains(query, "/bbbbbbbbbbbbbbbbbbbb/") {
		t.Errorf("asked %s, %v", query, err)
	}
}

// A key is for the cloud it was made for, wherever that sends us.
func TestARedirectDoesNotTakeTheKeyAlong(t *testing.T) {
	got := ""
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("xi-api-key")
		_, _ = w.Write(piece.PCM)
	}))
	defer other.Close()
	s := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer s.Close()
	c := engine.Config{Engine: "elevenlabs", ElevenKey: "secret", ElevenURL: s.URL + "/v1", ElevenVoice: "x", Speed: 1, Timeout: enginetest.Patience}
	e, _, err := engine.New(t.Context(), c, engine.Files{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := speak(t.Context(), e, hello); err != nil || got != "" {
		t.Errorf("another server got the key %q, %v", got, err)
	}
}

func TestAnOlderPiper(t *testing.T) {
	var paths []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if paths = append(paths, r.URL.Path); r.URL.Path != "/" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(wav(piece, uint32(len(piece.PCM))))
	}))
	defer s.Close()
	e, _, err := engine.New(t.Context(), engine.Config{Engine: "auto", PiperURL: s.URL, Speed: 1, Timeout: enginetest.Patience}, engine.Files{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := speak(t.Context(), e, hello); err != nil {
			t.Error(err)
		}
	}
	if got := strings.Join(paths, " "); got != "/synthesize / /" {
		t.Errorf("asked at %s", got)
	}
}

// A Piper that was replaced, or that a proxy hid for a moment, is asked its way
// again.
func TestAPiperThatWasAwayIsNoOlderOne(t *testing.T) {
	var away atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() || r.URL.Path != "/synthesize" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "audio/wav")
		_, _ = w.Write(wav(piece, uint32(len(piece.PCM))))
	}))
	defer s.Close()
	e, _, err := engine.New(t.Context(), engine.Config{Engine: "piper", PiperURL: s.URL, Speed: 1, Timeout: enginetest.Patience}, engine.Files{})
	if err != nil {
		t.Fatal(err)
	}
	away.Store(true)
	if _, _, err := speak(t.Context(), e, hello); err == nil {
		t.Error("it speaks while it is away")
	}
	away.Store(false)
	if _, _, err := speak(t.Context(), e, hello); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}

// A rate that no voice has would hold up speech for hours.
func TestAWyomingServerWithoutASenseOfTime(t *testing.T) {
	for _, rate := range []int{1, 1_000_000} {
		uri := enginetest.ServeTCP(t, func(c net.Conn) {
			r := bufio.NewReader(c)
			for {
				e, err := wyoming.Read(r)
				switch {
				case err != nil:
					return
				case e.Type == wyoming.Describe:
					fmt.Fprintln(c, `{"type":"info","data":{"tts":[{"name":"x"}]}}`)
				case e.Type == wyoming.Synthesize:
					fmt.Fprintf(c, `{"type":"audio-chunk","data":{"rate":%d,"width":2,"channels":1},"payload_length":2}`+"\n..", rate)
					fmt.Fprintln(c, `{"type":"audio-stop"}`)
					return
				}
			}
		})
		e, _, err := engine.New(t.Context(), engine.Config{Engine: "wyoming", WyomingURI: uri, Speed: 1, Timeout: enginetest.Patience}, engine.Files{})
		if err != nil {
			t.Fatal(err)
		}
		if all, _, err := speak(t.Context(), e, hello); err == nil || len(all.PCM) > 0 || !strings.Contains(err.Error(), fmt.Sprintf("rate %d", rate)) {
			t.Errorf("%d bytes, error %v", len(all.PCM), err)
		}
	}
}
