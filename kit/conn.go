package kit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/backoff"
	"github.com/gotars/tars/kit/internal/session"
)

const (
	// reconnectPoll is how long the client may take to notice a dead link.
	reconnectPoll = 2 * time.Millisecond
	// askTimeout bounds SUBSCRIBE and UNSUBSCRIBE.
	askTimeout = 10 * time.Second
	// publishTimeout lifts paho's own 10s: Publish waits until its context ends.
	publishTimeout = 24 * time.Hour
	// sessionExpiry is how many seconds the broker keeps what a crash left.
	sessionExpiry = 60
	// warnEvery is how often an unreachable broker is logged.
	warnEvery = 10 * time.Second
)

// connection is one MQTT connection of a bus. Its session, and so its Receive
// Maximum, is its own: messages that wait here hold up no other connection.
type connection struct {
	b          *Bus
	clientID   string
	filters    []paho.SubscribeOptions
	lanes      []*lane  // that are fed from here
	routes     []target // their handlers, and those that Overtake
	cancellers []target // handlers with a CancelledBy whose cancels arrive here

	cm             *autopaho.ConnectionManager // nil before connect
	session        *session.State
	backoff        *backoff.Link
	subscribeCount atomic.Int64                       // how often its filters were subscribed
	socket         atomic.Pointer[net.Conn]           // the transport of the present link, so that it can be broken
	lastServer     atomic.Pointer[url.URL]            // the broker of the last attempt
	lastClient     atomic.Pointer[paho.Client]        // paho's client of the last arrival: another one means a new link
	endLink        atomic.Pointer[context.CancelFunc] // ends the work on a fresh link
	subscribed     bool                               // on the present link; guarded by connections.mu
}

// connections owns the connections of a bus, what they subscribe together, and
// whether they are up. all, filters and echoes are fixed when the declarations are
// mounted. mu guards warnedAt and subscribed of each connection, and that linked
// follows from them.
type connections struct {
	all     []*connection           // the first publishes, and hears what must not wait
	filters []paho.SubscribeOptions // of all connections together
	echoes  []string                // filters that bring back what the first connection publishes

	firstReady chan struct{} // closed when all connections are subscribed for the first time
	readyOnce  sync.Once     // closes firstReady once
	linked     atomic.Bool   // all connections are subscribed
	readyCount atomic.Int64  // how often they all became so
	maxPacket  atomic.Uint32 // bytes of the largest packet the broker takes; 0 is unknown

	mu       sync.Mutex
	warnedAt time.Time // when an unreachable broker was last logged
}

// newConnection makes a connection that is not connected yet and feeds no lane.
func (b *Bus) newConnection(clientID string) *connection {
	return &connection{b: b, clientID: clientID, session: session.New(),
		backoff: &backoff.Link{Min: b.cfg.ReconnectMinDelay, Max: b.cfg.ReconnectMaxDelay}}
}

// connect begins to connect and to queue, and returns; handlers run when serve is
// called. The connections live until b.life.stop.
func (b *Bus) connect(context.Context) error {
	// The hook's context dies with the start, so the links get their own.
	life, stop := context.WithCancel(context.Background())
	b.life.cancelConnections = stop
	servers, err := b.brokers()
	if err != nil {
		stop()
		return err
	}
	for _, c := range b.conns.all {
		if err := c.connect(life, servers); err != nil {
			stop()
			return err
		}
	}
	for _, l := range b.dispatch.lanes {
		l.start(b.life.workCtx)
	}
	return nil
}

// connect begins to connect, and to connect again whenever the link is lost while life
// lasts.
func (c *connection) connect(life context.Context, servers []*url.URL) error {
	cfg, err := c.config(life, servers)
	if err != nil {
		return err
	}
	// OnConnectionUp can run before NewConnection returns, hence assigned.
	assigned := make(chan struct{})
	cfg.OnConnectionUp = func(_ *autopaho.ConnectionManager, ack *paho.Connack) {
		c.backoff.Up(time.Now())
		if ack.Properties != nil && ack.Properties.MaximumPacketSize != nil {
			c.b.conns.maxPacket.Store(*ack.Properties.MaximumPacketSize)
		}
		link, end := context.WithCancel(life)
		c.endLink.Store(&end)
		c.b.life.spawn(func() {
			<-assigned
			c.subscribe(link, !ack.SessionPresent)
		})
	}
	if c.cm, err = autopaho.NewConnection(life, cfg); err != nil {
		return err
	}
	close(assigned)
	return nil
}

