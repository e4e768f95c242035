//go:build unix

package supervise

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/install"
)

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
			s := start(t, Options{healthEvery: 100 * time.Millisecond}, server)
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
