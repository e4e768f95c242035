package kit_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
)

// hush is a connection whose other end can go silent without closing.
type hush struct {
	net.Conn
	mu   sync.Mutex
	deaf bool
	gone chan struct{}
	once sync.Once
}

func (h *hush) Write(p []byte) (int, error) {
	h.mu.Lock()
	deaf := h.deaf
	h.mu.Unlock()
	if deaf {
		return len(p), nil
	}
	return h.Conn.Write(p)
}

func (h *hush) Close() error {
	h.once.Do(func() { close(h.gone) })
	return h.Conn.Close()
}

func (h *hush) silence() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deaf = true
}

// app starts m on srv through dial and stops it with the test.
func app(t *testing.T, m kit.Module, dial kit.Dial) *kit.Bus {
	t.Helper()
	var bus *kit.Bus
	a := m.App(fx.Populate(&bus), fx.Replace(slog.New(slog.DiscardHandler), kit.Home(t.TempDir())), fx.Replace(dial))
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Stop(context.Background()) })
	return bus
}

func TestHeartbeat(t *testing.T) {
	t.Setenv("MQTT_ENABLE_HEARTBEAT", "yes")
	t.Setenv("MQTT_KEEPALIVE", "1h") // so that it is not the client's own ping that notices
	var l diary
	kittest.Run(t, "is published every five seconds, bare", func(t *testing.T, b *kittest.Harness) {
		b.Settle()
		l.take()
		time.Sleep(16 * time.Second)
		b.Settle()
		got := l.take()
		if len(got) != 3 || !strings.HasPrefix(got[0], `{"ok":true,"event":"heartbeat","timestamp":`) {
			t.Errorf("heartbeats: %q", got)
		}
	}, kittest.ServiceOf("page", kit.Tap("system/keepalive/s", func(_ context.Context, d *kit.Delivery) error { l.add("%s", d.Payload); return nil })),
		kittest.ServiceOf("s"))
	t.Run("three unanswered break the link", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv, err := broker.New(broker.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = srv.Close() })
			links := make(chan *hush, 10)
			bus := app(t, kittest.ServiceOf("s", kit.OnConnect(func(context.Context) error { l.add("up"); return nil })), func(ctx context.Context, _ *url.URL) (net.Conn, error) {
				c, err := srv.Dial(ctx)
				h := &hush{Conn: c, gone: make(chan struct{})}
				links <- h
				return packets.NewThreadSafeConn(h), err
			})
			if err := bus.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			first := <-links
			time.Sleep(time.Minute)
			select {
			case <-links:
				t.Fatal("connected again although all was well")
			default:
			}
			first.silence()
			begin := time.Now()
			<-first.gone
			if took := time.Since(begin); took < 10*time.Second || took > 25*time.Second {
				t.Errorf("broken after %s, want about 3 heartbeats of 5s", took)
			}
			<-links
			time.Sleep(10 * time.Second)
			synctest.Wait()
			same(t, l.take(), "up", "up")
			if s := bus.Stats(); s.Link.Reconnects != 1 || !s.Link.Up {
				t.Errorf("link: %+v", s.Link)
			}
		})
	})
}

func TestBrokersInTurn(t *testing.T) {
	t.Setenv("MQTT_URL", "mqtt://u:secret@one, mqtts://two:99,ws://three")
	synctest.Test(t, func(t *testing.T) {
		srv, err := broker.New(broker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = srv.Close() })
		var l diary
		bus := app(t, kittest.ServiceOf("s"), func(ctx context.Context, u *url.URL) (net.Conn, error) {
			l.add("%s", u.Redacted())
			if u.Scheme != "ws" {
				return nil, errors.New("down")
			}
			c, err := srv.Dial(ctx)
			return packets.NewThreadSafeConn(c), err
		})
		if err := bus.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, l.take(), "mqtt://u:xxxxx@one:1883", "mqtts://two:99", "ws://three:80")
	})
}

func TestShared(t *testing.T) {
	var l diary
	member := func(name string, opts ...kit.Option) kit.Module {
		return kittest.ServiceOf(name,
			kit.On(func(_ context.Context, n Note) error { l.add("note %s", n.Text); return nil }, append(opts, kit.Name("note"))...),
			kit.On(func(_ context.Context, x Tick) error { l.add("tick %d", x.N); return nil }, kit.Name("tick")))
	}
	send := func(t *testing.T, b *kittest.Harness) {
		for _, text := range []string{"a", "b", "c", "d"} {
			b.Publish(t, Note{Text: text})
		}
		b.Publish(t, Tick{N: 1})
		b.Settle()
		got := l.take()
		slices.Sort(got)
		same(t, got, "note a", "note b", "note c", "note d", "tick 1", "tick 1")
	}
	kittest.Run(t, "each message of a group reaches one member", send, member("a", kit.Shared("g")), member("b", kit.Shared("g")))
	t.Run("by the environment", func(t *testing.T) {
		t.Setenv("A_MQTT_SHARE", "g")
		t.Setenv("B_MQTT_SHARE", "g")
		kittest.Run(t, "what may be lost is for everybody", send, member("a"), member("b"))
	})
	t.Run("the members have clients of their own", func(t *testing.T) {
		t.Setenv("MQTT_SHARE", "g")
		info, err := kittest.ServiceOf("a", kit.On(func(context.Context, Note) error { return nil })).Describe()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(info.ClientID, "a-") || info.Handlers[0].Group != "g" || !slices.Contains(info.Reads, "$share/g/box/note") {
			t.Errorf("described as %+v", info)
		}
	})
	_, err := kittest.ServiceOf("a", kit.On(func(context.Context, Note) error { return nil }, kit.Shared("g")),
		kit.Tap("box/#", func(context.Context, *kit.Delivery) error { return nil })).Describe()
	if err == nil || !strings.Contains(err.Error(), "$share/g/box/note") {
		t.Errorf("a Tap over a group: %v", err)
	}
}

