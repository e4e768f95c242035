package kit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/link"
)

const (
	// linkless is how long the client may take to notice a dead link.
	linkless = 2 * time.Millisecond
	// askTimeout bounds SUBSCRIBE and UNSUBSCRIBE.
	askTimeout = 10 * time.Second
	// publishTimeout lifts paho's own 10s: Publish waits until its context ends.
	publishTimeout = 24 * time.Hour
	// sessionExpiry is how many seconds the broker keeps what a crash left.
	sessionExpiry = 60
	// whined is how often an unreachable broker is logged.
	whined = 10 * time.Second
)

// connect begins to connect and to queue, and returns; handlers run when serve is
// called. The connection lives until b.stop.
func (b *Bus) connect(context.Context) error {
	// The hook's context dies with the start, so the link gets its own.
	life, stop := context.WithCancel(context.Background())
	b.stop = stop
	cfg, err := b.client(life)
	if err != nil {
		stop()
		return err
	}
	// OnConnectionUp can run before NewConnection returns, hence assigned.
	assigned := make(chan struct{})
	cfg.OnConnectionUp = func(cm *autopaho.ConnectionManager, c *paho.Connack) {
		b.backoff.Up(time.Now())
		if c.Properties != nil && c.Properties.MaximumPacketSize != nil {
			b.brokerLimit.Store(*c.Properties.MaximumPacketSize)
		}
		link, end := context.WithCancel(life)
		b.endLink.Store(&end)
		b.spawn(func() {
			<-assigned
			b.subscribe(link, cm)
		})
	}
	if b.cm, err = autopaho.NewConnection(life, cfg); err != nil {
		stop()
		return err
	}
	close(assigned)
	for _, l := range b.lanes {
		l.start(b.work)
	}
	return nil
}

// client is the configuration of paho.
func (b *Bus) client(life context.Context) (cfg autopaho.ClientConfig, err error) {
	cfg = autopaho.ClientConfig{
		KeepAlive: uint16(b.cfg.KeepAlive / time.Second), ConnectTimeout: b.cfg.ConnectTimeout,
		CleanStartOnInitialConnection: b.tool, SessionExpiryInterval: sessionExpiry,
		ReconnectBackoff:     func(int) time.Duration { return b.backoff.Next(time.Now()) },
		ConnectPacketBuilder: b.announce,
		OnConnectionDown:     b.lost,
		OnConnectError:       b.complain(life),
		ClientConfig: paho.ClientConfig{
			ClientID: b.id.client, Session: b.session, PacketTimeout: publishTimeout,
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){b.received},
			OnServerDisconnect: func(d *paho.Disconnect) {
				if d.ReasonCode == 0x8E { // session taken over: never fight for it
					b.stop()
					b.fail(fmt.Errorf("another %s is connected", b.id.client))
				}
			},
		},
	}
	if cfg.ServerUrls, err = b.cfg.urls(); err != nil {
		return cfg, err
	}
	if b.tool {
		cfg.SessionExpiryInterval = 0
	} else if b.cfg.EnableHealth {
		if cfg.WillMessage, err = b.will(); err != nil {
			return cfg, err
		}
	}
	cfg.AttemptConnection = func(ctx context.Context, _ autopaho.ClientConfig, u *url.URL) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, b.cfg.ConnectTimeout)
		defer cancel()
		c, err := b.dial(ctx, u)
		if err != nil {
			return nil, err
		}
		c = link.New(c)
		b.conn.Store(&c)
		return c, nil
	}
	return cfg, nil
}

// subscribe makes a fresh link useful: filters, then health, then Up.
func (b *Bus) subscribe(link context.Context, cm *autopaho.ConnectionManager) {
	select {
	case <-b.open:
	case <-link.Done():
		return
	}
	first := b.links.Load() == 0
	if !b.filter(link, cm, first) {
		return
	}
	n := b.links.Add(1)
	b.linked.Store(true)
	if link.Err() != nil { // lost meanwhile, and lost said so already
		b.linked.Store(false)
		return
	}
	was := b.mood.Load()
	b.feel(link, mood{ok: true, event: map[bool]string{true: "ready", false: "reconnected"}[first]})
	if was != nil && !was.ok {
		b.feel(link, *was) // a new link makes nobody well
	}
	if !b.tool && !b.seam.Loose { // each time: a broker that was killed may have lost it
		b.keep(link, b.own("info"), "system.info", b.info())
	}
	b.signal(func(d *duty) func(context.Context) error { return d.up })
	b.first.Do(func() { b.startFeeds(); close(b.ready) })
	b.log.Info("connected", "client", b.id.client, "links", n)
}

// filter subscribes what the service takes, again while the link lives. A
// reconnect repeats no retained state, a new process gets it.
func (b *Bus) filter(link context.Context, cm *autopaho.ConnectionManager, first bool) bool {
	subs := slices.Clone(b.filters)
	if !first {
		for i := range subs {
			subs[i].RetainHandling = 1
		}
	}
	for len(subs) > 0 && link.Err() == nil {
		ctx, cancel := context.WithTimeout(link, askTimeout)
		ack, err := cm.Subscribe(ctx, &paho.Subscribe{Subscriptions: subs})
		cancel()
		if err == nil {
			break
		}
		if ack != nil {
			for i, code := range ack.Reasons {
				if code >= 0x80 {
					b.fail(fmt.Errorf("broker refuses subscription %s: reason 0x%02X", subs[i].Topic, code))
					return false
				}
			}
		}
		b.log.Warn("not subscribed, trying again", "err", err)
		select {
		case <-time.After(time.Second):
		case <-link.Done():
		}
	}
	return link.Err() == nil
}

// lost reports whether to connect again.
func (b *Bus) lost() bool {
	b.unlink()
	b.linked.Store(false)
	b.signal(func(d *duty) func(context.Context) error { return d.down })
	if !b.cfg.Reconnect {
		b.fail(errors.New("link to the broker lost, and MQTT_RECONNECT is off"))
	} else if b.feeds.Err() == nil {
		b.log.Warn("link to the broker lost, connecting again")
	}
	return b.cfg.Reconnect
}
