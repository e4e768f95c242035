//go:build unix

package mcp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"github.com/gotars/tars/engines/mcp/mcptest"
)

func TestMain(m *testing.M) {
	mcptest.ServeIfChild()
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/modelcontextprotocol/go-sdk/mcp.(*streamableServerConn).Read"), goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// start runs the servers, and waits until there are tools.
func start(t *testing.T, configs map[string]ServerConfig) *Pool {
	t.Helper()
	p := New(configs, slog.New(slog.DiscardHandler))
	p.Start()
	t.Cleanup(p.Stop)
	await(t, func() bool { return len(p.Tools()) > 0 })
	return p
}

// testServer is the configuration of the test server in a process of its own.
func testServer() ServerConfig {
	command, env := mcptest.Child()
	return ServerConfig{Command: command, Env: env}
}

func await(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it takes too long")
		}
	}
}

// call calls a tool of the first server by its own name, for at most 3 seconds.
func call(t *testing.T, p *Pool, tool string, args map[string]any) (string, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	for _, x := range p.Tools() {
		if x.own == tool {
			return p.Call(ctx, x, args)
		}
	}
	t.Fatalf("there is no tool %s", tool)
	return "", nil
}

func TestToolsAreListedAndCalled(t *testing.T) {
	p := start(t, map[string]ServerConfig{"home lamp": testServer()})
	var names []string
	for _, x := range p.Tools() {
		names = append(names, fmt.Sprint(x.Name, " ", x.Asks))
	}
	if got, want := fmt.Sprint(names), "[mcp__home_lamp__big false mcp__home_lamp__die false mcp__home_lamp__echo false mcp__home_lamp__env false mcp__home_lamp__erase true mcp__home_lamp__fail false mcp__home_lamp__garbage false mcp__home_lamp__hang false mcp__home_lamp__stop false]"; got != want {
		t.Errorf("tools %s, want %s", got, want)
	}
	if got, err := call(t, p, "echo", map[string]any{"text": "hi"}); got != "hi" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := call(t, p, "fail", nil); err == nil || err.Error() != "the lamp is broken" {
		t.Errorf("error %v", err)
	}
	for _, x := range p.Tools() {
		if x.own == "echo" && (x.Validate(map[string]any{"text": 5}) == nil || x.Validate(map[string]any{}) == nil || x.Validate(map[string]any{"text": "hi"}) != nil) {
			t.Error("arguments are not held against the schema")
		}
	}
}

func TestAServerThatFailsCostsAMoment(t *testing.T) {
	tests := map[string]struct{ tool, want string }{
		"it is killed":             {"die", ""},
		"it hangs":                 {"hang", "deadline exceeded"},
		"it stops altogether":      {"stop", "deadline exceeded"},
		"it sends 10 MB":           {"big", ""},
		"it sends what is no JSON": {"garbage", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, map[string]ServerConfig{"s": testServer()})
			began := time.Now()
			got, err := call(t, p, tt.tool, nil)
			if took := time.Since(began); err == nil || took > 3500*time.Millisecond || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%.40q, error %v after %s", got, err, took)
			}
			if tt.tool == "hang" || tt.tool == "stop" {
				_, err := call(t, p, "echo", map[string]any{"text": "hi"})
				if took := time.Since(began); err != nil && took > 5*time.Second {
					t.Errorf("the next call takes as long: %v after %s", err, took)
				}
			}
			await(t, func() bool {
				got, err := call(t, p, "echo", map[string]any{"text": "hi"})
				return got == "hi" && err == nil
			})
		})
	}
}

func TestAServerKilledFromOutsideIsStartedAgain(t *testing.T) {
	p := start(t, map[string]ServerConfig{"s": testServer()})
	pid, err := call(t, p, "echo", map[string]any{"text": "$PID"})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscan(pid, &n); err != nil || n < 2 {
		t.Fatalf("pid %q", pid)
	}
	if err := syscall.Kill(n, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool {
		again, err := call(t, p, "echo", map[string]any{"text": "$PID"})
		return err == nil && again != pid
	})
}

func TestAServerOverHTTP(t *testing.T) {
	var key string
	h := mcp.NewStreamableHTTPHandler(func(q *http.Request) *mcp.Server { key = q.Header.Get("Authorization"); return mcptest.Server() }, nil)
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	p := start(t, map[string]ServerConfig{"s": {URL: srv.URL, Headers: map[string]string{"Authorization": "Bearer k"}}})
	if got, err := call(t, p, "echo", map[string]any{"text": "hi"}); got != "hi" || err != nil || key != "Bearer k" {
		t.Errorf("got %q, %v with key %q", got, err, key)
	}
	if _, err := call(t, p, "big", nil); err == nil {
		t.Error("10 MB were taken")
	}
	p.Stop()
	srv.CloseClientConnections()
}

