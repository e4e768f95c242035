//go:build unix

package supervise

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/install"
)

// The test binary is also the engine that the tests run, and a program that
// runs engines and is killed.
func TestMain(m *testing.M) {
	switch os.Getenv("SUPERVISE_TEST_AS") {
	case "engine":
		beEngine()
		return
	case "parent":
		beParent()
		return
	}
	goleak.VerifyTestMain(m)
}

const longest = time.Minute // for anything on a busy machine

// beEngine serves HTTP, or Wyoming when its second argument says so, and ends
// when its input closes.
func beEngine() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	if why := os.Getenv("ENGINE_FAILS"); why != "" {
		fmt.Fprintln(os.Stderr, "Traceback (most recent call last):\n"+why)
		os.Exit(1)
	}
	port := os.Getenv("ENGINE_PORT")
	if i := slices.Index(os.Args, "--port"); i > 0 { // as an installed one is told
		port = os.Args[i+1]
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if os.Getenv("ENGINE_SPEAKS") == "wyoming" {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go speakWyoming(c)
		}
	}
	http.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	http.HandleFunc("/env", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Join(os.Environ(), "\n")) })
	http.HandleFunc("/nice", func(w http.ResponseWriter, _ *http.Request) {
		n, _ := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
		fmt.Fprint(w, 20-n) // as Linux tells it
	})
	http.HandleFunc("/v1/models", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"object":"list","data":[{"id":"small","object":"model","owned_by":"llamacpp"}]}`)
	})
	http.HandleFunc("/half", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half")
		_ = http.NewResponseController(w).Flush()
		select {}
	})
	http.HandleFunc("/early", func(w http.ResponseWriter, _ *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close() // unannounced, as llama.cpp does
		for _, s := range []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nall\r\n", "6\r\n of it\r\n", "0\r\n\r\n"} {
			_, _ = rw.WriteString(s)
			_ = rw.Flush()
		}
	})
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	_ = http.Serve(l, nil)
}

// speakWyoming answers each line with info.
func speakWyoming(c net.Conn) {
	defer c.Close()
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		fmt.Fprint(c, `{"type":"info","data":{"wake":[{"name":"test"}]}}`+"\n")
	}
}

// beParent runs an engine, uses it, prints both process ids and waits to be
// killed.
func beParent() {
	s, err := Start(context.Background(), []install.Server{fake("killed")}, Options{Home: os.Getenv("PARENT_HOME")})
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := http.Get(address(s, 0) + "/pid")
	if err != nil {
		fmt.Println(err)
		return
	}
	pid, _ := io.ReadAll(r.Body)
	fmt.Println(string(pid))
	select {}
}

// fake is an engine that this test binary plays.
func fake(name string, env ...string) install.Server {
	return install.Server{
		Name: name, Args: []string{os.Args[0]},
		Env:    append([]string{"SUPERVISE_TEST_AS=engine", "ENGINE_PORT={port}"}, env...),
		Serves: []discovery.Server{{Kind: discovery.LLM, Protocol: "openai", URL: "http://127.0.0.1:{port}", Name: "a test"}},
		Health: "http://127.0.0.1:{port}/health",
	}
}

func start(t *testing.T, o Options, servers ...install.Server) *Supervisor {
	t.Helper()
	if o.Home == "" {
		o.Home = t.TempDir()
	}
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := Start(t.Context(), servers, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// address is where engine i of s answers, as the file tells.
func address(s *Supervisor, i int) string { return s.Engines()[i].Serves[0].URL }

// client asks with a new connection each time.
var client = &http.Client{Timeout: longest, Transport: &http.Transport{DisableKeepAlives: true}}

func ask(t *testing.T, s *Supervisor, path string) string {
	t.Helper()
	r, err := client.Get(address(s, 0) + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s %v", path, r.Status, b, err)
	}
	return string(b)
}

func pidOf(t *testing.T, s *Supervisor) int {
	t.Helper()
	pid, err := strconv.Atoi(ask(t, s, "/pid"))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// until waits for ok, which is about other processes and so has no event.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(longest); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", longest, what)
		}
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func state(s *Supervisor) string { return s.Engines()[0].State }

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

func TestManyWhoComeAtOnceShareOneStart(t *testing.T) {
	s := start(t, Options{}, fake("shared"))
	const many = 20
	body := strings.Repeat("audio ", 50_000)
	errs := make(chan error, many)
	for range many {
		go func() {
			r, err := client.Post(address(s, 0)+"/echo", "text/plain", strings.NewReader(body))
			if err != nil {
				errs <- err
				return
			}
			defer r.Body.Close()
			b, err := io.ReadAll(r.Body)
			if err == nil && string(b) != body {
				err = fmt.Errorf("%d bytes came back of %d", len(b), len(body))
			}
			errs <- err
		}()
	}
	for range many {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	until(t, "all requests are counted", func() bool { return s.Engines()[0].Requests == many })
	if n := s.Engines()[0].Starts; n != 1 {
		t.Errorf("%d starts, want 1", n)
	}
}

// llama.cpp answers before it has read the question and closes its connection
// after each answer. Clients keep theirs.
func TestAnEngineMayAnswerEarlyAndHangUp(t *testing.T) {
	s := start(t, Options{}, fake("abrupt"))
	keeping := &http.Client{Timeout: longest, Transport: &http.Transport{}}
	defer keeping.CloseIdleConnections()
	for i := range 300 {
		r, err := keeping.Post(address(s, 0)+"/early", "text/plain", strings.NewReader("question"))
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		b, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil || string(b) != "all of it" {
			t.Fatalf("request %d: %q %v", i, b, err)
		}
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
		e.sleep(c)
	}
	_, _ = io.WriteString(w, "the end")
	_ = w.Close()
	if err := <-done; err != nil {
		t.Errorf("a long request broke: %v", err)
	}
}

func TestAnEngineThatIsKilledBreaksItsRequestAndServesTheNext(t *testing.T) {
	s := start(t, Options{}, fake("mortal"))
	for range 3 {
		r, err := client.Get(address(s, 0) + "/half")
		if err != nil {
			t.Fatal(err)
		}
		half := make([]byte, 4)
		if _, err := io.ReadFull(r.Body, half); err != nil {
			t.Fatal(err)
		}
		killProcess(s.Engines()[0].PID)
		killed := time.Now()
		if _, err := io.ReadAll(r.Body); err == nil {
			t.Error("the rest of the answer came from a dead engine")
		}
		_ = r.Body.Close()
		broke := time.Since(killed)
		for {
			if r, err := client.Get(address(s, 0) + "/pid"); err == nil {
				_ = r.Body.Close()
				if r.StatusCode == http.StatusOK {
					break
				}
			}
			if time.Since(killed) > longest {
				t.Fatal("it does not come back")
			}
		}
		t.Logf("broke after %v, back after %v", broke.Round(time.Millisecond), time.Since(killed).Round(time.Millisecond))
	}
	if e := s.Engines()[0]; e.Deaths != 3 || e.Starts != 4 {
		t.Errorf("%d deaths and %d starts, want 3 and 4", e.Deaths, e.Starts)
	}
	killProcess(s.Engines()[0].PID)
	until(t, "dead", func() bool { return state(s) == discovery.Failed })
	if got := s.Engines()[0].Error; !strings.Contains(got, "engine mortal ended: signal: killed: the system does so when memory runs out") {
		t.Errorf("it says %q", got)
	}
}

// Nothing ends a process that is stopped, and a request to it would wait for its
// whole deadline.
func TestAnEngineThatHangsIsReplaced(t *testing.T) {
	wyoming := fake("hangs", "ENGINE_SPEAKS=wyoming")
	wyoming.Serves[0].Protocol, wyoming.Health = "wyoming", "tcp://127.0.0.1:{port}"
	for name, server := range map[string]install.Server{"over HTTP": fake("hangs"), "over Wyoming": wyoming} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{pulse: 100 * time.Millisecond}, server)
			s.Wake(discovery.LLM)
			until(t, "ready", func() bool { return state(s) == discovery.Ready })
			pid := s.Engines()[0].PID
			_ = syscall.Kill(pid, syscall.SIGSTOP)
			until(t, "dead", func() bool { return state(s) == discovery.Failed })
			if got := s.Engines()[0].Error; alive(pid) || !strings.HasPrefix(got, "engine hangs hung: it did not answer for 300ms (log ") {
				t.Errorf("alive %t, it says %q", alive(pid), got)
			}
			s.Wake(discovery.LLM)
			until(t, "ready again", func() bool { return state(s) == discovery.Ready })
		})
	}
}

func TestAStartThatFailsIsExplainedAndNotRepeatedAtOnce(t *testing.T) {
	tests := map[string]struct{ protocol, want string }{
		"over HTTP":    {"openai", `503`},
		"over Wyoming": {"wyoming", `{"type":"error"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			broken := fake("broken", "ENGINE_FAILS=ModuleNotFoundError: No module named 'x'")
			broken.Serves[0].Protocol = tt.protocol
			s := start(t, Options{}, broken)
			u, _ := url.Parse(address(s, 0))
			for _, more := range []string{"", "the next start is in"} {
				c, err := net.Dial("tcp", u.Host)
				if err != nil {
					t.Fatal(err)
				}
				_ = c.SetDeadline(time.Now().Add(longest))
				fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
				got, err := io.ReadAll(c)
				_ = c.Close()
				for _, want := range []string{tt.want, "engine broken did not start", "exit status 1", "No module named 'x'", "broken.log", more} {
					if err != nil || !strings.Contains(string(got), want) {
						t.Errorf("%v, answer %q\nwant %q in it", err, got, want)
					}
				}
			}
			if e := s.Engines()[0]; e.State != discovery.Failed || e.Starts != 0 || !strings.Contains(e.Error, "No module") {
				t.Errorf("it tells %+v", e)
			}
		})
	}
}

