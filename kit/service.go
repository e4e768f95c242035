package kit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"go.uber.org/dig"
	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/gotars/tars/kit/internal/seam"
	"github.com/gotars/tars/kit/wire"
)

// HandlerProvider is a service. Handlers builds values and does no I/O. A service with
// a Healthy(context.Context) error method is asked every 5s; an error is health
// degraded with its text.
type HandlerProvider interface{ Handlers() []Handler }

// Module is one service, ready to run alone or beside others.
type Module struct {
	Name string // as on the command line: "ui-web"

	opts         []fx.Option
	mount        fx.Option // hands the handlers of the service to its bus, and lets them run after its start hooks
	sharesPrefix bool      // another module of the process has the same prefix in the environment
}

// serviceName is the name of the module, by which Env finds its variables.
type serviceName string

// Service builds the module of the service S; opts are its providers. They get
// a [*Bus], a *slog.Logger, a [Listen] and a [Home] by injection; the first two
// belong to this service alone.
func Service[S HandlerProvider](name string, opts ...fx.Option) Module {
	return Module{Name: name, opts: opts, mount: fx.Invoke(func(lc fx.Lifecycle, b *Bus, s S) error {
		lc.Append(fx.Hook{OnStart: func(context.Context) error { b.dispatch.openLanes(); return nil }, OnStop: b.drain})
		if h, ok := any(s).(interface{ Healthy(context.Context) error }); ok {
			b.status.checkHealth = h.Healthy
		}
		return b.mount(s.Handlers())
	})}
}

// With returns a copy of the module with more options, such as
// fx.Replace(memory.Config{TopK: 2}).
func (m Module) With(opts ...fx.Option) Module {
	m.opts = append(slices.Clone(m.opts), opts...)
	return m
}

// Identity is what a service is called on the wire. What is empty is the module's
// name.
type Identity struct {
	ClientID string   // of its MQTT connection, and the last level of its topics such as system/health/<client id>
	Source   string   // in the envelopes of what it publishes
	Aliases  []string // each gets a copy of health, type system.health.<alias>, on system/health/<alias>
}

// As gives a service another name on the wire than its module has.
func As(id Identity) fx.Option { return fx.Supply(id) }

// busParams are what fx injects to make a Bus.
type busParams struct {
	fx.In
	Cfg      Settings
	Log      *slog.Logger
	Dial     Dial
	ID       Identity  `optional:"true"`
	Seam     seam.Seam `optional:"true"`
	Observer Observer  `optional:"true"`
}

// defaults are what the program chose, for example with LogLevel, and what the
// environment may override.
type defaults struct {
	fx.In
	LogLevel defaultLogLevel `optional:"true"`
}

// newLogger makes the logger of a service or tool called name.
func (s *Settings) newLogger(name string) (*slog.Logger, error) {
	log, err := NewLoggerAt(os.Stderr, s.LogLevel)
	if err != nil {
		return nil, err
	}
	return log.With("service", name), nil
}

// App is the fx.App of the module, for a lifecycle of one's own. Hooks run in
// this order: the bus begins to connect; the service's own; lanes open. They
// stop in the reverse order.
func (m Module) App(opts ...fx.Option) *fx.App {
	return fx.New(
		fx.WithLogger(func() fxevent.Logger { return fxevent.NopLogger }),
		fx.StartTimeout(5*time.Minute), // for models; connecting is no hook's work
		fx.Supply(serviceName(m.Name), &variableCollector{sharesPrefix: m.sharesPrefix}, new(moduleMiddleware)),
		fx.Provide(
			func(s Settings) (*slog.Logger, error) { return s.newLogger(m.Name) },
			func(d defaults) (Settings, error) {
				s, err := Load(m.Name)
				s.LogLevel = slog.Level(d.LogLevel)
				return s, err
			},
			func() (Home, error) { return HomeOf(filepath.Base(os.Args[0])) },
			func(s Settings) (Dial, error) { return s.dialer() },
			func() Listen { return new(net.ListenConfig).Listen },
			func(p busParams, use *moduleMiddleware) *Bus {
				b := newBus(m.Name, p)
				b.dispatch.middleware = use
				return b
			},
		),
		fx.Options(m.opts...), fx.Options(opts...),
		fx.Invoke(func(lc fx.Lifecycle, b *Bus, sd fx.Shutdowner) {
			b.life.onFail = func(err error) {
				b.log.Error("stopping", "err", err)
				_ = sd.Shutdown(fx.ExitCode(1))
			}
			lc.Append(fx.Hook{OnStart: b.connect, OnStop: b.disconnect})
		}),
		m.mount)
}

