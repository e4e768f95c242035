package engine_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/services/stt/engine"
)

func TestAServerIsToldOfWordsUnlessItRefusesThem(t *testing.T) {
	tests := map[string]struct {
		refuses bool
		want    []string // prompts of two utterances
	}{
		"one that takes them":   {false, []string{"Jarvis", "Jarvis"}},
		"one that refuses them": {true, []string{"Jarvis", "", ""}},
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
			e, err := engine.NewOpenAI(engine.Config{OpenAIURL: server.URL, OpenAIModel: "m", Prompt: "Jarvis", Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if r, err := e.Transcribe(t.Context(), make([]byte, 3200)); err != nil || r.Text != "hello" {
					t.Fatalf("%+v, %v", r, err)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("prompts %q, want %q", got, tt.want)
			}
		})
	}
}
