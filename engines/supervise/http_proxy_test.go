//go:build unix

package supervise

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestManyWhoComeAtOnceShareOneStart(t *testing.T) {
	s := start(t, Options{}, fake("shared"))
	const many = 20
	body := strings.Repeat("audio ", 50_000)
	errs := make(chan error, many)
	for range many {
		go func() {
			r, err := client.Post(address(s, 0)+"/echo", "text/plain", strings.NewReader(body))
			if err != nil {
				errs <- err
				return
			}
			defer r.Body.Close()
			b, err := io.ReadAll(r.Body)
			if err == nil && string(b) != body {
				err = fmt.Errorf("%d bytes came back of %d", len(b), len(body))
			}
			errs <- err
		}()
	}
	for range many {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	until(t, "all requests are counted", func() bool { return s.Engines()[0].Requests == many })
	if n := s.Engines()[0].Starts; n != 1 {
		t.Errorf("%d starts, want 1", n)
	}
}

// llama.cpp answers before it has read the question and closes its connection
// after each answer. Clients keep theirs.
func TestAnEngineMayAnswerEarlyAndHangUp(t *testing.T) {
	s := start(t, Options{}, fake("abrupt"))
	keeping := &http.Client{Timeout: longest, Transport: &http.Transport{}}
	defer keeping.CloseIdleConnections()
	for i := range 300 {
		r, err := keeping.Post(address(s, 0)+"/early", "text/plain", strings.NewReader("question"))
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		b, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil || string(b) != "all of it" {
			t.Fatalf("request %d: %q %v", i, b, err)
		}
	}
}

func TestKeysStayWithUs(t *testing.T) {
	t.Setenv("LLM_API_KEY", "sk-1")
	t.Setenv("MQTT_URL", "mqtt://u:p@h")
	t.Setenv("LLM_BASE_URL", "https://me:sk-1@models.example/v1")
	t.Setenv("HTTPS_PROXY", "me:sk-1@proxy.example:3128")
	t.Setenv("MY_CREDENTIALS", "sk-1")
	t.Setenv("PLAIN_SETTING", "seen")
	env := ask(t, start(t, Options{}, fake("curious")), "/env")
	if strings.Contains(env, "sk-1") || strings.Contains(env, "mqtt://") {
		t.Error("the engine sees a key")
	}
	if !strings.Contains(env, "PLAIN_SETTING=seen") || !strings.Contains(env, "ENGINES_BIND=127.0.0.1") {
		t.Error("the engine lacks the environment")
	}
}
