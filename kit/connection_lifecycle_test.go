package kit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// The traps of the parts below the kit; kit/README.md lists them.

// autopaho asks for no wait before the first attempt after each link, also when
// that link was an eviction: unguarded that made 1 610 connections in 3 s.
func TestShortLinksWaitLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, err := broker.New(broker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = srv.Close() })
		var dials atomic.Int64
		var last atomic.Pointer[net.Conn]
		app(t, kittest.ServiceOf("s", kit.OnConnect(func(context.Context) error { return (*last.Load()).Close() }, kit.Name("up"))), func(ctx context.Context, _ *url.URL) (net.Conn, error) {
			dials.Add(1)
			c, err := srv.Dial(ctx)
			last.Store(&c)
			return c, err
		})
		time.Sleep(time.Minute)
		if n := dials.Load(); n < 12 || n > 30 {
			t.Errorf("%d links in a minute, want 12 to 30", n)
		}
	})
}

// OnConnectionUp can run before autopaho has returned the client, and the start
// hook's context ends with the start.
func TestUpHasItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, err := broker.New(broker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = srv.Close() })
		for range 50 {
			var bus *kit.Bus
			up := make(chan error, 1)
			m := kittest.ServiceOf("s", kit.Sends[Note](), kit.OnConnect(func(ctx context.Context) error {
				up <- bus.Publish(ctx, Note{Text: "x"})
				return nil
			}))
			a := m.App(fx.Populate(&bus), quiet(), dialing(srv))
			start, over := context.WithCancel(t.Context())
			if err := a.Start(start); err != nil {
				t.Fatal(err)
			}
			over()
			if err := <-up; err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if s := bus.Stats().Link; !s.Up || s.Reconnects != 0 {
				t.Fatalf("after the start: %+v", s)
			}
			if err := a.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// What paho adds at run time is gone after a reconnect, and its own
// request/reply can block for ever on a reply that comes late.
func TestAskSurvivesCutsAndLateReplies(t *testing.T) {
	kittest.Run(t, "the next ask is answered", func(t *testing.T, b *kittest.Harness) {
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := kit.Ask(ctx, b.Bus, Question{Text: "slow"}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("asked a slow one: %v", err)
			}
			cancel()
			b.Cut("probe") // the asker
			time.Sleep(10 * time.Second)
			if r := kittest.Ask(t, b, Question{Text: "quick"}); r.Text != "quick" {
				t.Errorf("answered %+v", r)
			}
		}
	}, kittest.ServiceOf("answerer", kit.Answer(func(_ context.Context, q Question) (QuickReply, error) {
		if q.Text == "slow" {
			time.Sleep(3 * time.Second)
		}
		return QuickReply{Text: q.Text}, nil
	}, kit.Workers(2))))
}

// An UNSUBSCRIBE can be refused or late, so messages are still offered while a
// service drains. A lane whose channel is closed by then would panic.
func TestArrivalsDuringTheDrain(t *testing.T) {
	const n = 100
	var mu sync.Mutex
	seen := map[string]int{}
	slow := kittest.ServiceOf("s", kit.On(func(_ context.Context, x Note) error {
		time.Sleep(3 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		seen[x.Text]++
		return nil
	}, kit.Name("note")))
	kittest.Run(t, "break nothing, and are handled once", func(t *testing.T, b *kittest.Harness) {
		sub := &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "box/note", QoS: 1}}}
		for round := range 5 {
			var bus *kit.Bus
			b.Add(t, slow.With(fx.Populate(&bus)))
			var flood sync.WaitGroup
			flood.Go(func() {
				for i := range n {
					b.Publish(t, Note{Text: fmt.Sprint(round, " ", i)})
				}
			})
			flood.Go(func() { // the subscription that the drain ends comes back
				for range 20 {
					time.Sleep(time.Millisecond)
					_, _ = bus.Client().Subscribe(t.Context(), sub)
				}
			})
			time.Sleep(time.Duration(5*round) * time.Millisecond)
			b.Stop(t, "s")
			flood.Wait()
		}
		b.Add(t, slow)
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if len(seen) == 0 {
			t.Error("none was handled")
		}
		for text, times := range seen {
			if times > 1 {
				t.Errorf("%s was handled %d times", text, times)
			}
		}
	})
}

// Publishing at QoS 2 while a link drops makes paho 0.23 write to a connection
// that is nil. What others send at QoS 2 is served.
func TestQoS(t *testing.T) {
	var l diary
	kittest.Run(t, "0 and 1 travel as they are, 2 is taken and not sent", func(t *testing.T, b *kittest.Harness) {
		for _, q := range []msg.QoS{msg.AtMostOnce, msg.AtLeastOnce} {
			if err := b.Bus.PublishTo(t.Context(), "box/any", "", q, kit.Bare(), kit.AtQoS(q)); err != nil {
				t.Error(err)
			}
			b.Settle()
		}
		if err := b.Bus.PublishTo(t.Context(), "box/any", "", 2, kit.Bare(), kit.AtQoS(msg.ExactlyOnce)); err == nil || !strings.Contains(err.Error(), "QoS 2 is not sent") {
			t.Errorf("QoS 2: %v", err)
		}
		if _, err := b.Bus.Client().Publish(t.Context(), &paho.Publish{Topic: "box/any", QoS: 2, Payload: []byte("2")}); err != nil {
			t.Error(err)
		}
		b.Settle()
		same(t, l.take(), "0 at 0", "1 at 1", "2 at 1") // the subscription is at 1
	}, kittest.ServiceOf("s", kit.Tap("box/any", func(_ context.Context, d *kit.Delivery) error { l.add("%s at %d", d.Payload, d.QoS); return nil })))
}

