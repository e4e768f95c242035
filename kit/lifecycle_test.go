package kit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/internal/seam"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// watchHealth writes each event of a service's health into l.
func watchHealth(l *diary, name string) kit.Handler {
	return kit.Tap("system/health/"+name, func(_ context.Context, d *kit.Delivery) error {
		for _, e := range []string{"ready", "lost", "reconnected", "shutdown", "degraded"} {
			if strings.Contains(string(d.Data), `"event":"`+e+`"`) {
				l.add("%s", e)
			}
		}
		return nil
	}, kit.Name("health"))
}

func TestCut(t *testing.T) {
	var l diary
	kittest.Run(t, "the service comes back and says so", func(t *testing.T, b *kittest.Harness) {
		b.Settle()
		b.Publish(t, Note{Text: "one"})
		b.Settle()
		l.take()
		b.Cut("s")
		b.Settle()
		time.Sleep(10 * time.Second)
		b.Publish(t, Note{Text: "two"})
		b.Settle()
		got := l.take()
		slices.Sort(got)
		same(t, got, "down", "lost", "reconnected", "two", "up")
		if p := b.Broker.Retained("system/health/s"); len(p) != 1 || !strings.Contains(string(p[0]), `"event":"reconnected"`) {
			t.Errorf("health is %s", p)
		}
	}, kittest.ServiceOf("page", watchHealth(&l, "s")), kittest.ServiceOf("s",
		kit.On(func(_ context.Context, n Note) error { l.add("%s", n.Text); return nil }, kit.Name("heard")),
		kit.OnConnect(func(context.Context) error { l.add("up"); return nil }, kit.Name("up")),
		kit.OnDisconnect(func(context.Context) error { l.add("down"); return nil }, kit.Name("down"))))
}

func TestPublishWaitsForTheLink(t *testing.T) {
	kittest.Run(t, "AtLeastOnce waits, AtMostOnce fails at once", func(t *testing.T, b *kittest.Harness) {
		got := kittest.Watch[Receipt](b)
		var bus *kit.Bus
		b.Add(t, kittest.ServiceOf("s", kit.Sends[Receipt](), kit.Sends[Tick]()).With(fx.Populate(&bus)))
		time.Sleep(time.Minute)
		b.Cut("s")
		b.Settle()
		b.Cut("s") // the immediate attempt succeeded: this one meets the backoff
		time.Sleep(10 * time.Millisecond)
		if err := bus.Publish(t.Context(), Tick{}); !errors.Is(err, kit.ErrOffline) {
			t.Errorf("AtMostOnce: %v", err)
		}
		if err := bus.Publish(t.Context(), Receipt{Text: "kept"}); err != nil {
			t.Errorf("AtLeastOnce: %v", err)
		}
		if r, _ := got.Next(t); r.Text != "kept" {
			t.Errorf("got %+v", r)
		}
	})
}

// TestUnfinishedComesAgain kills a service in the middle of a handler.
func TestUnfinishedComesAgain(t *testing.T) {
	var l diary
	kittest.Run(t, "to the next process of that name", func(t *testing.T, b *kittest.Harness) {
		b.Add(t, kittest.ServiceOf("s", kit.On(func(ctx context.Context, _ Note) error {
			l.add("began")
			<-ctx.Done()
			return ctx.Err()
		}, kit.Timeout(0))))
		b.Publish(t, Note{Text: "x"})
		b.Settle()
		b.Kill("s")
		b.Settle()
		b.Add(t, kittest.ServiceOf("s", kit.On(func(_ context.Context, n Note) error { l.add("again %s", n.Text); return nil })))
		time.Sleep(time.Second)
		same(t, l.take(), "began", "again x")
	})
	kittest.Run(t, "also when a drain gave up on it", func(t *testing.T, b *kittest.Harness) {
		hung := kittest.ServiceOf("s", kit.On(func(ctx context.Context, _ Note) error { <-ctx.Done(); return ctx.Err() }, kit.Timeout(0)))
		var app *fx.App
		synctestStart(t, b, hung, &app)
		b.Publish(t, Note{Text: "y"})
		b.Settle()
		begin := time.Now()
		if err := app.Stop(context.Background()); err != nil || time.Since(begin) < 5*time.Second || time.Since(begin) > 6*time.Second {
			t.Errorf("stop: %v after %s, want 5s", err, time.Since(begin))
		}
		b.Add(t, kittest.ServiceOf("s", kit.On(func(_ context.Context, n Note) error { l.add("again %s", n.Text); return nil })))
		time.Sleep(time.Second)
		same(t, l.take(), "again y")
	})
}

