package engine_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/services/stt/engine"
)

func TestAServerIsToldOfWordsUnlessItRefusesThem(t *testing.T) {
	long := strings.Repeat("so ", 100) + "and then?"
	tests := map[string]struct {
		model   string
		names   string // STT_PROMPT
		context string
		refuses bool
		want    []string // prompts of two utterances
	}{
		"one that takes them":                        {"m", "Jarvis", "", false, []string{"Jarvis", "Jarvis"}},
		"one that refuses them":                      {"m", "Jarvis", "", true, []string{"Jarvis", "", ""}},
		"what was said, behind the names":            {"m", "Jarvis, Grafana", "Hey Tars. It is noon.", false, []string{"Jarvis, Grafana. Hey Tars. It is noon.", "Jarvis, Grafana. Hey Tars. It is noon."}},
		"what was said, without names":               {"m", "", "Hey Tars. It is noon.", false, []string{"Hey Tars. It is noon.", "Hey Tars. It is noon."}},
		"one that refuses what was said":             {"m", "", "Hey Tars. It is noon.", true, []string{"Hey Tars. It is noon.", "", ""}},
		"a model that takes a prompt as a command":   {"gpt-4o-transcribe", "Jarvis", "It is noon.", false, []string{"Jarvis", "Jarvis"}},
		"no more than Whisper reads, from the right": {"m", "", long, false, []string{long[len(long)-198:], long[len(long)-198:]}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				prompt := r.FormValue("prompt")
				if got = append(got, prompt); tt.refuses && prompt != "" {
					http.Error(w, `{"error":"unknown field prompt"}`, http.StatusBadRequest)
					return
				}
				_, _ = w.Write([]byte(`{"text":"hello"}`))
			}))
			defer server.Close()
			e, err := engine.NewOpenAI(engine.Config{OpenAIURL: server.URL, OpenAIModel: tt.model, Prompt: tt.names, Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if r, err := e.Transcribe(t.Context(), engine.Request{Audio: make([]byte, 3200), Context: tt.context}); err != nil || r.Text != "hello" {
					t.Fatalf("%+v, %v", r, err)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("prompts %q, want %q", got, tt.want)
			}
		})
	}
}
