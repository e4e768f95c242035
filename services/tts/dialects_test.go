package tts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gotars/tars/services/tts"
)

func TestVoicesOfWyoming(t *testing.T) {
	s := play(fails, says)
	e, _, err := tts.NewEngine(t.Context(), tts.Config{Engine: "wyoming", WyomingURI: serveTCP(t, s.wyoming), Voice: "joe", Speed: 1, Timeout: patience}, tts.Files{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := speak(t.Context(), e, tts.Line{Text: "Hi.", Voice: "piper/amy"}); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []string{"piper/amy", "joe", "joe"} { // the unknown one once
		if got := <-s.asked; got != fmt.Sprintf(`{"text":"Hi.","voice":{"name":%q}}`, want) {
			t.Errorf("asked for %s, want %s", got, want)
		}
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
	c := tts.Config{Engine: "auto", ElevenKey: "secret", ElevenURL: s.URL + "/v1/", ElevenVoice: "aaaaaaaaaaaaaaaaaaaa", ElevenModel: "m", Speed: 2, Timeout: patience}
	e, _, err := tts.NewEngine(t.Context(), c, tts.Files{})
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := speak(t.Context(), e, tts.Line{Text: "Hi.", Voice: "piper/amy"})
	if err != nil || all.Rate != 22050 || !bytes.Equal(all.PCM, piece.PCM) {
		t.Errorf("%d bytes at %d, %v", len(all.PCM), all.Rate, err)
	}
	if head.Get("xi-api-key") != "secret" || query != "/v1/text-to-speech/aaaaaaaaaaaaaaaaaaaa/stream?output_format=pcm_22050" {
		t.Errorf("asked %s with key %q", query, head.Get("xi-api-key"))
	}
	if got := fmt.Sprint(asked); got != "map[model_id:m text:Hi. voice_settings:map[similarity_boost:0.75 speed:1.2 stability:0.5]]" {
		t.Errorf("asked with %s", got)
	}
	if _, _, err := speak(t.Context(), e, tts.Line{Text: "Hi.", Voice: "bbbbbbbbbbbbbbbbbbbb"}); err != nil || !strings.Contains(query, "/bbbbbbbbbbbbbbbbbbbb/") {
		t.Errorf("asked %s, %v", query, err)
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
	e, _, err := tts.NewEngine(t.Context(), tts.Config{Engine: "auto", PiperURL: s.URL, Speed: 1, Timeout: patience}, tts.Files{})
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
