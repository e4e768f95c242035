//go:build unix

package supervise

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
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
