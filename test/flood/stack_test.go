package flood

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	token    = "correct-horse-battery-staple" // of the page
	patience = time.Minute
	maxTail  = 64 << 10
)

// stack is a running tars up.
type stack struct {
	home     string
	page     string // host and port
	broker   string // host and port
	user     string
	password string
	url      string // of the broker, with both
	cmd      *exec.Cmd
	out      *tail
	ended    chan struct{}
}

// tail counts what a process prints and keeps the end of it.
type tail struct {
	mu    sync.Mutex
	all   int
	bytes []byte
}

func (o *tail) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all += len(p)
	o.bytes = append(o.bytes, p...)
	if extra := len(o.bytes) - maxTail; extra > 0 {
		o.bytes = append(o.bytes[:0], o.bytes[extra:]...)
	}
	return len(p), nil
}

// program builds bin/tars once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tars-flood-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "tars")
	build := exec.Command("go", "build", "-o", bin, "./cmd/tars")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return bin, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if bin, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(code)
}

// startStack starts tars up without engines and waits until it greets.
func startStack(t *testing.T) *stack {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("memory is read from /proc")
	}
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{home: t.TempDir(), page: freeAddress(t), out: &tail{}, ended: make(chan struct{})}
	s.cmd = exec.Command(bin, "up")
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.home, s.out, s.out
	s.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.home, "TARS_HOME=" + s.home, "ENGINES=none", "ENGINE_HOSTS=none",
		"UI_ADDR=" + s.page, "UI_TOKEN=" + token, "TARS_ASSETS=" + os.Getenv("TARS_ASSETS"), "LOG_FORMAT=json"}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.cmd.Wait(); close(s.ended) }()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
		if t.Failed() {
			t.Logf("tars up printed at last:\n%s", s.tail())
		}
	})
	for end := time.Now().Add(patience); !strings.Contains(s.tail(), "TARS is up"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) || s.over() {
			t.Fatalf("tars up did not greet: %s", s.tail())
		}
	}
	s.login(t)
	return s
}

// login reads the address that every command of this user reads.
func (s *stack) login(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.home, "run", "mqtt-url"))
	if err != nil {
		t.Fatal(err)
	}
	s.url = strings.TrimSpace(string(b))
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	s.broker, s.user = u.Host, u.User.Username()
	s.password, _ = u.User.Password()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *stack) tail() string {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	return string(s.out.bytes)
}

// logged is how many bytes were printed.
func (s *stack) logged() int {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	return s.out.all
}

func (s *stack) over() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// memory is the resident memory, in MiB.
func (s *stack) memory(t *testing.T) int { return s.status(t, "VmRSS") }

// peak is the most since resetPeak.
func (s *stack) peak(t *testing.T) int { return s.status(t, "VmHWM") }

func (s *stack) status(t *testing.T, field string) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatalf("tars up is gone: %v\n%s", err, s.tail())
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib >> 10
		}
	}
	t.Fatalf("no %s of tars up, which may have ended: %s", field, s.tail())
	return 0
}

// resetPeak makes peak begin anew.
func (s *stack) resetPeak(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0); err != nil {
		t.Log("the peak is that of all floods so far:", err)
	}
}

// settle waits until memory is at most enough, and returns what it is and how
// long that took.
func (s *stack) settle(t *testing.T, enough int, longest time.Duration) (int, time.Duration) {
	t.Helper()
	begin := time.Now()
	for {
		now := s.memory(t)
		if took := time.Since(begin); now <= enough || took > longest {
			return now, took
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// dial connects to addr. The connection ends with ctx.
func dial(ctx context.Context, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = c.Close() })
	return c, nil
}
