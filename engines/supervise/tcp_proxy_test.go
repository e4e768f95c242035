//go:build unix

package supervise

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/engines/discovery"
)

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
		return len(e.proxies) == 0 && e.openRequests == 0
	})
	pidOf(t, s)
}