// synctestStart starts m beside the bench, so that the test stops it itself.
func synctestStart(t *testing.T, b *kittest.Harness, m kit.Module, app **fx.App) {
	t.Helper()
	var bus *kit.Bus
	*app = m.App(fx.Populate(&bus), quiet(), dialing(b.Broker))
	if err := (*app).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := bus.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func quiet() fx.Option { return fx.Replace(slog.New(slog.DiscardHandler)) }

func dialing(srv *broker.Broker) fx.Option {
	return fx.Replace(kit.Dial(func(ctx context.Context, _ *url.URL) (net.Conn, error) {
		c, err := srv.Dial(ctx)
		return packets.NewThreadSafeConn(c), err
	}))
}

func TestShutdownIsSaidFirst(t *testing.T) {
	var l diary
	kittest.Run(t, "and the work still ends", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, Note{Text: "x"})
		b.Settle()
		b.Stop(t, "s")
		b.Settle()
		same(t, l.take(), "ready", "shutdown", "done <nil>")
	}, kittest.ServiceOf("page", watchHealth(&l, "s")), kittest.ServiceOf("s", kit.On(func(ctx context.Context, _ Note) error {
		time.Sleep(time.Second)
		l.add("done %v", ctx.Err())
		return nil
	})))
}

func TestKillSpeaksTheWill(t *testing.T) {
	var l diary
	kittest.Run(t, "lost", func(t *testing.T, b *kittest.Harness) {
		b.Settle()
		b.Kill("s")
		b.Settle()
		same(t, l.take(), "ready", "lost")
	}, kittest.ServiceOf("page", watchHealth(&l, "s")), kittest.ServiceOf("s"))
}

type ailing struct{ sick atomic.Bool }

func (a *ailing) Handlers() []kit.Handler { return nil }

func (a *ailing) Healthy(context.Context) error {
	if a.sick.Load() {
		return errors.New("no voice: run make assets")
	}
	return nil
}

func TestHealthy(t *testing.T) {
	var l diary
	a := &ailing{}
	kittest.Run(t, "only changes are published", func(t *testing.T, b *kittest.Harness) {
		time.Sleep(time.Minute)
		a.sick.Store(true)
		time.Sleep(time.Minute)
		if p := b.Broker.Retained("system/health/tars-a"); len(p) != 1 || !strings.Contains(string(p[0]), `"err":"no voice: run make assets"`) {
			t.Errorf("health is %s", p)
		}
		if p := b.Broker.Retained("system/health/short"); len(p) != 1 || !strings.Contains(string(p[0]), `"type":"system.health.short"`) {
			t.Errorf("copy is %s", p)
		}
		a.sick.Store(false)
		time.Sleep(time.Minute)
		same(t, l.take(), "ready", "degraded", "ready")
	}, kittest.ServiceOf("page", watchHealth(&l, "tars-a")), kit.Service[*ailing]("a", kit.As(kit.Identity{ClientID: "tars-a", Source: "a", Aliases: []string{"short"}}), fx.Supply(a)))
	l.take()
	kittest.Run(t, "a new link makes nobody well", func(t *testing.T, b *kittest.Harness) {
		a.sick.Store(true)
		time.Sleep(time.Minute)
		b.Cut("a")
		time.Sleep(time.Second)
		if p := b.Broker.Retained("system/health/tars-a"); len(p) != 1 || !strings.Contains(string(p[0]), `"event":"degraded"`) {
			t.Errorf("health is %s", p)
		}
		a.sick.Store(false)
		time.Sleep(time.Minute)
		same(t, l.take(), "ready", "degraded", "lost", "reconnected", "degraded", "ready")
	}, kittest.ServiceOf("page", watchHealth(&l, "tars-a")), kit.Service[*ailing]("a", kit.As(kit.Identity{ClientID: "tars-a", Source: "a", Aliases: []string{"short"}}), fx.Supply(a)))
}

func TestWaitsForBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var srv atomic.Pointer[broker.Broker]
		var bus *kit.Bus
		var dials atomic.Int64
		app := kittest.ServiceOf("early").App(fx.Populate(&bus), quiet(), fx.Replace(kit.Dial(func(ctx context.Context, _ *url.URL) (net.Conn, error) {
			dials.Add(1)
			if srv.Load() == nil {
				return nil, errors.New("refused")
			}
			c, err := srv.Load().Dial(ctx)
			return packets.NewThreadSafeConn(c), err
		})))
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := dials.Load(); n < 12 || n > 30 {
			t.Errorf("%d dials in a minute, want 12 to 30", n)
		}
		late, err := broker.New(broker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		srv.Store(late)
		if err := bus.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		_ = late.Close()
	})
}

