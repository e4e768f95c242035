// Package kittest runs services against a real broker inside the test process:
// real packets, the real client, no port and no container. Under [Run] only time
// is fake, so nothing sleeps and nothing flakes.
//
//	kittest.Run(t, "a greeting is answered", func(t *testing.T, b *kittest.Harness) {
//		said := kittest.Watch[greeting.Reply](b)
//		b.Publish(t, greeting.Hello{Text: "hello"})
//		if m, _ := said.Next(t); m.Text != "Hello!" {
//			t.Errorf("said %q", m.Text)
//		}
//	}, greeter.Module)
//
// Fake time is not free: clients look for acknowledgements to send every 2 ms,
// so an hour takes many seconds. Give the service under test short times.
//
// KITTEST_LOG=1 in the environment shows the logs of the services.
package kittest

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/internal/seam"
	"github.com/gotars/tars/kit/msg"
)

// waitTimeout is how long the harness waits for anything, by its own clock.
const waitTimeout = time.Minute

// Harness is a broker with services on it, and a bus that may publish and ask
// anything.
type Harness struct {
	Bus    *kit.Bus
	Broker *broker.Broker // nil on a harness of StartOn

	url  string // of the broker of StartOn
	log  *slog.Logger
	home kit.Home

	mu       sync.Mutex
	services []*runningService // in order of their start; the last of a name is meant by it
	watchers []func(*kit.Delivery)
}

// runningService is one service on the harness.
type runningService struct {
	name      string
	app       *fx.App
	listener  *memListener
	bus       *kit.Bus
	conns     []net.Conn
	stopped   bool // by Stop
	killed    bool // by Kill: it reaches the broker no more
	unplugged bool // by Unplug, until Plug
}

// busWatcher is the service of the harness itself: it takes every message for the
// watchers, and is the bus of the test.
type busWatcher struct{ b *Harness }

func (p busWatcher) Handlers() []kit.Handler {
	return []kit.Handler{kit.Tap("#", func(_ context.Context, d *kit.Delivery) error {
		p.b.mu.Lock()
		taps := p.b.watchers
		p.b.mu.Unlock()
		for _, see := range taps {
			see(d)
		}
		return nil
	}, kit.Name("probe"), kit.Queue(1<<16))}
}

// handlers is a service made of handlers alone.
type handlers []kit.Handler

func (h handlers) Handlers() []kit.Handler { return h }

// ServiceOf is a service made of handlers alone.
func ServiceOf(name string, hs ...kit.Handler) kit.Module {
	return kit.Service[handlers](name, fx.Supply(handlers(hs)))
}

// Run runs f as a subtest under a fake clock, with the modules ready.
func Run(t *testing.T, name string, f func(*testing.T, *Harness), mods ...kit.Module) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := Start(t, mods...)
			synctest.Wait() // what they said of themselves has arrived
			f(t, b)
		})
	})
}

// Start starts the modules, one after the other, and stops them when the test
// ends. Outside of [Run] the clock is real.
func Start(t testing.TB, mods ...kit.Module) *Harness {
	t.Helper()
	srv, err := broker.New(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	return startHarness(t, &Harness{Broker: srv}, "probe", mods)
}

// StartOn is [Start] on the broker at url, which runs already, under a real clock.
// The services keep their names there, so no two harnesses on one broker may run
// the same ones at a time. What they retain stays.
func StartOn(t testing.TB, url string, mods ...kit.Module) *Harness {
	t.Helper()
	return startHarness(t, &Harness{url: url}, "probe-"+kit.NewID()[:8], mods)
}

func startHarness(t testing.TB, b *Harness, client string, mods []kit.Module) *Harness {
	t.Helper()
	b.log, b.home = slog.New(slog.DiscardHandler), kit.Home(t.TempDir())
	if os.Getenv("KITTEST_LOG") != "" {
		b.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	t.Cleanup(func() { b.stop(t) })
	b.start(t, kit.Service[busWatcher]("probe", kit.As(kit.Identity{ClientID: client, Source: "probe"}), fx.Supply(busWatcher{b})), seam.Seam{AllowUndeclared: true}, fx.Populate(&b.Bus))
	for _, m := range mods {
		b.Add(t, m)
	}
	return b
}

// LogTo has the services that are added from here on log to w, as text. Writes come from many
// goroutines, one at a time for each service.
func (b *Harness) LogTo(w io.Writer) { b.log = slog.New(slog.NewTextHandler(w, nil)) }

// Add starts one more service and waits until it is ready.
func (b *Harness) Add(t testing.TB, m kit.Module) {
	t.Helper()
	b.start(t, m, seam.Seam{Undeclared: func(err error) { t.Error(err) }})
}

func (b *Harness) start(t testing.TB, m kit.Module, s seam.Seam, more ...fx.Option) {
	t.Helper()
	u := &runningService{name: m.Name, listener: newMemListener()}
	b.mu.Lock()
	b.services = append(slices.DeleteFunc(b.services, func(old *runningService) bool { // else a test of many restarts keeps all
		return old.name == m.Name && old.stopped
	}), u)
	b.mu.Unlock()
	u.app = m.App(append(more, fx.Supply(s), fx.Populate(&u.bus), b.dialOption(u),
		fx.Replace(b.log.With("service", m.Name), b.home),
		fx.Replace(kit.Listen(func(context.Context, string, string) (net.Listener, error) { return u.listener, nil })))...)
	ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	if err := u.app.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := u.bus.Ready(ctx); err != nil {
		t.Fatalf("%s is not ready: %v", m.Name, err)
	}
}

// stop stops all services at once.
func (b *Harness) stop(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	var wg sync.WaitGroup
	b.mu.Lock()
	all := slices.Clone(b.services)
	b.mu.Unlock()
	for _, u := range all {
		if u.app != nil {
			wg.Go(func() {
				if err := u.app.Stop(ctx); err != nil && !u.killed {
					t.Errorf("stop %s: %v", u.name, err)
				}
			})
		}
	}
	wg.Wait()
}

// Stop stops one service, as SIGTERM does.
func (b *Harness) Stop(t testing.TB, service string) {
	t.Helper()
	u := b.service(service)
	ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	if err := u.app.Stop(ctx); err != nil {
		t.Errorf("stop %s: %v", service, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	u.app, u.stopped, u.conns = nil, true, nil
}

// Stats is what a service did since its start.
func (b *Harness) Stats(service string) kit.Stats { return b.service(service).bus.Stats() }

func (b *Harness) service(service string) *runningService {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range slices.Backward(b.services) {
		if u.name == service {
			return u
		}
	}
	panic("kittest: no service " + service)
}

// Publish publishes m or fails the test.
func (b *Harness) Publish(t testing.TB, m msg.Message, opts ...kit.PublishOption) {
	t.Helper()
	if err := b.Bus.Publish(t.Context(), m, opts...); err != nil {
		t.Fatal(err)
	}
}

// Ask returns the answer to q or fails the test.
func Ask[Q msg.Request[R], R msg.Message](t testing.TB, b *Harness, q Q) R {
	t.Helper()
	r, err := kit.Ask(t.Context(), b.Bus, q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Settle returns when every queue is empty and every goroutine waits. Only for
// harnesses under a fake clock.
func (b *Harness) Settle() {
	time.Sleep(20 * time.Millisecond) // fake: lets the tickers of acknowledgements pass
	synctest.Wait()
}

// HTTP returns a client that reaches what the service opened through Listen,
// whatever the host in the URL.
func (b *Harness) HTTP(service string) *http.Client {
	d := b.service(service).listener
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.dial(ctx) }}}
}
