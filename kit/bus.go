package kit

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/url"
	"os"

	"github.com/eclipse/paho.golang/autopaho"

	"github.com/gotars/tars/kit/internal/seam"
)

// Dial opens the transport of the bus, for tests and unusual networks.
type Dial func(ctx context.Context, u *url.URL) (net.Conn, error)

// Listen opens what a service serves on; servers use it instead of net.Listen,
// so that a test can reach them without a port.
type Listen func(ctx context.Context, network, addr string) (net.Listener, error)

// Bus publishes and asks on behalf of one service, and feeds its handlers. It
// is injected into services and is safe for concurrent use.
//
// The bus itself holds what is fixed once it is made. What changes is in its
// parts, each of which says what it owns and what guards it.
type Bus struct {
	name     string
	id       Identity
	cfg      Settings
	log      *slog.Logger
	dial     Dial
	seam     seam.Seam
	observer Observer // nil: nobody observes
	tool     bool     // opened by Open: a session of its own, no health, no will

	life     lifetime    // what ends when: feeds, handlers, connections
	conns    connections // to the broker, and whether they are up
	dispatch dispatcher  // from arrivals to handlers
	replies  replies     // to what this service asks
	status   status      // what others are told about this service
	letters  deadLetters // that the broker keeps for this service
	sent     sentMeter   // counts and times what goes out
}

func newBus(name string, p busParams) *Bus {
	id, cfg := p.ID, p.Cfg
	id.ClientID, id.Source = cmp.Or(cfg.ClientID, id.ClientID, name), cmp.Or(cfg.SourceName, id.Source, cfg.ClientID, name)
	if host, err := os.Hostname(); err == nil && cfg.Share != "" && cfg.ClientID == "" {
		id.ClientID += "-" + host // the members of a group are clients of their own
	}
	b := &Bus{name: name, id: id, cfg: cfg, log: p.Log, dial: p.Dial, seam: p.Seam, observer: p.Observer,
		life: newLifetime(), dispatch: newDispatcher(), status: newStatus(),
		conns: connections{firstReady: make(chan struct{})}}
	b.replies = newReplies(b.ownTopic("error"))
	b.conns.all = []*connection{b.newConnection(b.id.ClientID)}
	return b
}

// ownTopic is the topic of the kit on which this service says what.
func (b *Bus) ownTopic(what string) string { return b.cfg.Topic(what, b.id.ClientID) }

// Name is that of the service: "ui-web".
func (b *Bus) Name() string { return b.name }

// Client is the MQTT client under the bus, for what the kit does not cover.
// What is subscribed here is lost at a reconnect. It is nil until the bus
// began to connect.
func (b *Bus) Client() *autopaho.ConnectionManager { return b.conns.all[0].cm }

// Ready returns after the first ready, or when ctx ends, or with what ended the bus
// for good.
func (b *Bus) Ready(ctx context.Context) error {
	select {
	case <-b.conns.firstReady:
		return nil
	case <-b.life.failed:
		return *b.life.failure.Load()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// IsReady reports whether the service is connected, subscribed and not about to
// stop. It may be not ready again while a link is down.
func (b *Bus) IsReady() bool { return b.conns.linked.Load() && !b.status.stopping.Load() }