func TestAProgramThatIsNotThereSaysSo(t *testing.T) {
	missing := fake("missing")
	missing.Args = []string{filepath.Join(t.TempDir(), "python3")}
	s := start(t, Options{}, missing)
	r, err := client.Get(address(s, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(b), "tars engines update") {
		t.Errorf("%s %s", r.Status, b)
	}
}

func TestWyomingIsCarriedAsItIs(t *testing.T) {
	wake := fake("wake", "ENGINE_SPEAKS=wyoming")
	wake.Serves = []discovery.Server{{Kind: discovery.Wake, Protocol: "wyoming", URL: "tcp://127.0.0.1:{port}"}}
	wake.Health = "tcp://127.0.0.1:{port}"
	s := start(t, Options{}, wake)
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	if !discovery.Ping(ctx, strings.TrimPrefix(address(s, 0), "tcp://")) {
		t.Error("no info comes back")
	}
	if got := discovery.Look(ctx, nil, s.home, discovery.Wake); len(got) != 1 || !got[0].Installed || got[0].URL != address(s, 0) {
		t.Errorf("found %+v", got)
	}
}

// A client that has said all and closed its side is owed the answer, also by an
// engine that has to start.
func TestAQuestionMayBeTheLastWord(t *testing.T) {
	wake := fake("wake", "ENGINE_SPEAKS=wyoming")
	wake.Serves = []discovery.Server{{Kind: discovery.Wake, Protocol: "wyoming", URL: "tcp://127.0.0.1:{port}"}}
	wake.Health = "tcp://127.0.0.1:{port}"
	s := start(t, Options{}, wake)
	for _, state := range []string{"asleep", "awake"} {
		c, err := net.Dial("tcp", strings.TrimPrefix(address(s, 0), "tcp://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(c, `{"type":"describe"}`)
		_ = c.(*net.TCPConn).CloseWrite()
		_ = c.SetReadDeadline(time.Now().Add(longest))
		if got, err := io.ReadAll(c); err != nil || !strings.Contains(string(got), "info") {
			t.Errorf("%s, it answers %q, %v", state, got, err)
		}
		_ = c.Close()
	}
}

// A client that goes while the engine starts leaves nothing waiting.
func TestAClientMayGoWhileTheEngineStarts(t *testing.T) {
	s := start(t, Options{}, fake("slow"))
	u, _ := url.Parse(address(s, 0))
	for range 10 {
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, "GET /half HTTP/1.1\r\nHost: x\r\n\r\n")
		_ = c.Close()
	}
	e := s.engines[0]
	until(t, "nothing waits", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.lines) == 0 && e.busy == 0
	})
	pidOf(t, s)
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

func TestKeysStayWithUs(t *testing.T) {
	t.Setenv("LLM_API_KEY", "sk-1")
	t.Setenv("MQTT_URL", "mqtt://u:p@h")
	t.Setenv("LLM_BASE_URL", "https://me:sk-1@models.example/v1")
	t.Setenv("HTTPS_PROXY", "me:sk-1@proxy.example:3128")
	t.Setenv("MY_CREDENTIALS", "sk-1")
	t.Setenv("PLAIN_SETTING", "seen")
	env := ask(t, start(t, Options{}, fake("curious")), "/env")
	if strings.Contains(env, "sk-1") || strings.Contains(env, "mqtt://") {
		t.Error("the engine sees a key")
	}
	if !strings.Contains(env, "PLAIN_SETTING=seen") || !strings.Contains(env, "ENGINES_BIND=127.0.0.1") {
		t.Error("the engine lacks the environment")
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
