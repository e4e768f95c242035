package kit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/eclipse/paho.golang/paho/session/state"
)

const (
	// ackEvery is how often paho flushes acknowledgements; it sends them in
	// arrival order, so this bounds throughput to Inflight/ackEvery.
	ackEvery = 2 * time.Millisecond
	// askTimeout bounds SUBSCRIBE and UNSUBSCRIBE.
	askTimeout = 10 * time.Second
	// publishTimeout lifts paho's own 10s: Publish waits until its context ends.
	publishTimeout = 24 * time.Hour
	// sessionExpiry is how many seconds the broker keeps what a crash left.
	sessionExpiry = 60
	// whined is how often an unreachable broker is logged.
	whined = 10 * time.Second
)

// connect begins to connect and returns. The connection lives until b.stop.
func (b *Bus) connect() error {
	u, err := b.cfg.url()
	if err != nil {
		return err
	}
	// The hook's context dies with the start, so the link gets its own.
	life, stop := context.WithCancel(context.Background())
	b.stop = stop
	cfg, err := b.client(life, u)
	if err != nil {
		stop()
		return err
	}
	// OnConnectionUp can run before NewConnection returns, hence assigned.
	assigned := make(chan struct{})
	cfg.OnConnectionUp = func(cm *autopaho.ConnectionManager, c *paho.Connack) {
		b.backoff.linked(time.Now())
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
	for _, l := range b.lanes {
		l.start(b.work)
	}
	if b.cm, err = autopaho.NewConnection(life, cfg); err != nil {
		stop()
		return err
	}
	close(assigned)
	return nil
}

// client is the configuration of paho.
func (b *Bus) client(life context.Context, u *url.URL) (autopaho.ClientConfig, error) {
	tlsConfig, err := b.cfg.tls(u)
	if err != nil {
		return autopaho.ClientConfig{}, err
	}
	cfg := autopaho.ClientConfig{
		ServerUrls: []*url.URL{u}, KeepAlive: uint16(b.cfg.KeepAlive / time.Second), ConnectTimeout: b.cfg.ConnectTimeout, TlsCfg: tlsConfig,
		CleanStartOnInitialConnection: b.tool, SessionExpiryInterval: sessionExpiry,
		ReconnectBackoff:     func(int) time.Duration { return b.backoff.next(time.Now()) },
		ConnectPacketBuilder: b.announce,
		OnConnectionDown:     b.lost,
		OnConnectError:       b.complain(life, u),
		ClientConfig: paho.ClientConfig{
			ClientID: b.id.client, Session: &steady{State: state.NewInMemory()}, EnableManualAcknowledgment: true, SendAcksInterval: ackEvery, PacketTimeout: publishTimeout,
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){b.received},
			OnServerDisconnect: func(d *paho.Disconnect) {
				if d.ReasonCode == 0x8E { // session taken over: never fight for it
					b.stop()
					b.fail(fmt.Errorf("another %s is connected", b.id.client))
				}
			},
		},
	}
	if b.tool {
		cfg.SessionExpiryInterval = 0
	} else if b.cfg.EnableHealth {
		if cfg.WillMessage, err = b.will(); err != nil {
			return cfg, err
		}
	}
	if b.dial != nil {
		cfg.AttemptConnection = func(ctx context.Context, _ autopaho.ClientConfig, u *url.URL) (net.Conn, error) {
			return b.dial(ctx, u)
		}
	}
	return cfg, nil
}

