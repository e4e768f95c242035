//go:build unix

package supervise

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/install"
)

// lists makes parts what is installed in home, run by this test binary.
func lists(t *testing.T, home string, parts ...string) {
	t.Helper()
	in := install.Installed{Program: os.Args[0]}
	for _, id := range parts {
		in.Parts = append(in.Parts, install.Part{ID: id, Folder: "none"})
	}
	b, err := json.Marshal(in)
	if err == nil {
		err = os.MkdirAll(install.Dir(home), 0o700)
	}
	next := filepath.Join(home, "next")
	if err == nil {
		err = os.WriteFile(next, b, 0o600)
	}
	if err == nil {
		err = os.Rename(next, install.List(home))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func keep(t *testing.T, home string) *Keeper {
	t.Helper()
	t.Setenv("SUPERVISE_TEST_AS", "engine")
	k := Keep(t.Context(), Options{Home: home, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), scanEvery: 2 * time.Millisecond})
	t.Cleanup(k.Close)
	return k
}

func names(all []discovery.Engine) string {
	var names []string
	for _, e := range all {
		names = append(names, e.Name)
	}
	return strings.Join(names, " ")
}

func TestWhatIsInstalledLaterIsRun(t *testing.T) {
	home := t.TempDir()
	k := keep(t, home)
	if got := k.Engines(); len(got) != 0 {
		t.Fatalf("of nothing it runs %+v", got)
	}
	k.Wake(discovery.Embed)
	lists(t, home, "embed:small")
	until(t, "the embedder is there", func() bool { return names(k.Engines()) == "embed" })
	at := k.Engines()[0].Serves[0].URL
	k.Wake(discovery.Embed)
	until(t, "the embedder is ready", func() bool { return k.Engines()[0].State == discovery.Ready })
	pid := k.Engines()[0].PID

	lists(t, home, "embed:small", "llm:small")
	until(t, "the chat model is there too", func() bool { return names(k.Engines()) == "llm embed" })
	if got := k.Engines()[1].Serves[0].URL; got != at || alive(pid) {
		t.Errorf("the embedder was at %s and is at %s; its old process is there: %t", at, got, alive(pid))
	}
	if found := discovery.Look(t.Context(), nil, home, discovery.LLM); len(found) != 1 {
		t.Errorf("found %+v", found)
	}

	if err := os.Remove(install.List(home)); err != nil {
		t.Fatal(err)
	}
	until(t, "nothing runs", func() bool { return len(k.Engines()) == 0 })
	until(t, "nothing is told", func() bool { _, err := os.Stat(discovery.File(home)); return os.IsNotExist(err) })
}

// Too many open files, for example: it passes.
func TestUnreadableListKeepsEngines(t *testing.T) {
	home := t.TempDir()
	lists(t, home, "embed:small")
	k := Keep(t.Context(), Options{Home: home, scanEvery: time.Hour})
	defer k.Close()
	if err := os.Remove(install.List(home)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(install.List(home), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := k.runInstalled(t.Context()); err == nil || names(k.Engines()) != "embed" {
		t.Errorf("%v, and it runs %q", err, names(k.Engines()))
	}
}

// As tars bench engines does, which ends while a tars up goes on.
func TestWhatAnotherProcessRanIsTakenOver(t *testing.T) {
	home := t.TempDir()
	lists(t, home, "embed:small")
	other := start(t, Options{Home: home}, fake("embed"))
	k := keep(t, home)
	if got := k.Engines(); len(got) != 0 {
		t.Fatalf("two run the engines of one home: %+v", got)
	}
	other.Close()
	until(t, "the embedder is there", func() bool { return names(k.Engines()) == "embed" })
}

func TestAnInstallationThatCannotRunSaysWhyOnce(t *testing.T) {
	home := t.TempDir()
	lists(t, home, "embed:small")
	list := strings.NewReplacer(os.Args[0], filepath.Join(home, "python3"))
	b, _ := os.ReadFile(install.List(home))
	if err := os.WriteFile(install.List(home), []byte(list.Replace(string(b))), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	k := Keep(t.Context(), Options{Home: home, Log: slog.New(slog.NewTextHandler(&said, nil)), scanEvery: time.Hour})
	defer k.Close()
	k.runInstalled(t.Context())
	if got := said.String(); strings.Count(got, "the installed engines do not run") != 1 || !strings.Contains(got, "is gone: tars engines update") {
		t.Errorf("it says %q", got)
	}
}
