package test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
)

// These tests run the binary as its user does: real processes, real time.

// program builds bin/tars once for all tests of this package.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tars-test-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "tars")
	build := exec.Command("go", "build", "-o", bin, "./cmd/tars")
	build.Dir = ".."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return bin, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if bin, err := program(); err == nil && code >= 0 {
		_ = os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(code)
}

// stack is a running tars up, or what else was started with its settings.
type stack struct {
	bin  string
	home string
	page string // its address
	env  []string
	cmd  *exec.Cmd
	out  *output
}

// output collects what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// settings are an environment of its own for the binary: nothing of the
// machine's leaks in but what is named.
func settings(t *testing.T, env ...string) *stack {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	page := "127.0.0.1:" + freePort(t)
	s := &stack{bin: bin, home: home, page: "http://" + page}
	s.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TARS_HOME=" + home, "UI_ADDR=" + page,
		"TARS_ASSETS=" + assets()}, env...)
	return s
}

// assets is where make assets puts the built-in voice.
func assets() string {
	if dir := os.Getenv("TARS_ASSETS"); dir != "" {
		return dir
	}
	home, err := kit.HomeOf("tars")
	if err != nil {
		return ""
	}
	return home.Path("assets")
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// up starts tars up and waits until it has greeted.
func up(t *testing.T, env ...string) *stack {
	t.Helper()
	s := settings(t, env...)
	s.cmd, s.out = s.start(t, "up")
	s.await(t, "TARS is up", func() bool { return strings.Contains(s.out.String(), "TARS is up") })
	return s
}

// start runs the binary with args until the test ends.
func (s *stack) start(t *testing.T, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	cmd := exec.Command(s.bin, args...)
	out := &output{}
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = s.env, s.home, out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		if t.Failed() {
			t.Logf("tars %s printed:\n%s", strings.Join(args, " "), out)
		}
	})
	return cmd, out
}

// await polls: the other side is a process.
func (s *stack) await(t *testing.T, what string, there func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if there() {
			return
		}
	}
	t.Fatalf("waited %s for: %s", patience, what)
}

// tars runs a command to its end.
func (s *stack) tars(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.bin, args...)
	cmd.Env, cmd.Dir = s.env, s.home
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// interrupt ends a process as Ctrl-C does, and returns its exit code and how
// long it took.
func interrupt(t *testing.T, cmd *exec.Cmd) (int, time.Duration) {
	t.Helper()
	begin := time.Now()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), time.Since(begin)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, time.Since(begin)
}

// url is the broker that tars up uses.
func (s *stack) url(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.home, "run", "mqtt-url"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// bus connects a tool to the broker of the stack.
func (s *stack) bus(t *testing.T, hs ...kit.Handler) *kit.Bus {
	t.Helper()
	return connect(t, s.url(t), hs...)
}

// connect connects a tool to the broker at url.
func connect(t *testing.T, url string, hs ...kit.Handler) *kit.Bus {
	t.Helper()
	cfg, err := kit.Load("journey")
	if err != nil {
		t.Fatal(err)
	}
	cfg.URL = url
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b, err := kit.Open(ctx, "journey", cfg, hs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

// TestUp types a question at a running stack, and stops it.
func TestUp(t *testing.T) {
	s := up(t, "MQTT_DRAIN=60s")
	r, err := http.Get(s.page + "/")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("the page answers %s", r.Status)
	}
	out, err := s.tars(t, "ask", "what time is it?")
	if err != nil || !strings.HasPrefix(out, "It is ") {
		t.Errorf("ask: %q, %v", out, err)
	}
	if out, err = s.tars(t, "ask", "what is 17 times 23?"); err != nil || !strings.Contains(out, "391") {
		t.Errorf("ask: %q, %v", out, err)
	}
	if info, err := os.Stat(filepath.Join(s.home, "run", "mqtt-url")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mqtt-url: %v, %v", info, err)
	}
	if out, err := s.tars(t, "up"); err == nil || !strings.Contains(out, "running already") {
		t.Errorf("a second tars up: %q, %v", out, err)
	}
	shut := make(chan string, 16)
	s.bus(t, kit.Tap("system/health/+", func(_ context.Context, d *kit.Delivery) error {
		if bytes.Contains(d.Data, []byte(`"event":"shutdown"`)) {
			shut <- d.Topic
		}
		return nil
	}))
	code, took := interrupt(t, s.cmd)
	if code != 0 || took > 2*time.Second {
		t.Errorf("Ctrl-C: exit code %d after %s, want 0 within 2s", code, took)
	}
	want := map[string]bool{"system/health/tars-llm": true, "system/health/tars-memory": true, "system/health/tars-router": true,
		"system/health/tars-stt": true, "system/health/tars-tts": true, "system/health/ui-web": true}
	for len(want) > 0 { // copies under short names, such as system/health/router, come between
		delete(want, within(t, fmt.Sprintf("shutdown of %v", slices.Collect(maps.Keys(want))), shut))
	}
	if _, err := os.Stat(filepath.Join(s.home, "run", "mqtt-url")); err == nil {
		t.Error("mqtt-url is still there")
	}
	t.Logf("Ctrl-C took %s", took.Round(time.Millisecond))
}

// TestCommandsWithoutBroker names the address that failed and where it is from.
func TestCommandsWithoutBroker(t *testing.T) {
	port := freePort(t)
	s := settings(t, "MQTT_URL=mqtt://u:secret@127.0.0.1:"+port, "MQTT_CONNECT_TIMEOUT=300ms")
	out, err := s.tars(t, "ask", "hello")
	if err == nil || !strings.Contains(out, "127.0.0.1:"+port) || !strings.Contains(out, "from MQTT_URL") || strings.Contains(out, "secret") {
		t.Errorf("ask: %q, %v", out, err)
	}
	if out, err = s.tars(t, "run", "sttt"); err == nil || !strings.Contains(out, `no service "sttt" (there are stt, router`) {
		t.Errorf("run: %q, %v", out, err)
	}
}
