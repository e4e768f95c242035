package need

import (
	"flag"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// outcome is a test that notes how it ended.
type outcome struct {
	testing.TB
	end string
}

func (o *outcome) Helper()               {}
func (o *outcome) Skip(...any)           { o.end = "skipped"; runtime.Goexit() }
func (o *outcome) Fatal(...any)          { o.end = "failed"; runtime.Goexit() }
func (o *outcome) Fatalf(string, ...any) { o.end = "failed"; runtime.Goexit() }

func run(f func(testing.TB)) string {
	o := &outcome{end: "ran"}
	var wg sync.WaitGroup
	wg.Go(func() { f(o) })
	wg.Wait()
	return o.end
}

func TestMissingIsSkippedUnlessRequired(t *testing.T) {
	tests := map[string]struct{ require, want string }{
		"not required":      {"", "skipped"},
		"another required":  {"browser", "skipped"},
		"required":          {"voice", "failed"},
		"one of a list":     {"docker, voice browser", "failed"},
		"all required":      {"all", "failed"},
		"a word of nothing": {"voices", "failed"},
	}
	short(t, false)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TARS_ASSETS", t.TempDir())
			t.Setenv("TARS_TEST_REQUIRE", tt.require)
			if got := run(func(t testing.TB) { Voice(t) }); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestShortLeavesOutWhatIsRequired(t *testing.T) {
	short(t, true)
	t.Setenv("TARS_TEST_REQUIRE", "all")
	for name, f := range map[string]func(testing.TB){
		"the voice":                func(t testing.TB) { Voice(t) },
		"what takes its time only": func(t testing.TB) { Time(t, "it waits") },
	} {
		if got := run(f); got != "skipped" {
			t.Errorf("%s: %s, want skipped", name, got)
		}
	}
}

// short sets -short for the time of a test.
func short(t *testing.T, on bool) {
	t.Helper()
	was := testing.Short()
	if err := flag.Set("test.short", strconv.FormatBool(on)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("test.short", strconv.FormatBool(was)) })
}

func TestReportNamesWhatIsLeftOut(t *testing.T) {
	t.Setenv("TARS_ASSETS", t.TempDir())
	t.Setenv("TARS_HOME", t.TempDir())
	t.Setenv("LLM_OPENAI_URL", "")
	t.Setenv("DOCKER_HOST", "unix:///nowhere.sock")
	t.Setenv("PATH", "")
	t.Setenv("CHROME", "")
	t.Setenv("VOICEBENCH", "")
	var out strings.Builder
	if err := Report(&out, ""); err != nil {
		t.Error(err)
	}
	if got := strings.Count(out.String(), "\n"); got != len(requirements) {
		t.Errorf("%d lines for %d kinds:\n%s", got, len(requirements), out.String())
	}
	if err := Report(io.Discard, "all"); err == nil || strings.Count(err.Error(), "\n") != len(requirements)-1 {
		t.Errorf("all required: %v", err)
	}
	if err := Report(io.Discard, "dokcer"); err == nil || !strings.Contains(err.Error(), "dokcer") {
		t.Errorf("an unknown word: %v", err)
	}
}
