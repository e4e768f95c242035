package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/marks"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/need"
)

func TestTheBenchMeasuresRealEngines(t *testing.T) {
	need.Engines(t, "STT_OPENAI_URL", "STT_WYOMING_URI", "TTS_OPENAI_URL", "TTS_WYOMING_URI", "LLM_OPENAI_URL", "EMBED_OPENAI_URL")
	t.Setenv("TTS_PIPER_URL", os.Getenv("PIPER_HTTP_URL"))
	t.Setenv("MEMORY_EMBED_URL", os.Getenv("EMBED_OPENAI_URL"))
	t.Setenv("MEMORY_EMBED_MODEL", os.Getenv("EMBED_OPENAI_MODEL"))
	t.Setenv("ENGINE_HOSTS", "127.55.0.1") // where nothing is
	clips, err := readClips("../../services/stt/testdata/speech")
	if err != nil {
		t.Fatal(err)
	}
	b := bench{home: kit.Home(t.TempDir()), runs: 2, clips: clips[1:3], progress: t.Output()}
	if err := b.all(t.Context()); err != nil || len(b.failed) > 0 {
		t.Fatal(err, b.failed)
	}
	for _, h := range b.heard {
		if h.errors.Rate() > 0.5 {
			t.Errorf("%s misheard %+v", h.name, h.errors)
		}
	}
	var out bytes.Buffer
	b.print(&out)
	t.Logf("\n%s", out.String())
	const took, memory = `\d[\d.]* m?s`, `(\d[\d.]* [kMG]?B|–)`
	for _, want := range []string{
		`\n\| OpenAI HTTP, \S+ \(\S+\) \| \d+\.\d % \| \d+\.\d\d \| ` + took + `, ` + took + ` \| ` + memory + ` \| -?` + took + ` \(-?` + took + ` to -?` + took + `\) \|\n`,
		`\n\| Wyoming \(\S+\) \| \d+\.\d % \|`,
		`\n\| Piper HTTP \(\S+\) \| ` + took + ` \| ` + took + ` \|`,
		`\n\| OpenAI HTTP.* \| ` + took + ` \| \d+ \| ` + memory,
		`\n\| OpenAI HTTP, \S+ \(\S+\) \| ` + took + ` \| 384 \| ` + memory,
	} {
		if !regexp.MustCompile(want).Match(out.Bytes()) {
			t.Errorf("no line like %s", want)
		}
	}
	if strings.Contains(out.String(), "| 0 |") || strings.Contains(out.String(), " 0.00 |") {
		t.Error("something took no time")
	}
}

func TestAnEngineThatFailsIsNamedInTheTable(t *testing.T) {
	t.Setenv("STT_OPENAI_URL", "http://127.55.0.1:9/v1")
	t.Setenv("STT_WYOMING_URI", "")
	t.Setenv("TTS_OPENAI_URL", "")
	t.Setenv("TTS_WYOMING_URI", "")
	t.Setenv("LLM_OPENAI_URL", "")
	t.Setenv("ENGINE_HOSTS", "127.55.0.1")
	b := bench{home: kit.Home(t.TempDir()), runs: 1, clips: []clip{{"a.wav", "a", make([]byte, 640)}}, progress: io.Discard}
	if err := b.all(t.Context()); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	b.print(&out)
	for _, want := range []string{"No engine was found: make engines", "Not measured: OpenAI HTTP, ", "(127.55.0.1:9): "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
}

func TestWhatAnAdapterAddsIsTheMedianDifference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load, calls := time.Duration(0), 0
		way := func(own time.Duration) func() (time.Duration, error) {
			return func() (time.Duration, error) {
				if calls++; calls%2 == 1 {
					load += 100 * time.Millisecond // the machine is busier in each turn, for both
				}
				begin := time.Now()
				time.Sleep(own + load)
				return time.Since(begin), nil
			}
		}
		got, err := inTurns(5, way(20*time.Millisecond), way(23*time.Millisecond))
		if want := (turns{323 * time.Millisecond, quartiles{3 * time.Millisecond, 3 * time.Millisecond, 3 * time.Millisecond}}); err != nil || got != want {
			t.Errorf("%v %v, want %v", got, err, want)
		}
		broken := errors.New("broken")
		if _, err := inTurns(2, way(0), func() (time.Duration, error) { return 0, broken }); !errors.Is(err, broken) {
			t.Errorf("said %v", err)
		}
	})
}

func TestQuartiles(t *testing.T) {
	for _, c := range []struct {
		sample []time.Duration
		want   quartiles
	}{
		{nil, quartiles{}},
		{[]time.Duration{7}, quartiles{7, 7, 7}},
		{[]time.Duration{9, 1}, quartiles{1, 5, 9}},
		{[]time.Duration{9, 1, 5}, quartiles{3, 5, 7}},
		{[]time.Duration{8, 1, 3, 5, 100}, quartiles{3, 5, 8}},
	} {
		if got := quartilesOf(c.sample); got != c.want {
			t.Errorf("of %v: %v, want %v", c.sample, got, c.want)
		}
	}
	if got, want := (quartiles{-12 * time.Millisecond, 300 * time.Microsecond, 2 * time.Second}).String(), "0.3 ms (-12 ms to 2.00 s)"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestTablesGoBetweenTheMarks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "engines.md")
	for _, table := range []string{"| a |\n", "| b |\n"} {
		begin, end := marks.Of(benchMarks)
		if err := marks.Write(file, benchMarks, []byte(table)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if want := begin + "\n\n" + table + "\n" + end + "\n"; err != nil || string(got) != want {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
	if err := os.WriteFile(file, []byte("prose"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := marks.Write(file, benchMarks, nil); err == nil || !strings.Contains(err.Error(), "has no lines") {
		t.Errorf("said %v", err)
	}
}

// The documentation has a place for the tables, and a file that has none is
// refused before anything is measured.
func TestTheDocumentationHasThePlaceForTables(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	for page, name := range map[string]string{"engines.md": benchMarks, "conversation.md": evalMarks} {
		text, err := os.ReadFile(filepath.Join("../../docs", page))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := marks.Write(file, name, []byte("| a |\n")); err != nil {
			t.Errorf("%s: %v", page, err)
		}
	}
	if err := os.WriteFile(file, []byte("prose"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := benchEnginesCmd{Clips: filepath.Join(t.TempDir(), "none"), Runs: 1, Write: file}
	if err := c.Run(t.Context(), kit.Home(t.TempDir())); err == nil || !strings.Contains(err.Error(), "has no lines") {
		t.Errorf("said %v", err)
	}
}

// A server that fails in the middle has no line of zeros.
func TestAnEngineThatFailsMidwayHasNoFigures(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked > 1 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.6,0.8]}]}`)
	}))
	defer server.Close()
	b := bench{home: kit.Home(t.TempDir()), runs: 3}
	err := b.embed(t.Context(), discovery.Server{Kind: discovery.Embed, Protocol: "openai", URL: server.URL + "/v1", Model: "m"})
	if err == nil || asked < 2 || len(b.embedded) != 0 {
		t.Errorf("asked %d times, said %v, and has %+v", asked, err, b.embedded)
	}
}
