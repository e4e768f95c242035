package kit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/backoff"
	"github.com/gotars/tars/kit/internal/fifo"
	"github.com/gotars/tars/kit/internal/seam"
	"github.com/gotars/tars/kit/wire"
)

// Dial opens the transport of the bus, for tests and unusual networks.
type Dial func(ctx context.Context, u *url.URL) (net.Conn, error)

// Listen opens what a service serves on; servers use it instead of net.Listen,
// so that a test can reach them without a port.
type Listen func(ctx context.Context, network, addr string) (net.Listener, error)

// Bus publishes and asks on behalf of one service, and feeds its handlers. It
// is injected into services and is safe for concurrent use.
type Bus struct {
	name string
	id   identity
	cfg  Settings
	log  *slog.Logger
	dial Dial
	seam seam.Seam
	tool bool // opened by Open: a session of its own, no health, no will

	conns   []*connection      // the first publishes, and hears what must not wait
	stop    context.CancelFunc // ends the connections
	feeds   context.Context    // the life of loops, ticks and local events
	endFeed context.CancelFunc
	work    context.Context // the life of handlers
	endWork context.CancelFunc
	fatal   func(error)           // stops the process
	died    atomic.Pointer[error] // why
	healthy func(context.Context) error

	use      *everywhere // of a module; nil for a tool
	handlers []Handler
	lanes    []*lane
	routes   []target
	filters  []paho.SubscribeOptions // of all connections together
	echoes   []string                // filters that bring back what the first connection publishes
	declared map[reflect.Type]bool
	feedWG   sync.WaitGroup

	instance  string
	born      time.Time
	observer  Observer // nil: nobody observes
	link      linkMeter
	replays   string        // topic on which tools give letters back
	errors    string        // topic on which this service hears why it gets no answer
	asking    *registration // counts what Ask and AskStream lose
	unmatched *registration // counts what nobody takes

	open       chan struct{} // closed when the service's own hooks are done
	ready      chan struct{} // closed when first subscribed
	first      sync.Once
	linked     atomic.Bool  // all connections are subscribed
	links      atomic.Int64 // how often they were
	lastState  atomic.Pointer[healthState]
	publishing chan struct{} // capacity 1: one health message after the other
	lastHealth atomic.Value  // string: message id of the last health
	shut       atomic.Bool   // nothing but shutdown is said any more

	brokerLimit atomic.Uint32 // largest packet the broker takes; 0 is unknown
	dead        chan struct{} // closed when the bus is over for good
	die         sync.Once

	mu               sync.Mutex
	closing          bool               // no goroutine may start any more
	warnedAt         time.Time          // when an unreachable broker was last logged
	waiting          map[string]*waiter // by the id of the request
	letters          fifo.Queue[string] // topics of the dead letters that the broker keeps
	unexpectedTopics once               // topics that came although nobody takes them
	warned           once               // types published although not declared
}

// target is a filter, who handles what matches it, and where that waits.
type target struct {
	filter string
	group  string // of a shared subscription
	h      *registration
	lane   *lane
}

// identity is what a service is called on the wire.
type identity struct {
	client, source string
	alias          []string
}

func newBus(name string, p parts) *Bus {
	id, cfg := p.ID, p.Cfg
	id.client, id.source = cmp.Or(cfg.ClientID, id.client, name), cmp.Or(cfg.SourceName, id.source, cfg.ClientID, name)
	if host, err := os.Hostname(); err == nil && cfg.Share != "" && cfg.ClientID == "" {
		id.client += "-" + host // the members of a group are clients of their own
	}
	b := &Bus{name: name, id: id, cfg: cfg, log: p.Log, dial: p.Dial, seam: p.Seam, observer: p.Observer, fatal: func(error) {},
		instance: wire.NewID(), born: time.Now(),
		asking: &registration{name: "ask"}, unmatched: &registration{name: "none"},
		declared: map[reflect.Type]bool{}, waiting: map[string]*waiter{},
		open: make(chan struct{}), ready: make(chan struct{}), dead: make(chan struct{}), publishing: make(chan struct{}, 1)}
	b.errors = b.own("error")
	b.conns = []*connection{b.newConnection(b.id.client)}
	b.feeds, b.endFeed = context.WithCancel(context.Background())
	b.work, b.endWork = context.WithCancel(context.Background())
	return b
}

