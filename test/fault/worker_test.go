package fault

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what has to come: no more than a test
// that fails takes, on a machine that does much else.
const patience = 2 * time.Minute

// builds are the workers that were compiled, by the flags they were compiled with.
var builds sync.Map

// program compiles the worker once for each set of flags.
func program(flags ...string) (string, error) {
	build, _ := builds.LoadOrStore(strings.Join(flags, " "), sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp("", "tars-fault-")
		if err != nil {
			return "", err
		}
		bin := filepath.Join(dir, "worker")
		out, err := exec.Command("go", append(append([]string{"build", "-o", bin}, flags...), "./worker")...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("%w: %s", err, out)
		}
		return bin, nil
	}))
	return build.(func() (string, error))()
}

// sweep removes what program made.
func sweep() {
	builds.Range(func(_, build any) bool {
		if bin, err := build.(func() (string, error))(); err == nil {
			_ = os.RemoveAll(filepath.Dir(bin))
		}
		return true
	})
}

// worker is a process with one service.
type worker struct {
	role string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  chan Stats
	log  *output
	gone chan struct{}
}

// output collects what a process says.
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

// start runs a worker, with the race detector when the test has it, until the
// test ends. A race in it fails the test.
func start(t *testing.T, role string, env ...string) *worker {
	t.Helper()
	var flags []string
	if racing {
		flags = []string{"-race"}
	}
	return startBuilt(t, flags, role, env...)
}

func startBuilt(t *testing.T, flags []string, role string, env ...string) *worker {
	t.Helper()
	bin, err := program(flags...)
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{role: role, cmd: exec.Command(bin), out: make(chan Stats, 1), log: &output{}, gone: make(chan struct{})}
	w.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LOG_FORMAT=json", Role + "=" + role}, env...)
	w.cmd.Stderr = w.log
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var s Stats
			if json.Unmarshal(lines.Bytes(), &s) == nil {
				w.out <- s
			}
		}
		_ = w.cmd.Wait()
		close(w.gone)
	}()
	t.Cleanup(func() {
		_ = w.cmd.Process.Kill()
		<-w.gone
		if s := w.log.String(); strings.Contains(s, "DATA RACE") && !strings.HasPrefix(role, "bare") {
			t.Errorf("%s races:\n%s", role, s)
		} else if t.Failed() {
			t.Logf("%s said:\n%s", role, s[max(0, len(s)-20000):])
		}
	})
	return w
}

// tell sends a command and returns the answer.
func (w *worker) tell(t *testing.T, command string) Stats {
	t.Helper()
	if _, err := io.WriteString(w.in, command+"\n"); err != nil {
		t.Fatalf("%s: %v", w.role, err)
	}
	select {
	case s := <-w.out:
		return s
	case <-w.gone:
		t.Fatalf("%s ended", w.role)
	case <-time.After(patience):
		_ = w.cmd.Process.Signal(syscall.SIGQUIT) // it tells where it hangs
		<-w.gone
		t.Fatalf("%s does not answer %q within %s", w.role, command, patience)
	}
	panic("unreachable")
}

// ready waits until the link of the worker was up n times.
func (w *worker) ready(t *testing.T, n int) Stats {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		s := w.tell(t, Tally)
		if len(s.Ups) >= n {
			return s
		}
		if time.Since(begin) > patience {
			t.Fatalf("%s was ready %d times after %s, want %d", w.role, len(s.Ups), patience, n)
		}
	}
}

// kill ends the worker with SIGKILL and waits for it.
func (w *worker) kill() {
	_ = w.cmd.Process.Kill()
	<-w.gone
}

// stop ends the worker with SIGTERM and returns its exit code.
func (w *worker) stop(t *testing.T) int {
	t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	return w.exit(t)
}

// exit waits for the end of the worker and returns its code.
func (w *worker) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-w.gone:
	case <-time.After(patience):
		t.Fatalf("%s lives on after %s", w.role, patience)
	}
	return w.cmd.ProcessState.ExitCode()
}

// memory is a value of /proc/<pid>/status in bytes: VmRSS, or its peak VmHWM.
func (w *worker) memory(t *testing.T, name string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.cmd.Process.Pid))
	if err != nil {
		t.Skip("no /proc:", err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatalf("no %s in %s", name, status)
	return 0
}

// eventually polls until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}
