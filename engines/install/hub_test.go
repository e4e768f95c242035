package install

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// blob is the name Git gives to "{}\n", and commit one of a commit.
const (
	braces = "{}\n"
	blob   = "0967ef424bce6791893e9a57bb952f80fd536e93"
	commit = "0123456789abcdef0123456789abcdef01234567"
)

// models is a model hub with one voice and one chat model.
type models struct {
	*httptest.Server
	files   map[string]string // path in the hub, content
	lie     bool              // about checksums
	cut     int               // bytes after which an answer breaks off; 0: never
	ranges  bool              // knows ranges
	noSums  bool
	mu      sync.Mutex
	asked   []string // ranges that were asked for
	refuses bool     // files are not there after all
	hangs   bool     // after the first piece of a file
	slow    bool     // so is a list
	locked  bool     // asks for a password
}

func newHub(t *testing.T) *models {
	t.Helper()
	h := &models{ranges: true, files: map[string]string{
		"rhasspy/piper-voices/de/de_DE/thorsten/medium/de_DE-thorsten-medium.onnx":      strings.Repeat("voice", 50000),
		"rhasspy/piper-voices/de/de_DE/thorsten/medium/de_DE-thorsten-medium.onnx.json": braces,
		"Qwen/Qwen2.5-1.5B-Instruct-GGUF/qwen2.5-1.5b-instruct-q4_k_m.gguf":             strings.Repeat("words", 50000),
	}}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	t.Setenv("ENGINES_HUB", h.URL+"/")
	if _, err := FindPython(context.Background()); err != nil {
		t.Skip(err)
	}
	return h
}

// ServeHTTP implements http.Handler.
func (h *models) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, password, _ := r.BasicAuth(); h.locked && password != "hunter2" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	api, isAPI := strings.CutPrefix(r.URL.Path, "/api/models/")
	repo, dir, isTree := strings.Cut(api, "/tree/"+commit)
	switch {
	case isAPI && strings.HasSuffix(api, "/revision/main"):
		fmt.Fprintf(w, `{"sha":%q}`, commit)
	case isAPI && isTree:
		h.list(w, r, repo+dir)
	default:
		h.file(w, r)
	}
}

func (h *models) list(w http.ResponseWriter, r *http.Request, dir string) {
	if h.slow {
		_, _ = w.Write([]byte("["))
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
		return
	}
	entries := []map[string]any{}
	for name, text := range h.files {
		if filepath.Dir(name) != dir {
			continue
		}
		p := strings.SplitN(name, "/", 3)[2]
		e := map[string]any{"type": "file", "path": p, "size": len(text), "oid": blob}
		if text != braces {
			s := sum(text)
			if h.lie {
				s = sum("other")
			}
			e["lfs"] = map[string]any{"oid": s, "size": len(text)}
		}
		if h.noSums {
			e["oid"], e["lfs"] = "", nil
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(entries)
}

func (h *models) file(w http.ResponseWriter, r *http.Request) {
	text, ok := h.files[strings.TrimPrefix(strings.Replace(r.URL.Path, "/resolve/"+commit, "", 1), "/")]
	if !ok || h.refuses {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	h.mu.Lock()
	h.asked = append(h.asked, r.Header.Get("Range"))
	h.mu.Unlock()
	from := 0
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil && h.ranges {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(text)-1, len(text)))
		w.Header().Set("Content-Length", fmt.Sprint(len(text)-from))
		w.WriteHeader(http.StatusPartialContent)
	} else {
		from = 0
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	}
	if h.hangs {
		_, _ = w.Write([]byte(text[from : from+1]))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	}
	if rest := text[from:]; h.cut > 0 && len(rest) > h.cut {
		_, _ = w.Write([]byte(rest[:h.cut]))
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write([]byte(text[from:]))
}

// bare is a catalogue of kinds that need no packages.
const bare = "[kinds]\ntts = []\nllm = []\nstt = []\n"

const voice = "tts:de_DE-thorsten-medium"

func TestAModelOfTheHubIsInstalled(t *testing.T) {
	h := newHub(t)
	home := t.TempDir()
	i, _ := installer(t, home, bare, "")
	if err := i.Install(t.Context(), voice, "llm:qwen2.5-1.5b-instruct"); err != nil {
		t.Fatal(err)
	}
	in, err := Read(home)
	if err != nil || !slices.Equal(in.ids(), []string{voice, "llm:qwen2.5-1.5b-instruct"}) || !strings.HasSuffix(in.Parts[0].From, "@"+commit) {
		t.Fatalf("%+v, %v", in, err)
	}
	onnx, err := os.ReadFile(filepath.Join(Dir(home), "models", in.Parts[0].Folder, "de_DE-thorsten-medium.onnx"))
	if err != nil || string(onnx) != h.files["rhasspy/piper-voices/de/de_DE/thorsten/medium/de_DE-thorsten-medium.onnx"] {
		t.Errorf("the voice is %.20q, %v", onnx, err)
	}
	asked := len(h.asked)
	h.Close()
	if err := i.Update(t.Context()); err != nil || len(h.asked) != asked {
		t.Errorf("an update without the hub: %v", err)
	}
}

func TestACutFileGoesOnWhereItEnded(t *testing.T) {
	for name, ranges := range map[string]bool{"with ranges": true, "from the start without": false} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			h.cut = 100000
			if h.ranges = ranges; !ranges {
				h.cut = 240000
			}
			home := t.TempDir()
			i, _ := installer(t, home, bare, "")
			err := i.Install(t.Context(), voice)
			if ranges && err != nil {
				t.Fatal(err)
			}
			if !ranges { // it never gets to the end, and says so
				if err == nil || !strings.Contains(err.Error(), "kept") {
					t.Fatal(err)
				}
				h.cut = 0
				if err := i.Install(t.Context(), voice); err != nil {
					t.Fatal(err)
				}
			}
			if ranges && !slices.Contains(h.asked, "bytes=200000-") {
				t.Errorf("asked for %q", h.asked)
			}
		})
	}
}

