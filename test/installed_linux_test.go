package test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/sys/unix"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/wer"
	"github.com/gotars/tars/test/need"
)

// These tests use what make engines installed, by tars up alone: no variable
// names an engine.

// installed is a running tars up with the installed engines in a home of its own.
func installed(t *testing.T, env ...string) *stack {
	t.Helper()
	engines := filepath.Join(need.Installed(t), "engines")
	s := settings(t, append([]string{
		"ENGINE_HOSTS=127.55.0.1", // where no Ollama of this machine answers
		"LLM_MAX_TOKENS=48",
		"ENGINES_NICE=0", // what else this machine does is more tests, to which nobody should give way
	}, env...)...)
	if err := os.Symlink(engines, filepath.Join(s.home, "engines")); err != nil {
		t.Fatal(err)
	}
	s.cmd, s.out = s.start(t, "up")
	s.await(t, "TARS is up", func() bool { return strings.Contains(s.out.String(), "TARS is up") })
	return s
}

// server is the address at which the installed engine of kind is reached.
func (s *stack) server(t *testing.T, kind discovery.Kind) discovery.Server {
	t.Helper()
	all := discovery.Look(t.Context(), nil, s.home, kind)
	if len(all) == 0 {
		t.Fatalf("no installed %s engine in %s", kind, s.home)
	}
	return all[0]
}

// isolated runs the test again in a network of its own that has nothing but a
// loopback address, and reports whether this is that run.
func isolated(t *testing.T) bool {
	t.Helper()
	if os.Getenv("TARS_TEST_ISOLATED") == t.Name() {
		if err := loopback(); err != nil {
			t.Fatal(err)
		}
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=8m")
	cmd.Env = append(os.Environ(), "TARS_TEST_ISOLATED="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	t.Logf("without a network:\n%s", out)
	if err != nil {
		t.Fatal(err)
	}
	return false
}

// loopback brings up the one interface that a new network has.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("bring up the loopback interface: %w", err)
	}
	return nil
}

