package memory_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gotars/tars/services/memory"
)

// What an embedder does not take must be told from one that is ill, in whatever
// form it says so.
func TestWhatAnEmbedderSaysIsUnderstood(t *testing.T) {
	tests := map[string]struct {
		status  int
		body    string
		want    string
		refused bool
	}{
		"a refusal":                 {400, `{"error":{"message":"input is too long"}}`, "400 input is too long", true},
		"a refusal in a text":       {400, `{"error":"input is too long"}`, "400 input is too long", true},
		"a refusal by FastAPI":      {422, `{"detail":"input is too long"}`, "422 input is too long", true},
		"a model that is not there": {404, `{"error":"model not found"}`, "set MEMORY_EMBED_MODEL", false},
		"a key that is refused":     {401, `{"error":"no: sk-secret"}`, "set MEMORY_EMBED_KEY", false},
		"an answer without end":     {200, "", "it sent more than 32 MiB", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.status)
				_, err := fmt.Fprint(w, tt.body)
				for err == nil && tt.body == "" {
					_, err = fmt.Fprint(w, strings.Repeat(" ", 1<<16))
				}
			}))
			defer s.Close()
			e, err := memory.NewOpenAI(memory.Config{EmbedURL: s.URL + "/v1", EmbedModel: "m", EmbedKey: "sk-secret"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = e.Embed(t.Context(), []string{"x"})
			var refused *memory.RefusedError
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &refused) != tt.refused || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v, refused %v", err, errors.As(err, &refused))
			}
		})
	}
}
