package kit_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
)

// lossyDial stands before a broker and closes the link as it is told.
type lossyDial struct {
	dial   func(context.Context) (net.Conn, error)
	poison []byte        // a packet that holds it ends the link; nil is none
	short  atomic.Int32  // how many links more end by themselves
	life   time.Duration // after this
	lose   []byte        // what such a link swallows
	seen   atomic.Int32  // how often the poison came
	links  atomic.Int32
	last   atomic.Pointer[net.Conn]
}

func (g *lossyDial) cut() { _ = (*g.last.Load()).Close() }

func (g *lossyDial) Dial(ctx context.Context, _ *url.URL) (net.Conn, error) {
	c, err := g.dial(ctx)
	if err != nil {
		return nil, err
	}
	g.links.Add(1)
	g.last.Store(&c)
	short := g.short.Add(-1) >= 0
	if short {
		time.AfterFunc(g.life, func() { _ = c.Close() })
	}
	return &lossyConn{Conn: c, g: g, short: short}, nil
}

type lossyConn struct {
	net.Conn
	g     *lossyDial
	short bool
	once  sync.Once
}

func (c *lossyConn) Write(p []byte) (int, error) {
	if c.g.poison != nil && bytes.Contains(p, c.g.poison) {
		c.once.Do(func() { c.g.seen.Add(1) })
		_ = c.Conn.Close()
		return 0, errors.New("closed by the broker")
	}
	if c.short && c.g.lose != nil && bytes.Contains(p, c.g.lose) {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// A message for which the broker closes each link is given up after three of them,
// and costs no other message.
func TestMessageThatClosesEachLink(t *testing.T) {
	open := map[string]func(*testing.T, kit.Dial, *diary) *kit.Bus{
		"of a service, whose session is kept": func(t *testing.T, d kit.Dial, l *diary) *kit.Bus {
			return app(t, kittest.ServiceOf("s", kit.Sends[Note](), kit.Sends[Receipt](), kit.On(func(_ context.Context, n Note) error { l.add("%s", n.Text); return nil })), d)
		},
		"of one that subscribes nothing else": func(t *testing.T, d kit.Dial, _ *diary) *kit.Bus {
			return app(t, kittest.ServiceOf("s", kit.Sends[Note](), kit.Sends[Receipt]()), d)
		},
	}
	for name, f := range open {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, err := broker.New(broker.Options{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = srv.Close() })
				g := &lossyDial{dial: srv.Dial, poison: []byte("POISON")}
				var heard, own diary
				app(t, kittest.ServiceOf("ear", kit.On(func(_ context.Context, r Receipt) error { heard.add("%s", r.Text); return nil })),
					func(ctx context.Context, _ *url.URL) (net.Conn, error) { return srv.Dial(ctx) })
				bus := f(t, g.Dial, &own)
				if err := bus.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				var wg sync.WaitGroup
				began := time.Now()
				err = bus.Publish(t.Context(), Note{Text: "POISON"})
				took := time.Since(began)
				if err == nil || !strings.Contains(err.Error(), "publish box/note") || !strings.Contains(err.Error(), "closed two links in a row") {
					t.Errorf("error is %v", err)
				}
				if n := g.seen.Load(); n != 3 || took > 20*time.Second {
					t.Errorf("it was sent %d times within %s, want 3: twice, and once more on a link that lasted without it", n, took)
				}
				for _, text := range []string{"a", "b", "c", "d"} { // one of them stands before it, in one piece with it
					wg.Go(func() {
						if err := bus.Publish(t.Context(), Receipt{Text: text}); err != nil {
							t.Error(err)
						}
					})
				}
				if err := bus.Publish(t.Context(), Note{Text: "POISON"}); err == nil {
					t.Error("published")
				}
				wg.Wait()
				synctest.Wait()
				got := heard.take()
				slices.Sort(got)
				if got = slices.Compact(got); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
					t.Errorf("of the others arrived %q", got)
				}
				if s := bus.Stats().Link; s.GivenUp != 2 || !s.Up {
					t.Errorf("link is %+v", s)
				}
			})
		})
	}
}

// A tool has no session: what it publishes on the next link is another packet.
func TestToolGivesUpWhatClosesEachLink(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	proxy := closingProxy(t, srv.Addr(), "POISON")
	s := settings(t, proxy)
	s.ReconnectMinDelay, s.ReconnectMaxDelay = 100*time.Millisecond, 200*time.Millisecond
	b, err := kit.Open(t.Context(), "tool", s, kit.Sends[Note]())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close(t.Context())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := b.Publish(ctx, Note{Text: "POISON"}); err == nil || !strings.Contains(err.Error(), "closed two links in a row") {
		t.Errorf("error is %v", err)
	}
	if err := b.Publish(ctx, Note{Text: "fine"}); err != nil {
		t.Error(err)
	}
}

// closingProxy is the address of a broker that closes the link for a packet that
// holds poison.
func closingProxy(t *testing.T, to, poison string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", to)
			if err != nil {
				t.Error(err)
				return
			}
			wg.Go(func() { pass(up, c, poison) })
			wg.Go(func() { pass(c, up, poison) })
		}
	})
	return l.Addr().String()
}

func pass(to, from net.Conn, poison string) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil || bytes.Contains(buf[:n], []byte(poison)) {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// Links that are lost for other reasons cost no message, however soon they end.
func TestLinksThatEndByThemselvesCostNoMessage(t *testing.T) {
	for name, life := range map[string]time.Duration{"at once": time.Nanosecond, "after a moment": time.Millisecond, "after a second": time.Second, "after a while": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv, err := broker.New(broker.Options{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = srv.Close() })
				g := &lossyDial{dial: srv.Dial, life: life, lose: []byte("LOST")}
				bus := app(t, kittest.ServiceOf("s", kit.Sends[Note]()), g.Dial)
				if err := bus.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				g.short.Store(7)
				g.cut()
				if err := bus.Publish(t.Context(), Note{Text: "LOST"}); err != nil {
					t.Errorf("given up after %d links: %v", g.links.Load(), err)
				}
				if n := bus.Stats().Link.GivenUp; n != 0 || g.links.Load() < 8 {
					t.Errorf("%d are given up after %d links", n, g.links.Load())
				}
			})
		})
	}
}