// own is the topic of the kit on which this service says what.
func (b *Bus) own(what string) string { return b.cfg.Topic(what, b.id.client) }

// Name is that of the service: "ui-web".
func (b *Bus) Name() string { return b.name }

// Client is the MQTT client under the bus, for what the kit does not cover.
// What is subscribed here is lost at a reconnect. It is nil until the bus
// began to connect.
func (b *Bus) Client() *autopaho.ConnectionManager { return b.conns[0].cm }

// Done is closed when the bus is over for good without having been closed: a
// login refused, another client of this name, no link and MQTT_RECONNECT off.
func (b *Bus) Done() <-chan struct{} { return b.dead }

// fail ends the bus for good.
func (b *Bus) fail(err error) {
	b.die.Do(func() {
		b.died.Store(&err)
		close(b.dead)
		b.fatal(err)
	})
}

// Ready returns after the first ready, or when ctx ends, or with what ended the bus
// for good.
func (b *Bus) Ready(ctx context.Context) error {
	select {
	case <-b.ready:
		return nil
	case <-b.dead:
		return *b.died.Load()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// IsReady reports whether the service is connected, subscribed and not about to
// stop. It may be not ready again while a link is down.
func (b *Bus) IsReady() bool { return b.linked.Load() && !b.shut.Load() }

// serve opens the lanes: the service's own hooks are done.
func (b *Bus) serve() {
	for _, l := range b.lanes {
		l.set(func() { l.open = true })
	}
	close(b.open)
}

// signal queues the OnConnect or the OnDisconnect handlers.
func (b *Bus) signal(pick func(*registration) func(context.Context) error) {
	for _, t := range b.routes {
		if f := pick(t.h); f != nil {
			t.lane.offer(item{h: t.h, call: f})
		}
	}
}

// spawn runs f as a goroutine of the bus, unless it is stopping.
func (b *Bus) spawn(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closing {
		b.feedWG.Go(f)
	}
}

// startFeeds starts loops, ticks and local events, once.
func (b *Bus) startFeeds() {
	for _, t := range b.routes {
		if t.h.feed == nil {
			continue
		}
		b.spawn(func() {
			t.h.feed(b.feeds, func(call func(context.Context) error) <-chan struct{} {
				done := make(chan struct{})
				end := sync.OnceFunc(func() { close(done) })
				if !t.lane.offer(item{h: t.h, call: call, over: end}) {
					end()
				}
				return done
			})
		})
	}
	for _, h := range b.handlers {
		if h.loop != nil {
			b.spawn(func() { b.keepLooping(h.registration) })
		}
	}
	if b.healthy != nil {
		b.spawn(b.watchHealth)
	}
	if b.cfg.EnableHeartbeat && !b.tool {
		b.spawn(func() { b.beat(b.feeds) })
	}
}

// keepLooping runs a Loop again, with the reconnect backoff, when it ends early.
func (b *Bus) keepLooping(h *registration) {
	wait := backoff.Link{Min: b.cfg.ReconnectMinDelay, Max: b.cfg.ReconnectMaxDelay}
	for {
		wait.Up(time.Now())
		err := isolate(func() error { return h.loop(b.feeds) })
		if b.feeds.Err() != nil {
			return
		}
		if f, ok := errors.AsType[fatal](err); ok {
			b.fail(fmt.Errorf("%s: %w", h.name, f.error))
			return
		}
		if err == nil {
			err = fmt.Errorf("%s ended", h.name)
		}
		b.log.Error("loop ended early", "handler", h.name, "err", err)
		b.publishHealth(b.feeds, healthState{event: "error", err: fmt.Sprintf("%s: %v", h.name, err)})
		select {
		case <-time.After(max(wait.Next(time.Now()), b.cfg.ReconnectMinDelay)):
			b.publishHealth(b.feeds, healthState{ok: true, event: "ready"})
		case <-b.feeds.Done():
			return
		}
	}
}

// once remembers a bounded number of names.
type once struct {
	names sync.Map
	n     atomic.Int64
}

// maxNames is how many; what comes after them is not first any more.
const maxNames = 1024

// first reports whether name comes for the first time.
func (o *once) first(name string) bool {
	if o.n.Load() >= maxNames {
		return false
	}
	if _, known := o.names.LoadOrStore(name, true); known {
		return false
	}
	o.n.Add(1)
	return true
}
