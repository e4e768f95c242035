package install

import (
	"encoding/json"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/discovery"
)

func TestRemoveLeavesNothing(t *testing.T) {
	x, text := usual(t)
	x.use(t)
	home := t.TempDir()
	i, _ := installer(t, home, text, x.lock())
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(cacheDir(home), 0o700); err != nil { // as a server leaves it
		t.Fatal(err)
	}
	for _, name := range []string{Log(home, "speech"), Log(home, "speech") + ".1"} {
		if err := replaceFile(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := i.Remove(t.Context(), "vad"); err != nil {
		t.Fatal(err)
	}
	if in, err := Read(home); err != nil || !slices.Equal(in.ids(), []string{"stt:one"}) || fileExists(filepath.Join(Dir(home), "packages", "gamma-1.0-py3-none-any")) {
		t.Errorf("without the detector: %+v, %v", in, err)
	}
	if err := i.Remove(t.Context(), "wake"); err == nil || !strings.Contains(err.Error(), "stt:one") {
		t.Errorf("what is not installed: %v", err)
	}
	if err := i.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := tree(t, home); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	if err := i.Remove(t.Context()); err != nil {
		t.Errorf("again: %v", err)
	}
}

func TestADryRunSaysWhatWouldGo(t *testing.T) {
	x, text := usual(t)
	x.use(t)
	home := t.TempDir()
	i, out := installer(t, home, text, x.lock())
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := tree(t, home)
	out.Reset()
	i.Dry = true
	if err := i.Remove(t.Context(), "vad"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Would remove vad\n", "stt:one                        is there", "Nothing to fetch."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
	if after := tree(t, home); !maps.Equal(before, after) {
		t.Errorf("it was %v and is %v", before, after)
	}
}

// writer is a person who acts on what is said.
type writer func(said string)

func (w writer) Write(b []byte) (int, error) { w(string(b)); return len(b), nil }

// A server that still runs would write where it was removed.
func TestRemoveWaitsForThoseWhoRunIt(t *testing.T) {
	x, text := usual(t)
	x.use(t)
	home := t.TempDir()
	i, _ := installer(t, home, text, x.lock())
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	running, err := json.Marshal(discovery.Running{PID: os.Getpid(), Engines: []discovery.Engine{{Serves: []discovery.Server{{URL: "tcp://" + l.Addr().String()}}}}})
	if err == nil {
		err = replaceFile(discovery.File(home), running)
	}
	if err != nil {
		t.Fatal(err)
	}
	waited := false
	i.Progress.out = writer(func(said string) {
		if strings.Contains(said, "waiting until it has stopped them") {
			waited = fileExists(Dir(home)) && !fileExists(List(home))
			_ = l.Close()
		}
	})
	if err := i.Remove(t.Context()); err != nil || !waited || fileExists(Dir(home)) {
		t.Errorf("%v, waited %t, the engines are there: %t", err, waited, fileExists(Dir(home)))
	}
}