func TestUndeclared(t *testing.T) {
	kittest.Run(t, "is told to the test, and refused for Ask", func(t *testing.T, b *kittest.Harness) {
		var told error
		var bus *kit.Bus
		app := kittest.ServiceOf("s").App(fx.Populate(&bus), quiet(), dialing(b.Broker), fx.Supply(seam.Seam{Undeclared: func(err error) { told = err }}))
		if err := app.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := bus.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := bus.Publish(t.Context(), Receipt{Text: "x"}); err != nil || !errors.Is(told, kit.ErrUndeclared) {
			t.Errorf("Publish = %v and %v", err, told)
		}
		if _, err := kit.Ask(t.Context(), bus, Question{Text: "x"}); !errors.Is(err, kit.ErrUndeclared) {
			t.Errorf("Ask = %v", err)
		}
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

type server struct{ kit.Listen }

func (server) Handlers() []kit.Handler { return nil }

func TestListen(t *testing.T) {
	web := kit.Service[server]("web", fx.Provide(func(lc fx.Lifecycle, l kit.Listen) server {
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })}
		lc.Append(fx.StartStopHook(func(ctx context.Context) error {
			ln, err := l(ctx, "tcp", "127.0.0.1:8080")
			go func() { _ = srv.Serve(ln) }()
			return err
		}, srv.Close))
		return server{l}
	}))
	kittest.Run(t, "a server under a fake clock", func(t *testing.T, b *kittest.Harness) {
		r, err := b.HTTP("web").Get("http://web/")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		buf := make([]byte, 16)
		if n, _ := r.Body.Read(buf); string(buf[:n]) != "hello" {
			t.Errorf("got %q", buf[:n])
		}
	}, web)
}

func TestStartErrors(t *testing.T) {
	nop := func(context.Context, Note) error { return nil }
	raw := func(context.Context, *kit.Delivery) error { return nil }
	tests := map[string]struct {
		mod  kit.Module
		want string
	}{
		"two handlers of one topic":        {kittest.ServiceOf("s", kit.On(nop), kit.On(nop)), "s: two handlers of box/note"},
		"crossing filters":                 {kittest.ServiceOf("s", kit.Tap("a/+", raw), kit.Tap("+/b", raw)), "s: filters a/+ and +/b overlap, and neither covers the other: what matches both would come twice; take both with one wider filter"},
		"control that one of a group gets": {kittest.ServiceOf("s", kit.On(nop, kit.Overtake(), kit.Shared("g"))), "Overtake is for all who take the message"},
		"control that waits for its key":   {kittest.ServiceOf("s", kit.On(nop, kit.Overtake(), kit.Workers(2), kit.OrderedBy(func(n Note) string { return n.Text }))), "Overtake is for all who take the message"},
		"a lane with workers":              {kittest.ServiceOf("s", kit.On(nop, kit.Lane("x"), kit.Workers(2))), "excludes Workers"},
		"OrderedBy of another type":        {kittest.ServiceOf("s", kit.On(nop, kit.Workers(2), kit.OrderedBy(func(Tick) string { return "" }))), "OrderedBy takes a kit_test.Tick"},
		"CancelledBy of another type":      {kittest.ServiceOf("s", kit.On(nop, kit.CancelledBy(func(Stop) string { return "" }, func(Essay) string { return "" }))), "ends a kit_test.Essay"},
		"Every nothing":                    {kittest.ServiceOf("s", kit.Every(0, func(context.Context) error { return nil }, kit.Name("tick"))), "more than 0s"},
		"a tag that makes no sense":        {kittest.ServiceOf("s", kit.Sends[wrong]()), "requierd"},
		"a hook that fails":                {kit.Service[server]("s", fx.Provide(func() (server, error) { return server{}, errors.New("no disk") })), "s: no disk"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := kit.Run(t.Context(), tt.mod)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") || strings.HasPrefix(err.Error(), "s: s: ") {
				t.Errorf("Run = %v, want one line with %q, and the name of the service once", err, tt.want)
			}
		})
	}
}

type wrong struct {
	X int `json:"x" msg:"requierd"`
}

func (wrong) Route() msg.Route { return msg.Route{Topic: "x"} }
