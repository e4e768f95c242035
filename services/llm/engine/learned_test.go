package engine

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gotars/tars/engines/enginetest"
)

const (
	opensThoughts = `{% if add_generation_prompt %}{{ '<|im_start|>assistant\n<think>\n' }}{% endif %}`
	opensNothing  = `{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`

	unmarkedThoughts = "A capital is asked for.\n</think>\n\nParis."
)

// templateServer writes answer, with a fingerprint, and tells a template. It counts how often it
// is asked for that.
func templateServer(t *testing.T, fingerprint, template string, answer *string) (Config, *atomic.Int32) {
	t.Helper()
	asked := new(atomic.Int32)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, _ *http.Request) {
		enginetest.StartChat(w)
		for _, piece := range strings.SplitAfter(*answer, " ") {
			text, _ := json.Marshal(piece)
			fmt.Fprintf(w, "data: {\"system_fingerprint\":%q,\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n", fingerprint, text)
		}
		enginetest.EndChat(w)
	})
	tell := func(key string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			_ = json.NewEncoder(w).Encode(map[string]string{key: template})
		}
	}
	mux.HandleFunc("GET /props", tell("chat_template"))
	mux.HandleFunc("POST /api/show", tell("template"))
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	c := settings()
	c.BaseURL = srv.URL + "/v1"
	return c, asked
}

// say is what o lets a listener hear of one answer.
func say(t *testing.T, o *OpenAI) (text string) {
	t.Helper()
	if _, err := o.Generate(t.Context(), Prompt{User: "x", Model: "m", MaxTokens: 99}, func(d string) error { text += d; return nil }); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestFirstThoughtsOfAnUnknownModel(t *testing.T) {
	const aloud = "A capital is asked\nParis." // what came before the piece with the mark was heard
	tests := map[string]struct {
		fingerprint, template string
		first                 string // that is heard of the first answer
		asked                 int32
	}{
		"are silent when Ollama tells its template":                {"fp_ollama", "{{ .Prompt }}<think>\n{{ .Response }}", "Paris.", 1},
		"are silent when llama.cpp tells its template":             {"b6123-0fbbd884", opensThoughts, "Paris.", 1},
		"are heard once when the template opens none":              {"b6123", opensNothing, aloud, 1},
		"are heard once when the template is empty":                {"b6123", "", aloud, 1},
		"are heard once, and no other server is asked for details": {"fp_44709d6fcb", opensThoughts, aloud, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			answer, home := unmarkedThoughts, t.TempDir()
			c, asked := templateServer(t, tt.fingerprint, tt.template, &answer)
			o := newOpenAI(c, newLearnedModels(home))
			if got := strings.TrimSpace(say(t, o)); got != tt.first {
				t.Errorf("heard %q, want %q", got, tt.first)
			}
			for what, o := range map[string]*OpenAI{"then": o, "after a restart": newOpenAI(c, newLearnedModels(home))} {
				if got := say(t, o); got != "Paris." {
					t.Errorf("%s heard %q", what, got)
				}
			}
			if n := asked.Load(); n != tt.asked {
				t.Errorf("the server was asked %d times for its template, want %d", n, tt.asked)
			}
		})
	}
}

// A model that does not think in spite of its template, as its server was told, is waited for
// once.
func TestAnswersWithoutThoughtsAreNotHeldBackAgain(t *testing.T) {
	answer := "Paris is the capital."
	c, _ := templateServer(t, "b6123", opensThoughts, &answer)
	o := newOpenAI(c, newLearnedModels(""))
	for i, want := range []bool{true, false} {
		var pieces []string
		if _, err := o.Generate(t.Context(), Prompt{User: "x", Model: "m", MaxTokens: 99}, func(d string) error {
			if d != "" {
				pieces = append(pieces, d)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := len(pieces) == 1; got != want || strings.Join(pieces, "") != answer {
			t.Errorf("answer %d came as %q, in one piece: want %v", i+1, pieces, want)
		}
	}
}

func TestLearnedModelsAreKept(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, learnedFile)
	l := newLearnedModels(home)
	for i := range maxLearned + 5 {
		l.learn("127.0.0.1:1", fmt.Sprint("m", i), i%2 == 0)
	}
	l.learn("127.0.0.1:1", "m10", false)
	again := newLearnedModels(home)
	tests := map[string]struct {
		server, model string
		thinks, known bool
	}{
		"one that thinks":        {"127.0.0.1:1", "m200", true, true},
		"one that does not":      {"127.0.0.1:1", "m201", false, true},
		"one that was corrected": {"127.0.0.1:1", "m10", false, true},
		"of another server":      {"127.0.0.1:2", "m200", false, false},
		"one that made room":     {"127.0.0.1:1", "m1", false, false},
	}
	for name, tt := range tests {
		if thinks, known := again.thinksFirst(tt.server, tt.model); thinks != tt.thinks || known != tt.known {
			t.Errorf("%s: thinks %v, known %v", name, thinks, known)
		}
	}
	if len(again.all) != maxLearned {
		t.Errorf("%d models are kept, want %d", len(again.all), maxLearned)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want one that others cannot read", info, err)
	}
	if left, _ := filepath.Glob(file + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.WriteFile(file, []byte("{damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := newLearnedModels(home)
	if _, known := damaged.thinksFirst("127.0.0.1:1", "m200"); known {
		t.Error("a damaged file tells something")
	}
	damaged.learn("127.0.0.1:1", "m", true)
	if thinks, _ := newLearnedModels(home).thinksFirst("127.0.0.1:1", "m"); !thinks {
		t.Error("a damaged file is not replaced")
	}
}
