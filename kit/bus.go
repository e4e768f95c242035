package kit

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/backoff"
	"github.com/gotars/tars/kit/internal/seam"
	"github.com/gotars/tars/kit/internal/session"
	"github.com/gotars/tars/kit/internal/topic"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// Dial opens the transport of the bus, for tests and unusual networks. What it
// returns must be safe for concurrent writes of whole packets, as
// packets.NewThreadSafeConn of paho makes it.
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

	cm      *autopaho.ConnectionManager
	stop    context.CancelFunc // ends the connection
	feeds   context.Context    // the life of loops, ticks and local events
	endFeed context.CancelFunc
	work    context.Context // the life of handlers
	endWork context.CancelFunc
	fatal   func(error)           // stops the process
	died    atomic.Pointer[error] // why
	healthy func(context.Context) error

	handlers []Handler
	lanes    []*lane
	routes   []target
	cancels  []target
	filters  []paho.SubscribeOptions
	declared map[reflect.Type]bool
	feedWG   sync.WaitGroup

	instance string
	born     time.Time
	trace    *tracing
	link     linkMeter
	letters  letters
	asking   *duty // counts what Ask and Pull lose
	nobody   *duty // counts what nobody takes

	open    chan struct{} // closed when the service's own hooks are done
	ready   chan struct{} // closed when first subscribed
	first   sync.Once
	linked  atomic.Bool
	links   atomic.Int64
	backoff *backoff.Link
	session *session.State
	conn    atomic.Pointer[net.Conn]    // under the client
	at      atomic.Pointer[url.URL]     // the broker of the last attempt
	from    atomic.Pointer[paho.Client] // of the last delivery
	mood    atomic.Pointer[mood]
	moods   chan struct{} // capacity 1: one health message after the other
	shut    atomic.Bool   // nothing but shutdown is said any more
	endLink atomic.Pointer[context.CancelFunc]

	brokerLimit atomic.Uint32 // largest packet the broker takes; 0 is unknown
	dead        chan struct{} // closed when the bus is over for good
	die         sync.Once

	mu        sync.Mutex
	closing   bool               // no goroutine may start any more
	waiting   map[string]*waiter // by the id of the request
	strangers once               // topics that came although nobody takes them
	warned    once               // types published although not declared
}

// target is a filter, who handles what matches it, and where that waits.
type target struct {
	filter string
	h      *duty
	lane   *lane
}

// identity is what a service is called on the wire.
type identity struct {
	client, source string
	alias          []string
}

func newBus(name string, id identity, cfg Settings, log *slog.Logger, dial Dial, s seam.Seam) *Bus {
	pick := func(set ...string) string {
		for _, s := range set {
			if s != "" {
				return s
			}
		}
		return name
	}
	id.client, id.source = pick(cfg.ClientID, id.client), pick(cfg.SourceName, id.source, cfg.ClientID)
	if host, err := os.Hostname(); err == nil && cfg.Share != "" && cfg.ClientID == "" {
		id.client += "-" + host // the members of a group are clients of their own
	}
	b := &Bus{name: name, id: id, cfg: cfg, log: log, dial: dial, seam: s, fatal: func(error) {},
		instance: wire.NewID(), born: time.Now(), session: session.New(),
		asking: &duty{name: "ask"}, nobody: &duty{name: "none"},
		backoff:  &backoff.Link{Min: cfg.ReconnectMinDelay, Max: cfg.ReconnectMaxDelay},
		declared: map[reflect.Type]bool{}, waiting: map[string]*waiter{},
		open: make(chan struct{}), ready: make(chan struct{}), dead: make(chan struct{}), moods: make(chan struct{}, 1)}
	b.feeds, b.endFeed = context.WithCancel(context.Background())
	b.work, b.endWork = context.WithCancel(context.Background())
	return b
}

// Client is the MQTT client under the bus, for what the kit does not cover.
// What is subscribed here is lost at a reconnect. It is nil until the bus
// began to connect.
func (b *Bus) Client() *autopaho.ConnectionManager { return b.cm }

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

