package test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gotars/tars/kit"
)

// nobody is a user without rights on any machine.
const nobody = 65534

// asNobody runs a command as another user of the machine.
func asNobody(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestAnotherUserOfTheMachine finds nothing of a running tars up that it can
// read, write or end. Its home stood open before the start.
func TestAnotherUserOfTheMachine(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	s := settings(t)
	open, err := os.MkdirTemp("", "tars-open-") // t.TempDir is closed to others by itself
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(open) })
	s.home = filepath.Join(open, "home")
	for _, dir := range []string{open, s.home, filepath.Join(s.home, "run")} {
		if err := errors.Join(os.MkdirAll(dir, 0o777), os.Chmod(dir, 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(s.env, "TARS_HOME="+s.home, "HOME="+s.home)
	if out, err := asNobody(t, "touch", filepath.Join(s.home, "before")); err != nil {
		t.Fatalf("the home is not open before the start, so this test sees nothing: %s", out)
	}
	s.cmd, s.out = s.start(t, "up")
	s.await(t, "TARS is up", func() bool { return strings.Contains(s.out.String(), "TARS is up") })

	pid := s.cmd.Process.Pid
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	for what, args := range map[string][]string{
		"list the home":        {"ls", s.home},
		"read the address":     {"cat", filepath.Join(s.home, "run", "mqtt-url")},
		"read the password":    {"cat", filepath.Join(s.home, "mqtt-password")},
		"read the memory":      {"cat", filepath.Join(s.home, "memory.db")},
		"write the address":    {"sh", "-c", `echo mqtt://127.0.0.1:1 >"$0"`, filepath.Join(s.home, "run", "mqtt-url")},
		"make a file":          {"touch", filepath.Join(s.home, "after")},
		"read the environment": {"cat", filepath.Join(proc, "environ")},
		"end the process":      {"kill", "-TERM", strconv.Itoa(pid)},
	} {
		if out, err := asNobody(t, args[0], args[1:]...); err == nil {
			t.Errorf("another user can %s: %.200q", what, out)
		}
	}
	password := secretOf(t, s)
	line, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	if err != nil || bytes.Contains(line, password) || strings.Contains(s.out.String(), string(password)) {
		t.Errorf("the password is in the arguments or in what is printed: %v", err)
	}
	strangers(t, s, password)
	if out, err := s.tars(t, "ask", "what is 17 times 23?"); err != nil || !strings.Contains(out, "391") {
		t.Errorf("its own user asks: %q, %v", out, err)
	}
	if r, err := http.Get(s.page + "/healthz"); err != nil || r.Body.Close() != nil || r.StatusCode != http.StatusOK {
		t.Errorf("the page: %v", err)
	}
}

// secretOf is the password of the broker of s.
func secretOf(t *testing.T, s *stack) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.home, "mqtt-password"))
	if b = bytes.TrimSpace(b); err != nil || len(b) < 20 {
		t.Fatalf("the password has %d characters, %v", len(b), err)
	}
	return b
}

// strangers connect to the broker of s without the password, and with the client
// id of a service.
func strangers(t *testing.T, s *stack, password []byte) {
	t.Helper()
	address := s.url(t)
	bare := strings.Replace(address, "tars:"+string(password)+"@", "", 1)
	for what, u := range map[string]string{"no password": bare, "another": strings.Replace(bare, "://", "://tars:guess@", 1)} {
		cfg, err := kit.Load("stranger")
		if err != nil {
			t.Fatal(err)
		}
		cfg.URL = u
		if b, err := kit.Open(t.Context(), "stranger", cfg, kit.Tap("audio/mic/#", nil)); err == nil {
			_ = b.Close(t.Context())
			t.Errorf("a stranger with %s hears the microphone", what)
		}
	}
	out, err := s.tars(t, "run", "tts")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(out, "tars-tts is a service of the running tars up") || strings.Contains(out, string(password)) {
		t.Errorf("tars run tts beside it: %v, %q", err, out)
	}
}