// subscribe makes a fresh link useful: its filters, and when all connections
// have theirs, health and OnConnect. fresh says that the broker knew no session.
func (c *connection) subscribe(link context.Context, fresh bool) {
	b := c.b
	select {
	case <-b.dispatch.lanesOpen:
	case <-link.Done():
		return
	}
	if !c.subscribeFilters(link) {
		return
	}
	if fresh {
		c.onSessionLost()
	}
	if !b.conns.noteReady(link, c) {
		return
	}
	n := b.conns.readyCount.Add(1)
	was := b.status.last.Load()
	b.publishHealth(link, healthState{ok: true, event: map[bool]string{true: "ready", false: "reconnected"}[n == 1]})
	if was != nil && !was.ok {
		b.publishHealth(link, *was) // a new link makes nobody well
	}
	if !b.tool && !b.seam.AllowUndeclared { // each time: a broker that was killed may have lost it
		b.publishRetained(link, b.ownTopic("info"), "system.info", b.info())
	}
	b.dispatch.queueLinkHandlers(func(d *registration) func(context.Context) error { return d.onConnect })
	b.conns.readyOnce.Do(func() { b.startFeeds(); close(b.conns.firstReady) })
	b.log.Info("connected", "client", b.id.ClientID, "links", n)
}

// subscribeFilters subscribes what this connection takes, and tries again while the link
// lives. A new process gets retained state, a reconnect does not have it repeated.
func (c *connection) subscribeFilters(link context.Context) bool {
	subs := slices.Clone(c.filters)
	if c.subscribeCount.Load() > 0 {
		for i := range subs {
			subs[i].RetainHandling = max(subs[i].RetainHandling, 1)
		}
	}
	for len(subs) > 0 && link.Err() == nil {
		ctx, cancel := context.WithTimeout(link, askTimeout)
		ack, err := c.cm.Subscribe(ctx, &paho.Subscribe{Subscriptions: subs})
		cancel()
		if err == nil {
			break
		}
		if ack != nil {
			for i, code := range ack.Reasons {
				if code >= 0x80 {
					c.b.life.fail(fmt.Errorf("broker refuses subscription %s: reason 0x%02X", subs[i].Topic, code))
					return false
				}
			}
		}
		c.b.log.Warn("not subscribed, trying again", "err", err)
		select {
		case <-time.After(time.Second):
		case <-link.Done():
		}
	}
	c.subscribeCount.Add(1)
	return link.Err() == nil
}

// noteReady reports whether c was the last of the connections to be subscribed.
func (cs *connections) noteReady(link context.Context, c *connection) (all bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c.subscribed = link.Err() == nil // else lost said so already
	all = !slices.ContainsFunc(cs.all, func(c *connection) bool { return !c.subscribed })
	cs.linked.Store(all)
	return all
}

// lost is called when the link went down, and reports whether to connect again. The bus
// counts as down while one of its connections is.
func (c *connection) lost() bool {
	b := c.b
	c.unlink()
	b.conns.mu.Lock()
	c.subscribed = false
	down := b.conns.linked.Swap(false)
	b.conns.mu.Unlock()
	if down {
		b.dispatch.queueLinkHandlers(func(d *registration) func(context.Context) error { return d.onDisconnect })
	}
	if !b.cfg.Reconnect {
		b.life.fail(errors.New("link to the broker lost, and MQTT_RECONNECT is off"))
	} else if down && b.life.feedCtx.Err() == nil {
		b.log.Warn("link to the broker lost, connecting again")
	}
	return b.cfg.Reconnect
}

// unlink ends the work on the present link: subscribing, and telling that it is ready.
func (c *connection) unlink() {
	if end := c.endLink.Load(); end != nil {
		(*end)()
	}
}
