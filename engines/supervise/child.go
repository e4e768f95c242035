package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/engines/discovery"
)

const (
	startTimeout = 2 * time.Minute // models are read from a disk that may be slow
	stopTimeout  = 5 * time.Second // between the request to end and the kill
	probeEvery   = 50 * time.Millisecond
	probeTimeout = time.Second     // for an answer while it starts
	healthEvery  = 3 * time.Second // between two looks at one that is ready, and the limit of each
	maxMissed    = 3               // looks in a row without an answer, after which it hangs: a busy machine may be slow
)

// child is one process of an engine.
type child struct {
	ctx   context.Context // ends when it is to end
	end   context.CancelFunc
	began time.Time
	addr  string // where it listens
	pid   atomic.Int64
	ready chan struct{} // closed when it answers
	done  chan struct{} // closed when it is gone
	err   error         // why; read after done
}

func newChild() *child {
	c := &child{began: time.Now(), ready: make(chan struct{}), done: make(chan struct{})}
	c.ctx, c.end = context.WithCancel(context.Background())
	return c
}

func (c *child) isReady() bool {
	select {
	case <-c.ready:
		return true
	default:
		return false
	}
}

// run runs the process from its start to its end and returns why it ended.
func (c *child) run(e *engine) error {
	// The kernel kills the child when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	port, err := freePort()
	if err != nil {
		return fmt.Errorf("engine %s: %w", e.server.Name, err)
	}
	c.addr = net.JoinHostPort("127.0.0.1", port)
	cmd := c.command(e, port)
	line, err := cmd.StdinPipe() // while it is open, the child knows that we are there
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("engine %s cannot be run, tars engines update may mend it: %w", e.server.Name, err)
	}
	defer line.Close()
	c.pid.Store(int64(cmd.Process.Pid))
	setNice(cmd.Process.Pid, e.nice)
	there, gone := context.WithCancel(context.Background())
	var silence string
	var wg sync.WaitGroup
	wg.Go(func() { silence = c.watchHealth(there, e) })
	wg.Go(func() { c.endWhenAsked(there) })
	err = cmd.Wait()
	gone()
	killProcess(cmd.Process.Pid) // what it may have started
	wg.Wait()
	return c.endReason(e, err, silence)
}

func (c *child) command(e *engine, port string) *exec.Cmd {
	fill := func(s string) string { return strings.ReplaceAll(s, "{port}", port) }
	var args []string
	for _, a := range e.server.Args {
		args = append(args, fill(a))
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(withoutSecrets(os.Environ()), "ENGINES_BIND=127.0.0.1") // only we are asked from elsewhere
	for _, kv := range e.server.Env {
		cmd.Env = append(cmd.Env, fill(kv))
	}
	cmd.Stdout, cmd.Stderr = e.output, e.output
	cmd.WaitDelay = time.Second // for output of what it started
	setProcessGroup(cmd)
	return cmd
}

// withoutSecrets leaves out the variables that no engine has to know: keys, tokens,
// passwords and addresses that may hold one.
func withoutSecrets(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, value, _ := strings.Cut(kv, "=")
		return secretName.MatchString(name) || loginInAddress.MatchString(value)
	})
}

var (
	secretName     = regexp.MustCompile(`(?i)key|token|secret|passw|credential|auth|mqtt`)
	loginInAddress = regexp.MustCompile(`:[^/@\s]+@`) // of an address
)

// watchHealth tells when the child answers, and ends it when it does not within the
// time for a start, or not any more. It returns what it ended the child for.
func (c *child) watchHealth(there context.Context, e *engine) (silence string) {
	_, port, _ := net.SplitHostPort(c.addr)
	health := strings.ReplaceAll(e.server.Health, "{port}", port)
	limit := time.After(startTimeout)
	for !isHealthy(there, health, probeTimeout) {
		select {
		case <-time.After(probeEvery):
		case <-there.Done():
			return ""
		case <-limit:
			killProcess(int(c.pid.Load()))
			return "did not answer within " + startTimeout.String()
		}
	}
	e.noteReady(c)
	again := time.NewTicker(e.healthEvery)
	defer again.Stop()
	for missed := 0; missed < maxMissed; {
		select {
		case <-again.C:
		case <-there.Done():
			return ""
		}
		if missed++; isHealthy(there, health, e.healthEvery) {
			missed = 0
		}
	}
	if there.Err() != nil {
		return ""
	}
	killProcess(int(c.pid.Load()))
	return fmt.Sprintf("hung: it did not answer for %v", maxMissed*e.healthEvery)
}

// endWhenAsked asks the child to end when c.ctx does, and makes it after a
// while.
func (c *child) endWhenAsked(there context.Context) {
	select {
	case <-there.Done():
		return
	case <-c.ctx.Done():
	}
	terminateProcess(int(c.pid.Load()))
	select {
	case <-there.Done():
	case <-time.After(stopTimeout):
		killProcess(int(c.pid.Load()))
	}
}

// endReason is one line for a person.
func (c *child) endReason(e *engine, err error, silence string) error {
	what := "ended"
	switch {
	case silence != "":
		what, err = silence, nil
	case !c.isReady():
		what = "did not start"
	}
	text := "engine " + e.server.Name + " " + what
	if err != nil {
		text += ": " + err.Error()
	}
	last := e.output.takeLastLines()
	if err != nil && strings.Contains(err.Error(), "killed") {
		last = "the system does so when memory runs out"
	}
	if last != "" {
		text += ": " + last
	}
	return errors.New(text + " (log " + e.output.name + ")")
}

var probeClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// isHealthy reports whether the server at address answers within limit.
func isHealthy(ctx context.Context, address string, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if addr, ok := strings.CutPrefix(address, "tcp://"); ok {
		return discovery.Ping(ctx, addr)
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	r, err := probeClient.Do(q)
	if err != nil {
		return false
	}
	defer r.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
	return r.StatusCode == http.StatusOK
}

// freePort is one that nobody listens on. A child that finds it taken after
// all does not start, and the next one gets another.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), l.Close()
}