func TestPrograms(t *testing.T) {
	t.Setenv("LLM_API_KEY", "sk-secret")
	c := testServer()
	c.Env["GREETING"] = "hello"
	p := start(t, map[string]ServerConfig{"s": c})
	got, err := call(t, p, "env", nil)
	if err != nil || strings.Contains(got, "sk-secret") || !strings.Contains(got, "GREETING=hello") || !strings.Contains(got, "PATH=") {
		t.Errorf("the program has the environment %q, %v", got, err)
	}
	missing := New(map[string]ServerConfig{"s": {Command: "/no/such/program"}}, slog.New(slog.DiscardHandler))
	missing.Start()
	missing.Stop()
}

func TestConfig(t *testing.T) {
	vars := map[string]string{"KEY": "k1", "EMPTY": ""}
	lookup := func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	tests := map[string]struct{ file, want, err string }{
		"a program":          {file: `{"mcpServers":{"time":{"command":"uvx","args":["mcp-server-time","--key=${KEY}"],"env":{"A":"${KEY}b"}}}}`, want: "time uvx [mcp-server-time --key=k1] map[A:k1b]  map[]"},
		"over HTTP":          {file: `{"mcpServers":{"web":{"type":"http","url":"https://example.org/${KEY}","headers":{"Authorization":"Bearer ${env:KEY}"}}}}`, want: "web  [] map[] https://example.org/k1 map[Authorization:Bearer k1]"},
		"of VS Code":         {file: `{"servers":{"time":{"command":"uvx"}}}`, want: "time uvx [] map[]  map[]"},
		"a default":          {file: `{"mcpServers":{"time":{"command":"${EMPTY:-uvx}","args":["${NONE:-x}"]}}}`, want: "time uvx [x] map[]  map[]"},
		"one that is off":    {file: `{"mcpServers":{"time":{"disabled":true}}}`, want: ""},
		"a missing variable": {file: `{"mcpServers":{"time":{"command":"uvx","args":["${NONE}"]}}}`, err: `server "time": the variable NONE is not set`},
		"no way to reach it": {file: `{"mcpServers":{"time":{}}}`, err: `server "time": it has neither a command nor a url`},
		"two ways":           {file: `{"mcpServers":{"time":{"command":"x","url":"http://x"}}}`, err: `server "time": it has a command and a url, want one of them`},
		"no address":         {file: `{"mcpServers":{"time":{"url":"x"}}}`, err: `server "time": its url is no web address`},
		"no servers":         {file: `{}`, err: `it has no "mcpServers"`},
		"no JSON":            {file: `mcpServers:`, err: `it is no JSON of the form`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "mcp.json")
			if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			all, err := ReadConfig(path, lookup)
			if (err != nil) != (tt.err != "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			got := ""
			for name, c := range all {
				got += fmt.Sprint(name, " ", c.Command, " ", c.Args, " ", c.Env, " ", c.URL, " ", c.Headers)
			}
			if got != strings.ReplaceAll(tt.want, "map[]  map[]", "map[]  map[]") {
				t.Errorf("read %s, want %s", got, tt.want)
			}
		})
	}
	if _, err := ReadConfig("/no/such/file", lookup); err == nil || strings.Contains(err.Error(), "/no/such") {
		t.Errorf("without a file: %v", err)
	}
}

func TestWhoAsksFirst(t *testing.T) {
	tests := map[string]struct {
		c      ServerConfig
		marked bool
		want   bool
	}{
		"nothing is said":                  {},
		"the server says so":               {marked: true, want: true},
		"the file says so":                 {c: ServerConfig{Confirm: []string{"erase"}}, want: true},
		"the file says so of all":          {c: ServerConfig{Confirm: []string{"*"}}, want: true},
		"the file trusts it":               {c: ServerConfig{AutoApprove: []string{"erase"}}, marked: true},
		"the file trusts it, elsewhere":    {c: ServerConfig{AlwaysAllow: []string{"erase"}}, marked: true},
		"the file trusts one of all":       {c: ServerConfig{Confirm: []string{"*"}, AutoApprove: []string{"erase"}}},
		"the file trusts all but this one": {c: ServerConfig{Confirm: []string{"erase"}, AutoApprove: []string{"*"}}, want: true},
	}
	for name, tt := range tests {
		if got := tt.c.asks("erase", tt.marked); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