func TestWhatTheHubGetsWrongIsRefused(t *testing.T) {
	tests := map[string]struct {
		id    string
		spoil func(h *models)
		want  string
	}{
		"another content":             {voice, func(h *models) { h.lie = true }, "not the file its publisher made"},
		"no checksum":                 {voice, func(h *models) { h.noSums = true }, "no checksum"},
		"a voice that it has not":     {"tts:xx_XX-nobody-low", func(*models) {}, "404"},
		"a file that is gone":         {voice, func(h *models) { h.refuses = true }, "404"},
		"a name that no voice has":    {"tts:joe", func(*models) {}, "de_DE-thorsten-medium"},
		"a model that is not listed":  {"llm:gpt", func(*models) {}, "llm:qwen2.5-1.5b-instruct"},
		"a kind that is none":         {"tpyo", func(*models) {}, "there is no part tpyo"},
		"a file that does not end":    {"llm:qwen2.5-1.5b-instruct", func(h *models) { h.hangs = true }, "nothing comes any more; what was fetched is kept"},
		"a list that does not end":    {voice, func(h *models) { h.slow = true }, "no answer from the model hub"},
		"a name that leads elsewhere": {"tts:de_DE-thorsten/../../../../x-medium", func(*models) {}, "no name of a Piper voice"},
		"no answer":                   {voice, func(h *models) { h.Close() }, "no answer from the model hub"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			tt.spoil(h)
			home := t.TempDir()
			i, _ := installer(t, home, bare, "")
			if strings.HasSuffix(name, "does not end") {
				i.stallTimeout = time.Second
			}
			if err := i.Install(t.Context(), tt.id); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v: does not say %q", err, tt.want)
			}
			if _, err := Read(home); err == nil {
				t.Error("it counts as installed")
			}
		})
	}
}

// A mirror may want a password, which is nobody else's business.
func TestThePasswordOfAMirrorIsNotSaid(t *testing.T) {
	h := newHub(t)
	h.locked, h.refuses = true, true
	t.Setenv("ENGINES_HUB", strings.Replace(h.URL, "//", "//user:hunter2@", 1))
	for _, id := range []string{voice, "tts:xx_XX-nobody-low"} {
		for _, dry := range []bool{true, false} {
			i, out := installer(t, t.TempDir(), bare, "")
			i.Dry = dry
			err := i.Install(t.Context(), id)
			if said := fmt.Sprint(err, out); err == nil && !dry || strings.Contains(said, "hunter2") || strings.Contains(said, "401") {
				t.Errorf("%s says %s", id, said)
			}
		}
	}
}

func TestAnAddressOfTheHubThatIsNoneIsRefused(t *testing.T) {
	t.Setenv("ENGINES_HUB", "somewhere")
	if _, err := OpenHub(); err == nil || !strings.Contains(err.Error(), "ENGINES_HUB") {
		t.Error(err)
	}
}