// Run runs the modules until ctx ends or one returns [Fatal]. All start at once,
// and all are told to drain at once. A service that is evicted, because another
// client took its client id, ends alone and says so as its health; Run returns
// its error when the others have ended.
func Run(ctx context.Context, mods ...Module) error {
	if err := checkProcess(mods); err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	log, err := NewLogger(os.Stderr)
	if err != nil {
		return err
	}
	done := make(chan error)
	for i, m := range mods {
		m.sharesPrefix = slices.ContainsFunc(slices.Delete(slices.Clone(mods), i, i+1), func(o Module) bool { return prefixOf(o.Name) == prefixOf(m.Name) })
		go func() {
			err := m.run(ctx)
			switch {
			case err == nil:
			case len(mods) > 1 && containsError[evictedError](err):
				log.Error("service ended, the others go on", "service", m.Name, "err", err)
			default:
				end(err)
			}
			done <- err
		}()
	}
	var errs []error
	for range mods {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

// checkProcess refuses names that only one service of a process can have.
func checkProcess(mods []Module) error {
	if err := checkNames(mods); err != nil {
		return err
	}
	if len(mods) < 2 {
		return nil
	}
	for _, name := range []string{"MQTT_CLIENT_ID", "MQTT_SOURCE_NAME"} {
		if os.Getenv(name) != "" {
			return fmt.Errorf("%s is set for a process of %d services: use %s_%s and its like", name, len(mods), prefixOf(mods[0].Name), name)
		}
	}
	return nil
}

// run runs one module from its start to its stop.
func (m Module) run(ctx context.Context) error {
	var s Settings
	var b *Bus
	hooks := new(hookLog)
	app := m.App(fx.Populate(&s, &b), fx.WithLogger(func() fxevent.Logger { return hooks }))
	if err := app.Err(); err != nil { // fx's own report is a dig trace; the cause is what a person needs
		return fmt.Errorf("%s: %w", m.Name, dig.RootCause(err))
	}
	b.life.onFail = func(error) {} // the error that run returns tells it, once
	start, cancel := context.WithTimeout(ctx, app.StartTimeout())
	failed := hooks.explain(start, app.Start(start), "start", app.StartTimeout(), "fx.StartTimeout")
	cancel()
	if failed == nil {
		select { // not app.Wait, which would take the second signal for itself
		case <-ctx.Done():
		case <-b.life.failed:
			failed = *b.life.failure.Load()
		}
	} else if ctx.Err() != nil {
		failed = nil // told to stop before it had started
	}
	limit := s.Drain + 3*time.Second
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if err := hooks.explain(stop, app.Stop(stop), "stop", limit, "MQTT_DRAIN and 3s"); failed == nil {
		failed = err
	}
	if containsError[evictedError](failed) {
		b.tellEviction(context.WithoutCancel(ctx), failed)
	}
	if failed != nil {
		return fmt.Errorf("%s: %w", m.Name, failed)
	}
	return nil
}

// Main is [Run] with signals and an exit code, for a program of one's own. The
// first SIGINT or SIGTERM drains, the second stops at once.
func Main(mods ...Module) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := Run(ctx, mods...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Open connects a bus without fx, for tools, and returns when it is subscribed
// or ctx ends. The client id is name plus eight random hex digits, the session
// ends with the connection, and no health, will or info is published.
func Open(ctx context.Context, name string, s Settings, hs ...Handler) (*Bus, error) {
	log, err := s.newLogger(name)
	if err != nil {
		return nil, err
	}
	dial, err := s.dialer()
	if err != nil {
		return nil, err
	}
	return openTool(ctx, name, s, log, dial, hs...)
}

// openTool is Open with a logger and a dialer.
func openTool(ctx context.Context, name string, s Settings, log *slog.Logger, dial Dial, hs ...Handler) (*Bus, error) {
	s.ClientID = name + "-" + wire.NewID()[:8]
	b := newBus(name, busParams{Cfg: s, Log: log, Dial: dial, ID: Identity{Source: name}})
	b.tool = true
	b.life.onFail = func(err error) {
		select {
		case <-b.conns.firstReady:
			b.log.Error("the bus is over", "err", err)
		default: // Open returns it
		}
	}
	if err := b.mount(hs); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := b.connect(ctx); err != nil {
		return nil, err
	}
	b.dispatch.openLanes()
	if err := b.Ready(ctx); err != nil {
		_ = b.Close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("connect: %w", err)
	}
	return b, nil
}

// Beside opens a bus as [Open] does, to the broker of b and the way b reaches it: for a
// while, for what only somebody looks at, such as all topics. It counts as another client
// with the login of b, so that it receives what b publishes, and may read and write what
// the broker lets that login.
func (b *Bus) Beside(ctx context.Context, hs ...Handler) (*Bus, error) {
	s := b.cfg
	s.Share = "" // it wants all, not the share of a member
	return openTool(ctx, b.id.ClientID, s, b.log, b.dial, hs...)
}

// Close stops what [Open] or [Bus.Beside] started: unsubscribe, drain, disconnect. ctx bounds the
// drain.
func (b *Bus) Close(ctx context.Context) error {
	return errors.Join(b.drain(ctx), b.disconnect(ctx))
}
