package test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/engine"
)

// TestAnEnvironmentOfTheReferenceSendsNoSpeechToTheCloud starts everything with a file of
// settings of py-tars: a recogniser and a voice of one's own, and a cloud for the model.
func TestAnEnvironmentOfTheReferenceSendsNoSpeechToTheCloud(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole program")
	}
	var mu sync.Mutex
	var asked []string
	scripts := engine.Handler()
	cloud := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Path)
		mu.Unlock()
		scripts.ServeHTTP(w, r)
	}))
	t.Cleanup(cloud.Close)
	s := up(t, "STT_BACKEND=whisper", "TTS_PROVIDER=piper", "WHISPER_MODEL=small", "OPENAI_API_KEY=sk-secret", "OPENAI_BASE_URL="+cloud.URL+"/v1",
		"ELEVEN_API_KEY=secret", "ELEVEN_API_BASE="+cloud.URL+"/v1", "LLM_PROVIDER=openai", "LOG_LEVEL=WARNING", "ENGINE_HOSTS=none", "TARS_ASSETS="+t.TempDir())
	if out, err := s.tars(t, "ask", "what", "now?"); err != nil || out != engine.Reply {
		t.Errorf("the model of the cloud says %q, %v", out, err)
	}
	dropped := make(chan contract.SpeechDropped, 64)
	bus := connect(t, s.url(t), append(newHearing().handlers(), kit.On(into(dropped), kit.Name("dropped")))...)
	microphone(t, bus, "web-journey", clip(t, "goforward.wav"), 4)
	if d := within(t, "end of what nobody could read", dropped); d.Err == nil || !strings.Contains(*d.Err, "make engines") {
		t.Errorf("dropped %+v, want what to set up", d)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, path := range asked {
		if strings.Contains(path, "audio") || strings.Contains(path, "text-to-speech") {
			t.Errorf("the cloud was given speech, at %s", path)
		}
	}
	if len(asked) == 0 {
		t.Error("the cloud was never asked, so this test sees nothing")
	}
}