// TestSpokenWithoutNetwork gives Chromium a recorded voice as its microphone on
// a machine that reaches nobody, and is answered aloud by the installed engines.
func TestSpokenWithoutNetwork(t *testing.T) {
	t.Parallel()
	need.Installed(t)
	need.Browser(t)
	if !isolated(t) {
		return
	}
	mic, err := filepath.Abs(filepath.Join("testdata", "speech", "goforward.wav"))
	if err != nil {
		t.Fatal(err)
	}
	s := installed(t)
	turns, finals := make(chan contract.TurnRecord, 8), make(chan contract.FinalTranscript, 8)
	s.bus(t, kit.On(into(turns), kit.Name("turns")), kit.On(into(finals), kit.Name("finals")))
	ctx := browser(t, s.page+"/?raw=1", chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-audio-capture", mic+"%noloop"))
	defer explain(t, ctx)
	if err := chromedp.Do(ctx, chromedp.Click("#mic")); err != nil {
		t.Fatal(err)
	}
	f := within(t, "transcript", finals)
	if e := wer.Of("go forward ten meters", f.Text); e.Wrong > 1 {
		t.Errorf("heard %q", f.Text)
	}
	awaitJS(t, ctx, "the answer is spoken", silence)
	ears := s.server(t, discovery.STT)
	answer := transcribedBy(t, ears.URL, ears.Model, "answer.wav", played(t, ctx))
	if strings.TrimSpace(answer) == "" {
		t.Error("the answer has no words")
	}
	t.Logf("heard %q, answered %q", f.Text, answer)
	stages(t, within(t, "record of the turn", turns))
	for _, name := range []string{"speech", "llm"} {
		line := "document.querySelector('#service-engine-" + name + "')"
		awaitJS(t, ctx, "the board shows the engine", line+"?.dataset.state == 'ready' && "+line+".innerText.includes(' MB, last request')")
	}
}

// below lists the processes whose command line or environment names home.
func below(t *testing.T, home string) (pids []int) {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, _ := os.ReadFile(filepath.Join(dir, "environ")) // gone, or a zombie: empty
		if bytes.Contains(env, []byte("TARS_HOME="+home+"\x00")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// children are those of them that are not tars itself.
func children(t *testing.T, s *stack) (pids []int) {
	t.Helper()
	for _, pid := range below(t, s.home) {
		if pid != s.cmd.Process.Pid {
			pids = append(pids, pid)
		}
	}
	return pids
}

// converse asks by voice, and returns how the turn went.
func converse(t *testing.T, s *stack, h *hearing, bus *kit.Bus) contract.TurnRecord {
	t.Helper()
	microphone(t, bus, "web-model", clip(t, "goforward.wav"), 2)
	f := within(t, "transcript", h.finals)
	for {
		if r := within(t, "record of the turn", h.turns); r.TurnID == f.MessageID {
			return r
		}
	}
}

// TestInstalledEnginesAreKilled kills every engine while a turn is on its way:
// the next one goes as if nothing had been. Then it kills tars up itself, and
// nothing of it is left.
func TestInstalledEnginesAreKilled(t *testing.T) {
	t.Parallel()
	s := installed(t)
	h := newHearing()
	bus := s.bus(t, h.handlers()...)
	if r := converse(t, s, h, bus); r.Outcome != contract.TurnDone {
		t.Fatalf("first turn %+v", r)
	}
	before := children(t, s)
	if len(before) == 0 {
		t.Fatal("no engine runs")
	}
	ctx := kit.WithBaggage(kit.WithBaggage(t.Context(), "room", "web-model"), "typed", "1")
	if err := bus.Publish(ctx, contract.FinalTranscript{Text: "Tell me a long story about a ship."}); err != nil {
		t.Fatal(err)
	}
	within(t, "delta", h.deltas)
	for _, pid := range before {
		_ = syscall.Kill(pid, syscall.SIGKILL) // one that was idle may be gone by itself
	}
	killed := time.Now()
	within(t, "record of the turn that was hit", h.turns)
	t.Logf("the turn that was hit ended after %s", time.Since(killed).Round(10*time.Millisecond))
	r := converse(t, s, h, bus)
	if r.Outcome != contract.TurnDone {
		t.Errorf("after the kill %+v", r)
	}
	for _, pid := range children(t, s) {
		for _, old := range before {
			if pid == old {
				t.Errorf("process %d outlived SIGKILL", pid)
			}
		}
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
	s.await(t, "nothing is left of it", func() bool { return len(below(t, s.home)) == 0 })
}

// TestInstalledEnginesStartAndStop leaves no process, port or file behind.
func TestInstalledEnginesStartAndStop(t *testing.T) {
	t.Parallel()
	s := installed(t)
	first := files(t, s.home)
	for i := range 20 {
		if i > 0 {
			s.cmd, s.out = s.start(t, "up")
			s.await(t, "TARS is up", func() bool { return strings.Contains(s.out.String(), "TARS is up") })
		}
		llm := s.server(t, discovery.LLM)
		if i%5 == 0 { // as a user does, and not each time: a model takes seconds to load
			if out, err := s.tars(t, "ask", "Why is the sea salty?"); err != nil {
				t.Errorf("round %d: %q, %v", i, out, err)
			}
			if len(children(t, s)) == 0 {
				t.Errorf("round %d: no engine runs", i)
			}
		}
		if code, took := interrupt(t, s.cmd); code != 0 || took > 8*time.Second {
			t.Errorf("round %d: exit code %d after %s", i, code, took)
		}
		if left := below(t, s.home); len(left) > 0 {
			t.Fatalf("round %d leaves processes %v", i, left)
		}
		if discovery.Look(context.Background(), nil, s.home, discovery.LLM) != nil {
			t.Errorf("round %d leaves an address of %s", i, llm.URL)
		}
	}
	for _, name := range files(t, s.home) {
		kept := slices.ContainsFunc([]string{"logs/", "memory.db", "cache/", "run/python/"}, func(p string) bool { return strings.HasPrefix(name, p) })
		if !kept && !slices.Contains(first, name) || name == "run/mqtt-url" || name == "run/engines.json" {
			t.Errorf("%s is left", name)
		}
	}
}

// files are those below home, without the engines.
func files(t *testing.T, home string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(home, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