// complain returns what is done about an attempt to connect that failed.
func (b *Bus) complain(life context.Context, u *url.URL) func(error) {
	var mu sync.Mutex
	var last time.Time
	return func(err error) {
		if refused(err) || !b.cfg.Reconnect {
			b.stop()
			b.fail(fmt.Errorf("broker %s: %w", u.Redacted(), bare(err)))
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if life.Err() == nil && time.Since(last) >= whined {
			last = time.Now()
			b.log.Warn("broker unreachable, trying again", "url", u.Redacted(), "err", bare(err))
		}
	}
}

// announce completes CONNECT. Problem information is asked for because brokers
// may strip the user properties of every PUBLISH from a client that wants none,
// and the zero value of ConnectProperties wants none.
func (b *Bus) announce(c *paho.Connect, u *url.URL) (*paho.Connect, error) {
	if c.Properties == nil {
		c.Properties = &paho.ConnectProperties{}
	}
	c.Properties.RequestProblemInfo = true
	c.Properties.ReceiveMaximum, c.Properties.MaximumPacketSize = &b.cfg.Inflight, &b.cfg.MaxPacket
	if u.User != nil {
		c.Username, c.UsernameFlag = u.User.Username(), true
		if p, ok := u.User.Password(); ok {
			c.Password, c.PasswordFlag = []byte(p), true
		}
	}
	return c, nil
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
	b.feel(link, mood{ok: true, event: map[bool]string{true: "ready", false: "reconnected"}[first]})
	b.signal(func(d *duty) func(context.Context) error { return d.up })
	b.first.Do(func() { b.startFeeds(); close(b.ready) })
	b.log.Info("connected", "client", b.id.client, "links", n)
}

// filter subscribes what the service takes, again while the link lives. A
// reconnect repeats no retained state, a new process gets it.
func (b *Bus) filter(link context.Context, cm *autopaho.ConnectionManager, first bool) bool {
	subs := make([]paho.SubscribeOptions, len(b.filters))
	for i, f := range b.filters {
		subs[i] = f
		if !first {
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
	if end := b.endLink.Load(); end != nil {
		(*end)()
	}
	b.linked.Store(false)
	b.signal(func(d *duty) func(context.Context) error { return d.down })
	if !b.cfg.Reconnect {
		b.fail(errors.New("link to the broker lost, and MQTT_RECONNECT is off"))
	} else if b.feeds.Err() == nil {
		b.log.Warn("link to the broker lost, connecting again")
	}
	return b.cfg.Reconnect
}

// drain says shutdown, takes nothing new, and lets the handlers finish for at
// most Drain; then they are cancelled and their messages stay unacknowledged.
func (b *Bus) drain(ctx context.Context) error {
	limit, cancel := context.WithTimeout(ctx, b.cfg.Drain)
	defer cancel()
	b.shut.Store(true)
	if b.linked.Load() {
		b.feel(limit, mood{event: "shutdown"})
		topics := make([]string, len(b.filters))
		for i, f := range b.filters {
			topics[i] = f.Topic
		}
		if len(topics) > 0 {
			short, stop := context.WithTimeout(limit, time.Second)
			if _, err := b.cm.Unsubscribe(short, &paho.Unsubscribe{Topics: topics}); err != nil {
				b.log.Debug("not unsubscribed", "err", err)
			}
			stop()
		}
	}
	idle := b.finish()
	defer func() { b.log.Info("stopped", b.tally.totals()...) }()
	select {
	case <-idle:
		b.endWork()
		return nil
	case <-limit.Done():
	}
	b.endWork()
	select { // what listens to its context ends before the service closes its store
	case <-idle:
	case <-time.After(time.Second):
	}
	b.log.Warn("handlers unfinished, their messages stay with the broker", "took", b.cfg.Drain)
	return nil
}

// finish ends what feeds handlers, and returns a channel that closes when the
// last of them is done.
func (b *Bus) finish() <-chan struct{} {
	b.mu.Lock()
	b.closing = true
	b.mu.Unlock()
	b.endFeed()
	for _, l := range b.lanes {
		l.set(func() { l.stopped = true })
	}
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		for _, l := range b.lanes {
			l.wg.Wait()
			l.abandon()
		}
		b.feedWG.Wait()
	}()
	return idle
}

// disconnect ends the link without the will.
func (b *Bus) disconnect(ctx context.Context) error {
	if b.cm == nil {
		return nil
	}
	if m := b.mood.Load(); b.linked.Load() && (m == nil || m.event != "shutdown") { // the link came up during the drain
		b.feel(ctx, mood{event: "shutdown"})
	}
	time.Sleep(2 * ackEvery) // paho does not flush acknowledgements when it disconnects
	b.stop()
	b.endWork()
	select {
	case <-b.cm.Done():
	case <-ctx.Done():
	}
	return nil
}

// refused reports whether the broker will never let this client in.
func refused(err error) bool {
	var c *autopaho.ConnackError
	if !errors.As(err, &c) {
		return false
	}
	switch c.ReasonCode {
	case 0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C: // version, client id, login, rights, banned, method
		return true
	}
	return false
}

// bare is err without autopaho's text, which spells out the URL with its
// password.
func bare(err error) error {
	var c *autopaho.ConnackError
	if errors.As(err, &c) {
		reason := map[byte]string{0x86: "bad user name or password", 0x87: "not authorised", 0x85: "client id refused", 0x84: "no MQTT 5"}[c.ReasonCode]
		if reason == "" {
			reason = c.Reason
		}
		return fmt.Errorf("login refused: %s (0x%02X)", reason, c.ReasonCode)
	}
	var tlsErr *tls.CertificateVerificationError
	if errors.As(err, &tlsErr) {
		return tlsErr
	}
	if cause := errors.Unwrap(err); cause != nil {
		return cause
	}
	return errors.New("connection failed")
}

// backoff is exponential with jitter. autopaho's own count starts over at each
// loss, also after an eviction (1 610 connections in 3 s), so this one goes on
// until a link has lived.
type backoff struct {
	min, max time.Duration

	mu       sync.Mutex
	attempts int
	since    time.Time // of the last link
}

// lived is how long a link must last to be believed.
const lived = 5 * time.Second

func (b *backoff) linked(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.since = now
}

// next is 0 before the first attempt and after a link that lived.
func (b *backoff) next(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.since.IsZero() && now.Sub(b.since) >= lived {
		b.attempts = 0
	}
	b.since = time.Time{}
	b.attempts++
	if b.attempts == 1 {
		return 0
	}
	d := min(b.min<<min(b.attempts-2, 16), b.max)
	return d/2 + rand.N(d/2+1)
}
