package uiweb

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"go.uber.org/fx/fxtest"

	"github.com/gotars/tars/kit"
)

// lines is a log that a test reads.
type lines struct {
	mu  sync.Mutex
	all strings.Builder
}

// Write implements io.Writer.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// unlistened is a server without a bus, whose handler is called by hand.
func unlistened(t *testing.T, cfg Config) (*Server, *lines) {
	t.Helper()
	log := &lines{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	listen := func(context.Context, string, string) (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
	life := fxtest.NewLifecycle(t)
	pages := NewPages(logger)
	house, err := NewHouse(cfg, nil, kit.Settings{}, pages, NoEngines(), logger)
	if err != nil {
		t.Fatal(err)
	}
	s, err := OpenServer(life, cfg, nil, pages, house, listen, logger)
	if err != nil {
		t.Fatal(err)
	}
	life.RequireStart()
	t.Cleanup(func() { life.RequireStop() })
	return s, log
}

func TestPlainLoginIsLoggedOnce(t *testing.T) {
	const word = "correct horse battery"
	for name, tt := range map[string]struct {
		host string
		want int // lines
	}{"over a network": {"192.168.1.5:8080", 1}, "on this machine": {"127.0.0.1:8080", 0}} {
		s, log := unlistened(t, Config{Addr: "0.0.0.0:8080", Token: word})
		for range 3 {
			for _, given := range []string{word, "a wrong one"} {
				r := httptest.NewRequest(http.MethodPost, "http://"+tt.host+"/", strings.NewReader("token="+strings.ReplaceAll(given, " ", "+")))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("Origin", "http://"+tt.host)
				w := httptest.NewRecorder()
				s.handler().ServeHTTP(w, r)
				if (w.Code == http.StatusSeeOther) != (given == word) {
					t.Errorf("%s: %q is answered with %d", name, given, w.Code)
				}
			}
		}
		if got := strings.Count(log.String(), "logged in over plain HTTP"); got != tt.want {
			t.Errorf("%s: %d lines tell of it, want %d:\n%s", name, got, tt.want, log)
		}
		if strings.Contains(log.String(), "horse") || strings.Contains(log.String(), "a wrong one") {
			t.Errorf("%s: the log tells a token:\n%s", name, log)
		}
	}
}

func TestRefusedPageIsLoggedOnceWithWhatHelps(t *testing.T) {
	s, log := unlistened(t, Config{Addr: "127.0.0.1:8080"})
	for range 20 {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080/api/session", nil)
		r.Header.Set("Origin", "https://tars.example.org")
		w := httptest.NewRecorder()
		if s.handler().ServeHTTP(w, r); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "UI_ORIGINS=https://tars.example.org") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if got := strings.Count(log.String(), "https://tars.example.org"); got != 1 || !strings.Contains(log.String(), "UI_ORIGINS") {
		t.Errorf("%d lines:\n%s", got, log)
	}
}

func TestLinesAboutBadFramesAreFew(t *testing.T) {
	s, log := unlistened(t, Config{Addr: "127.0.0.1:8080"})
	web := httptest.NewServer(s.handler())
	defer web.Close()
	c, _, err := websocket.Dial(t.Context(), web.URL+"/ws?id=3f2a", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err := c.Write(t.Context(), websocket.MessageText, []byte("what?")); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.Close(websocket.StatusNormalClosure, "") // answered when all is read
	if got := strings.Count(log.String(), "frame of a page not served"); got < 1 || got > 6 {
		t.Errorf("%d lines for 100 frames:\n%s", got, log)
	}
}