// Ready returns after the first ready, or when ctx ends.
func (b *Bus) Ready(ctx context.Context) error {
	select {
	case <-b.ready:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// mount builds lanes and filters from the declarations.
func (b *Bus) mount(hs []Handler) error {
	if !b.tool && !b.seam.Loose {
		h := Tap(b.cfg.System+"/stats/get", b.report, Name("stats"))
		h.own, h.route.QoS = true, msg.AtMostOnce // to be told also by a service whose window is full
		hs = append(slices.Clip(hs), h)
	}
	b.handlers = hs
	shared := map[string]*lane{}
	var want []paho.SubscribeOptions
	asks := false
	for _, h := range hs {
		if err := b.declare(h.duty); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		for _, r := range h.subs {
			asks = true
			want = append(want, subscription(r))
		}
		if h.serve == nil && h.feed == nil && h.up == nil && h.down == nil {
			continue
		}
		l, err := b.laneOf(h.duty, shared)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		if c := h.opt.cancel; c != nil {
			b.cancels = append(b.cancels, target{c.route.Topic, h.duty, l})
			want = append(want, subscription(c.route))
		}
		b.routes = append(b.routes, target{h.route.Topic, h.duty, l})
		if h.route.Topic == "" {
			continue
		}
		if b.cfg.DedupeTTL > 0 {
			h.seen = &dedupe{ttl: b.cfg.DedupeTTL, limit: b.cfg.DedupeMaxEntries, taken: map[string]time.Time{}}
		}
		sub := subscription(h.route)
		if group := b.group(h.duty); group != "" {
			sub.Topic, sub.NoLocal = topic.Share(group, sub.Topic), false // the two exclude each other
		}
		want = append(want, sub)
	}
	if asks && !b.seam.Loose {
		want = append(want, subscription(msg.Route{Topic: b.errorTopic(), QoS: msg.AtLeastOnce}))
	}
	var err error
	if b.filters, err = widest(want); err != nil {
		return fmt.Errorf("%s: %w", b.name, err)
	}
	return nil
}

// startLanes begins to queue and to sort; handlers run when serve is called.
func (b *Bus) startLanes() {
	for _, l := range b.lanes {
		l.start(b.work)
	}
}

// group is that of the shared subscription of h, or empty: state that the broker
// retains would not reach it, and what may be lost is for everybody.
func (b *Bus) group(h *duty) string {
	if h.opt.group != "" || h.tap || h.route.Retain || h.route.QoS == msg.AtMostOnce {
		return h.opt.group
	}
	return b.cfg.Share
}

// declare notes what h publishes and refuses what cannot work.
func (b *Bus) declare(h *duty) error {
	if h.fault != nil {
		return h.fault
	}
	if h.opt.by != nil && h.opt.byType != h.typ {
		return fmt.Errorf("%s: By takes a %s, the handler does not", h, h.opt.byType)
	}
	if c := h.opt.cancel; c != nil && c.ends != h.typ {
		return fmt.Errorf("%s: CancelledBy ends a %s, the handler takes none", h, c.ends)
	}
	types := h.sends
	if h.typ != nil {
		types = append(types[:len(types):len(types)], h.typ)
	}
	if c := h.opt.cancel; c != nil {
		types = append(types[:len(types):len(types)], c.typ)
	}
	for _, t := range types {
		if err := wire.Check(t); err != nil {
			return err
		}
	}
	for _, t := range h.sends {
		b.declared[t] = true
	}
	if h.opt.lane != "" && (h.opt.workers > 1 || h.opt.by != nil) {
		return fmt.Errorf("%s: Lane runs one message at a time, so it excludes Workers and By", h)
	}
	for _, t := range b.routes {
		if t.filter != "" && t.filter == h.route.Topic && !t.h.tap && !h.tap {
			return fmt.Errorf("two handlers of %s: %s and %s", t.filter, t.h.name, h.name)
		}
	}
	own := strings.HasPrefix(h.route.Topic, "system/health/") || strings.HasPrefix(h.route.Topic, "system/keepalive/")
	if own && !h.tap && b.cfg.System != "system" {
		return fmt.Errorf("%s listens on the topics of the kit, so MQTT_SYSTEM must be system, not %q", h, b.cfg.System)
	}
	return nil
}

// laneOf returns the lane of h, a fresh one unless it shares.
func (b *Bus) laneOf(h *duty, shared map[string]*lane) (*lane, error) {
	name := h.opt.lane
	l := shared[name]
	if l == nil || name == "" {
		l = newLane(b)
		b.lanes = append(b.lanes, l)
		if name != "" {
			shared[name] = l
		}
	}
	if h.opt.workers < 1 || h.opt.queue < 1 {
		return nil, fmt.Errorf("%s: Workers and Queue start at 1", h)
	}
	l.limit = max(l.limit, h.opt.queue)
	l.workers, l.by = max(l.workers, h.opt.workers), h.opt.by
	return l, nil
}

func subscription(r msg.Route) paho.SubscribeOptions {
	return paho.SubscribeOptions{Topic: r.Topic, QoS: byte(r.QoS), NoLocal: true}
}

// widest keeps the filters that no other covers, each at the highest QoS of
// what it covers: a broker may send one copy per filter, and paho 0.23 keeps
// one subscription identifier per packet, so copies could not be told apart.
func widest(want []paho.SubscribeOptions) (out []paho.SubscribeOptions, _ error) {
	for i, a := range want {
		keep := true
		for j, o := range want {
			aName, oName := topic.Unshared(a.Topic), topic.Unshared(o.Topic)
			switch {
			case i == j:
			case (aName != a.Topic || oName != o.Topic) && topic.Overlap(aName, oName):
				return nil, fmt.Errorf("filters %s and %s overlap: a group's messages would come twice", a.Topic, o.Topic)
			case topic.Covers(a.Topic, o.Topic):
				a.QoS = max(a.QoS, o.QoS)
				keep = keep && (a.Topic != o.Topic || i < j)
			case topic.Covers(o.Topic, a.Topic):
				keep = false
			case topic.Overlap(a.Topic, o.Topic):
				return nil, fmt.Errorf("filters %s and %s overlap, and neither covers the other", a.Topic, o.Topic)
			}
		}
		if keep {
			out = append(out, a)
		}
	}
	return out, nil
}

// serve opens the lanes: the service's own hooks are done.
func (b *Bus) serve() {
	for _, l := range b.lanes {
		l.set(func() { l.open = true })
	}
	close(b.open)
}

// signal queues the Up or the Down handlers.
func (b *Bus) signal(pick func(*duty) func(context.Context) error) {
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
			b.spawn(func() { b.keepLooping(h.duty) })
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
func (b *Bus) keepLooping(h *duty) {
	wait := backoff.Link{Min: b.cfg.ReconnectMinDelay, Max: b.cfg.ReconnectMaxDelay}
	for {
		wait.Up(time.Now())
		err := guard(func() error { return h.loop(b.feeds) })
		if b.feeds.Err() != nil {
			return
		}
		if f, ok := asFatal(err); ok {
			b.fail(fmt.Errorf("%s: %w", h.name, f))
			return
		}
		if err == nil {
			err = fmt.Errorf("%s ended", h.name)
		}
		b.log.Error("loop ended early", "handler", h.name, "err", err)
		b.feel(b.feeds, mood{event: "error", err: fmt.Sprintf("%s: %v", h.name, err)})
		select {
		case <-time.After(max(wait.Next(time.Now()), b.cfg.ReconnectMinDelay)):
			b.feel(b.feeds, mood{ok: true, event: "ready"})
		case <-b.feeds.Done():
			return
		}
	}
}

// allowed is an error when m is not declared, and tells the test so.
func (b *Bus) allowed(m msg.Message) error {
	if b.seam.Loose || b.declared[reflect.TypeOf(m)] {
		return nil
	}
	err := fmt.Errorf("%T: %w", m, ErrUndeclared)
	if b.seam.Undeclared != nil {
		b.seam.Undeclared(fmt.Errorf("%s: %w", b.name, err))
	}
	return err
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
