//go:build unix

package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/install"
)

func TestAnEngineStartsWithTheFirstByte(t *testing.T) {
	s := start(t, Options{Config: Config{Nice: 10}}, fake("lazy"))
	u, _ := url.Parse(address(s, 0))
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if e := s.Engines()[0]; e.State != discovery.Asleep || e.PID != 0 {
		t.Errorf("a look at the port made it %s", e.State)
	}
	pid := pidOf(t, s)
	until(t, "the request is counted", func() bool { return s.Engines()[0].Requests == 1 })
	e := s.Engines()[0]
	if e.State != discovery.Ready || e.PID != pid || e.Starts != 1 || e.Requests != 1 || e.Last <= 0 || e.Memory < 1<<20 {
		t.Errorf("after one request: %+v", e)
	}
	if got := ask(t, s, "/nice"); got != "10" && runtime.GOOS == "linux" {
		t.Errorf("it runs at nice %s, want 10", got)
	}
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("process group %d, want its own", group)
	}
	if again := pidOf(t, s); again != pid {
		t.Errorf("process %d, then %d", pid, again)
	}
}

func TestAnEngineRestsWhenNobodyAsks(t *testing.T) {
	s := start(t, Options{Config: Config{Idle: 50 * time.Millisecond}}, fake("restful"))
	pid := pidOf(t, s)
	until(t, "asleep", func() bool { return state(s) == discovery.Asleep })
	if alive(pid) {
		t.Errorf("process %d is there", pid)
	}
	if again := pidOf(t, s); again == pid {
		t.Errorf("process %d answers again", pid)
	}
	if e := s.Engines()[0]; e.Deaths != 0 || e.Error != "" {
		t.Errorf("rest is not death: %+v", e)
	}
}

// A request of longer than the idle time is not idling: the engine is there
// while the client waits.
func TestAnEngineThatIsAskedDoesNotRest(t *testing.T) {
	const idle = 20 * time.Millisecond
	s := start(t, Options{Config: Config{Idle: idle}}, fake("busy"))
	q, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		r, err := client.Post(address(s, 0)+"/echo", "text/plain", q)
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
			_ = r.Body.Close()
		}
		done <- err
	}()
	until(t, "ready", func() bool { return state(s) == discovery.Ready })
	e := s.engines[0]
	for range 20 { // as the timer would, 20 idle times later each
		e.mu.Lock()
		c := e.child
		e.since = e.since.Add(-20 * idle)
		e.mu.Unlock()
		e.stopIfIdle(c)
	}
	_, _ = io.WriteString(w, "the end")
	_ = w.Close()
	if err := <-done; err != nil {
		t.Errorf("a long request broke: %v", err)
	}
}

func TestNothingIsLeftOfTwentyStartsAndStops(t *testing.T) {
	home := t.TempDir()
	for range 20 {
		s, err := Start(t.Context(), []install.Server{fake("one"), fake("two")}, Options{Home: home})
		if err != nil {
			t.Fatal(err)
		}
		pid, at := pidOf(t, s), address(s, 0)
		if i, err := os.Stat(discovery.File(home)); err != nil || i.Mode().Perm() != 0o600 {
			t.Fatalf("file: %v %v", i, err)
		}
		s.Close()
		if alive(pid) {
			t.Fatalf("process %d is left", pid)
		}
		u, _ := url.Parse(at)
		if c, err := net.Dial("tcp", u.Host); err == nil {
			_ = c.Close()
			t.Fatalf("port %s is open", u.Host)
		}
	}
	var left []string
	_ = filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left = append(left, path)
		}
		return err
	})
	if len(left) != 2 || !strings.HasSuffix(left[0], "one.log") || !strings.HasSuffix(left[1], "two.log") {
		t.Errorf("left are %q, want the two logs", left)
	}
}

func TestOneHomeHasOneSupervisor(t *testing.T) {
	s := start(t, Options{}, fake("first"))
	if _, err := Start(t.Context(), []install.Server{fake("first")}, Options{Home: s.home}); !errors.Is(err, ErrRunning) {
		t.Errorf("a second one got %v", err)
	}
	if _, running := discovery.Installed(t.Context(), s.home); !running {
		t.Error("the first one's file is gone")
	}
}

func TestSettings(t *testing.T) {
	tests := map[string]struct {
		c    Config
		want string
	}{
		"as they are by default": {Config{15 * time.Minute, 10}, ""},
		"never idle":             {Config{0, 0}, ""},
		"less than never":        {Config{-1, 0}, "ENGINES_IDLE is -1ns, want 0 or more"},
		"before all others":      {Config{0, -1}, "ENGINES_NICE is -1, want 0 to 19"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := tt.c.Validate(); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestTheFileTellsWhatHappened(t *testing.T) {
	s := start(t, Options{}, fake("told"))
	pid := pidOf(t, s)
	until(t, "the file tells of the request", func() bool {
		var r discovery.Running
		b, err := os.ReadFile(discovery.File(s.home))
		if err != nil || json.Unmarshal(b, &r) != nil || len(r.Engines) != 1 {
			t.Fatalf("half a file: %q %v", b, err)
		}
		e := r.Engines[0]
		return r.PID == os.Getpid() && e.PID == pid && e.State == discovery.Ready && e.Requests == 1 && e.Last > 0
	})
}

// What serves other machines is where they look for it, and is awake.
func TestEnginesThatServeAreFound(t *testing.T) {
	const host = "127.55.0.2"
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has more than one loopback address")
	}
	t.Setenv("SUPERVISE_TEST_AS", "engine")
	home := t.TempDir()
	lists(t, home, "llm:small")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, Options{Home: home, Host: host}, t.Output()) }()
	var got []discovery.Server
	until(t, "found", func() bool {
		got = discovery.Look(ctx, []string{host}, "", discovery.LLM)
		return len(got) > 0
	})
	if want := "http://" + host + ":8001/v1"; got[0].URL != want || got[0].Model != "small" || !got[0].Installed {
		t.Errorf("found %+v, want %s", got[0], want)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := Serve(t.Context(), Options{Home: t.TempDir()}, io.Discard); err == nil || !strings.Contains(err.Error(), "tars engines install") {
		t.Errorf("without engines: %v", err)
	}
}

// An engine that has to stay awake is back without being asked.
func TestAnEngineThatStaysAwakeIsBackByItself(t *testing.T) {
	s := start(t, Options{Awake: true}, fake("awake"))
	until(t, "ready", func() bool { return state(s) == discovery.Ready })
	killProcess(s.Engines()[0].PID)
	until(t, "ready again", func() bool { e := s.Engines()[0]; return e.State == discovery.Ready && e.Starts == 2 })
}