func TestOldLinkIsForgotten(t *testing.T) {
	t.Setenv("MQTT_INFLIGHT", "4")
	var l diary
	gate := map[string]chan struct{}{}
	kittest.Run(t, "quick cuts fill no queue and shuffle nothing", func(t *testing.T, b *kittest.Harness) {
		gate["first"] = make(chan struct{})
		for _, text := range []string{"first", "2", "3", "4", "5", "6"} {
			b.Publish(t, Note{Text: text})
		}
		b.Settle()
		for range 5 {
			b.Cut("s")
			time.Sleep(10 * time.Second)
			b.Settle()
		}
		if n := queueOf(t, b, "heard"); n > 4 {
			t.Errorf("%d messages wait, the window is 4", n)
		}
		close(gate["first"])
		time.Sleep(time.Second)
		b.Settle()
		same(t, l.take(), "first", "first", "2", "3", "4", "5", "6")
	}, kittest.ServiceOf("s", kit.On(func(_ context.Context, n Note) error {
		if g := gate[n.Text]; g != nil {
			<-g
		}
		l.add("%s", n.Text)
		return nil
	}, kit.Name("heard"), kit.Timeout(0))))
}

// A broker that does not know the session delivers nothing again, so what waits
// must stay.
func TestForgottenSessionForgetsNoWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		brokers := make([]*broker.Broker, 2)
		for i := range brokers {
			var err error
			if brokers[i], err = broker.New(broker.Options{}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = brokers[i].Close() })
		}
		links := make(chan net.Conn, 2)
		n := 0
		gate := make(chan struct{})
		var l diary
		heard := func(_ context.Context, n Note) error {
			<-gate
			l.add("%s", n.Text)
			return nil
		}
		bus := app(t, kittest.ServiceOf("s", kit.On(heard, kit.Name("heard"), kit.Timeout(0))), func(ctx context.Context, _ *url.URL) (net.Conn, error) {
			c, err := brokers[min(n, 1)].Dial(ctx)
			n++
			links <- c
			return packets.NewThreadSafeConn(c), err
		})
		if err := bus.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		send := func(i int, texts ...string) {
			t.Helper()
			tool := app(t, kittest.ServiceOf("tool"+kit.NewID(), kit.Sends[Note]()), func(ctx context.Context, _ *url.URL) (net.Conn, error) {
				c, err := brokers[i].Dial(ctx)
				return packets.NewThreadSafeConn(c), err
			})
			for _, text := range texts {
				if err := tool.Publish(t.Context(), Note{Text: text}); err != nil {
					t.Fatal(err)
				}
			}
		}
		send(0, "1", "2", "3")
		time.Sleep(time.Second)
		_ = (<-links).Close()
		time.Sleep(10 * time.Second)
		send(1, "4")
		time.Sleep(time.Second)
		close(gate)
		time.Sleep(time.Second)
		synctest.Wait()
		same(t, l.take(), "1", "2", "3", "4")
	})
}

func queueOf(t *testing.T, b *kittest.Harness, handler string) int64 {
	t.Helper()
	for _, h := range b.Stats("s").Handlers {
		if h.Name == handler {
			return h.Queue
		}
	}
	t.Fatalf("no handler %s", handler)
	return 0
}

func TestRetainedStateComesOnce(t *testing.T) {
	var l diary
	kittest.Run(t, "to each process, and not again after a reconnect", func(t *testing.T, b *kittest.Harness) {
		if err := b.Bus.PublishTo(t.Context(), "box/state", "", map[string]any{"on": true}, kit.Retain()); err != nil {
			t.Fatal(err)
		}
		s := kittest.ServiceOf("s", kit.Tap("box/state", func(_ context.Context, d *kit.Delivery) error { l.add("retained %v", d.Retained); return nil }))
		b.Add(t, s)
		b.Settle()
		same(t, l.take(), "retained true")
		b.Cut("s")
		time.Sleep(10 * time.Second)
		b.Settle()
		same(t, l.take())
	})
}

// A broker that does not answer a subscription holds up no stop: no handler runs.
func TestStopWhileSubscribing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := kittest.ServiceOf("s").App(quiet(), fx.Replace(kit.Dial(func(context.Context, *url.URL) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				_, _ = packets.ReadPacket(far)
				_, _ = packets.NewControlPacket(packets.CONNACK).WriteTo(far)
				_, _ = io.Copy(io.Discard, far)
			}()
			return near, nil
		})))
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		begin := time.Now()
		if err := a.Stop(context.Background()); err != nil || time.Since(begin) > time.Second {
			t.Errorf("stopped after %s, %v", time.Since(begin), err)
		}
	})
}