// The error that autopaho gives for a failed attempt spells out the URL.
func TestNoPasswordInLogs(t *testing.T) {
	t.Setenv("MQTT_URL", "mqtt://user:secret@nowhere")
	synctest.Test(t, func(t *testing.T) {
		var out safeBuffer
		a := kittest.ServiceOf("s").App(fx.Replace(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})), kit.Home(t.TempDir())),
			fx.Replace(kit.Dial(func(context.Context, *url.URL) (net.Conn, error) { return nil, errors.New("no route") })))
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if text := out.String(); strings.Contains(text, "secret") || !strings.Contains(text, "no route") || !strings.Contains(text, "nowhere") {
			t.Errorf("logged %s", text)
		}
	})
}

type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// A start timeout of fx hides the error of a hook, and a broker that is away is
// none: connecting is no hook's work.
func TestStartNeedsNoBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := kittest.ServiceOf("s").App(quiet(), fx.Replace(kit.Dial(func(ctx context.Context, _ *url.URL) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})))
		begin := time.Now()
		if err := a.Start(t.Context()); err != nil || time.Since(begin) > time.Second {
			t.Errorf("started with %v after %s", err, time.Since(begin))
		}
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestReconnectOff(t *testing.T) {
	t.Setenv("MQTT_RECONNECT", "no")
	synctest.Test(t, func(t *testing.T) {
		srv, err := broker.New(broker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = srv.Close() })
		links := make(chan net.Conn, 2)
		over := make(chan error, 1)
		m := kittest.ServiceOf("s").With(quiet(), fx.Replace(kit.Dial(func(ctx context.Context, _ *url.URL) (net.Conn, error) {
			c, err := srv.Dial(ctx)
			links <- c
			return c, err
		})))
		go func() { over <- kit.Run(t.Context(), m) }()
		first := <-links
		time.Sleep(time.Minute)
		_ = first.Close()
		if err := <-over; err == nil || err.Error() != "s: link to the broker lost, and MQTT_RECONNECT is off" {
			t.Errorf("ended with %v", err)
		}
		if len(links) != 0 {
			t.Error("it connected again")
		}
	})
}

// Who waits for a bus that is over is told so.
func TestReadyEndsWithTheBus(t *testing.T) {
	t.Setenv("MQTT_RECONNECT", "no")
	synctest.Test(t, func(t *testing.T) {
		var bus *kit.Bus
		a := kittest.ServiceOf("s").App(fx.Populate(&bus), quiet(), fx.Replace(kit.Dial(func(context.Context, *url.URL) (net.Conn, error) {
			return nil, errors.New("no route")
		})))
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := bus.Ready(ctx); err == nil || !strings.Contains(err.Error(), "no route") {
			t.Errorf("Ready says %v", err)
		}
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestConnections(t *testing.T) {
	note := kit.On(func(context.Context, Note) error { return nil }, kit.Name("note"))
	joined := kit.On(func(context.Context, Note) error { return nil }, kit.Name("note"), kit.Lane("x"))
	tap := kit.Tap("other/#", func(context.Context, *kit.Delivery) error { return nil })
	joinedTap := kit.Tap("other/#", func(context.Context, *kit.Delivery) error { return nil }, kit.Lane("x"))
	tests := map[string]struct {
		handlers []kit.Handler
		shared   bool // MQTT_ISOLATE_LANES is off
		want     int
	}{
		"nothing to take":                            {[]kit.Handler{kit.Sends[Receipt]()}, false, 1},
		"one handler, nothing waits for it":          {[]kit.Handler{note, kit.Sends[Receipt]()}, false, 1},
		"one handler, and answers must not wait":     {[]kit.Handler{note, kit.Asks[Essay]()}, false, 2},
		"two handlers do not wait for each other":    {[]kit.Handler{note, tap}, false, 2},
		"two handlers of one lane":                   {[]kit.Handler{joined, joinedTap}, false, 1},
		"two handlers and answers":                   {[]kit.Handler{note, tap, kit.Asks[Essay]()}, false, 3},
		"two handlers and answers on one connection": {[]kit.Handler{note, tap, kit.Asks[Essay]()}, true, 1},
	}
	for name, tt := range tests {
		t.Setenv("S_MQTT_ISOLATE_LANES", strconv.FormatBool(!tt.shared))
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			if n := b.Broker.Clients() - 1; n != tt.want { // beside the probe
				t.Errorf("%d connections, want %d", n, tt.want)
			}
		}, kittest.ServiceOf("s", tt.handlers...))
	}
}

// A client that wants no problem information gets no user properties from mochi,
// and the zero value of paho's ConnectProperties wants none.
func TestProblemInformationIsAskedFor(t *testing.T) {
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	asked := make(chan *packets.Connect, 1)
	go func() {
		if p, err := packets.ReadPacket(far); err == nil {
			asked <- p.Content.(*packets.Connect)
		}
	}()
	app(t, kittest.ServiceOf("s"), func(context.Context, *url.URL) (net.Conn, error) { return near, nil })
	c := <-asked
	if info := c.Properties.RequestProblemInfo; info != nil && *info == 0 {
		t.Error("it wants no problem information")
	}
	if c.CleanStart || *c.Properties.SessionExpiryInterval != 60 || *c.Properties.ReceiveMaximum != 64 || *c.Properties.MaximumPacketSize != 4<<20 {
		t.Errorf("connects with %+v, clean start %v", c.Properties, c.CleanStart)
	}
}
