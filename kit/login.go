package kit

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/link"
)

// config is the configuration of paho. The first connection carries the will.
func (c *connection) config(life context.Context, servers []*url.URL) (cfg autopaho.ClientConfig, err error) {
	b := c.b
	cfg = autopaho.ClientConfig{
		ServerUrls: servers,
		KeepAlive:  uint16(b.cfg.KeepAlive / time.Second), ConnectTimeout: b.cfg.ConnectTimeout,
		CleanStartOnInitialConnection: b.tool, SessionExpiryInterval: sessionExpiry,
		ReconnectBackoff:     func(int) time.Duration { return c.backoff.Next(time.Now()) },
		ConnectPacketBuilder: c.buildConnect,
		OnConnectionDown:     c.lost,
		OnConnectError:       func(err error) { c.onConnectError(life, err) },
		ClientConfig: paho.ClientConfig{
			ClientID: c.clientID, Session: c.session, PacketTimeout: publishTimeout,
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){c.received},
			OnServerDisconnect: func(d *paho.Disconnect) {
				if d.ReasonCode == packets.DisconnectSessionTakenOver { // never fight for it
					b.life.cancelConnections()
					b.life.fail(evictedError{b.id.ClientID})
				}
			},
		},
	}
	if b.tool {
		cfg.SessionExpiryInterval = 0
	} else if b.cfg.EnableHealth && c == b.conns.all[0] {
		if cfg.WillMessage, cfg.WillProperties, err = b.will(); err != nil {
			return cfg, err
		}
	}
	cfg.AttemptConnection = func(ctx context.Context, _ autopaho.ClientConfig, u *url.URL) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, b.cfg.ConnectTimeout)
		defer cancel()
		n, err := b.dial(ctx, u)
		if err != nil {
			return nil, err
		}
		l := link.New(n)
		l.Published = c.session.Written
		n = l
		c.socket.Store(&n)
		return n, nil
	}
	return cfg, nil
}

// isLoginRefused reports whether the broker will never let this client in.
func isLoginRefused(err error) bool {
	c, ok := errors.AsType[*autopaho.ConnackError](err)
	return ok && slices.Contains([]byte{packets.ConnackUnsupportedProtocolVersion, packets.ConnackInvalidClientID, packets.ConnackBadUsernameOrPassword,
		packets.ConnackNotAuthorized, packets.ConnackBanned, packets.ConnackBadAuthenticationMethod}, c.ReasonCode)
}

// loginCures say what a broker means that refuses a login, and what would help.
var loginCures = map[byte]string{
	packets.ConnackUnsupportedProtocolVersion: "no MQTT 5",
	packets.ConnackBadUsernameOrPassword:      "bad user name or password",
	packets.ConnackNotAuthorized:              "wrong user name or password, or not authorised",
	packets.ConnackServerUnavailable:          "the broker is not available",
	packets.ConnackServerBusy:                 "the broker is busy",
	packets.ConnackBanned:                     "the broker has banned this client",
	packets.ConnackBadAuthenticationMethod:    "the broker wants another way to log in than user name and password",
	packets.ConnackTopicNameInvalid:           "the broker does not take the topic of the last will, which begins with MQTT_SYSTEM: allow it, or set MQTT_ENABLE_HEALTH=false",
	packets.ConnackPacketTooLarge:             "the broker takes no packet as long as this login",
	packets.ConnackQuotaExceeded:              "the broker has as many clients, or messages, as it takes",
	packets.ConnackRetainNotSupported:         "the broker keeps no retained messages, and health is one: turn them on there (Mosquitto: retain_available true), or set MQTT_ENABLE_HEALTH=false",
	packets.ConnackQoSNotSupported:            "the broker takes no QoS 1, which the last will has: set MQTT_ENABLE_HEALTH=false, or use another broker",
	packets.ConnackUseAnotherServer:           "the broker wants its clients elsewhere: set MQTT_URL",
	packets.ConnackServerMoved:                "the broker has moved: set MQTT_URL",
	packets.ConnackConnectionRateExceeded:     "too many logins in a short time",
}

// loginError is what a broker says that refuses a login.
func loginError(c *autopaho.ConnackError) error {
	reason := cmp.Or(loginCures[c.ReasonCode], c.Reason, "the broker gives no reason, its log may")
	if c.ReasonCode == packets.ConnackInvalidClientID { // a broker may know whose client id that is
		reason = cmp.Or(c.Reason, "client id refused")
	}
	return fmt.Errorf("login refused: %s (0x%02X)", reason, c.ReasonCode)
}

// redactConnectError is err without autopaho's text, which spells out the URL with its
// password.
func redactConnectError(err error) error {
	if c, ok := errors.AsType[*autopaho.ConnackError](err); ok {
		return loginError(c)
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return untrusted
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the other side closes the link before the login: does this port speak another of mqtt, mqtts, ws and wss?")
	}
	if cause := errors.Unwrap(err); cause != nil {
		return cause
	}
	return errors.New("connection failed")
}

// onConnectError is what is done about an attempt to connect that failed. Of several
// connections that cannot reach the broker, one says so.
func (c *connection) onConnectError(life context.Context, err error) {
	b, u := c.b, c.lastServer.Load()
	if isLoginRefused(err) || !b.cfg.Reconnect {
		b.life.cancelConnections()
		b.life.fail(fmt.Errorf("broker %s: %w", u.Redacted(), redactConnectError(err)))
		return
	}
	b.conns.mu.Lock()
	defer b.conns.mu.Unlock()
	if life.Err() == nil && time.Since(b.conns.warnedAt) >= warnEvery {
		b.conns.warnedAt = time.Now()
		b.log.Warn("broker unreachable, trying again", "url", u.Redacted(), "err", redactConnectError(err))
	}
}

// buildConnect completes CONNECT. Problem information is asked for because brokers
// may strip the user properties of every PUBLISH from a client that wants none,
// and the zero value of ConnectProperties wants none.
func (c *connection) buildConnect(p *paho.Connect, u *url.URL) (*paho.Connect, error) {
	c.lastServer.Store(u)
	if p.Properties == nil {
		p.Properties = &paho.ConnectProperties{}
	}
	p.Properties.RequestProblemInfo = true
	p.Properties.ReceiveMaximum, p.Properties.MaximumPacketSize = &c.b.cfg.Inflight, &c.b.cfg.MaxPacket
	user, err := c.b.cfg.login(u)
	if err != nil {
		return nil, err
	}
	if user != nil {
		p.Username, p.UsernameFlag = user.Username(), true
		if password, ok := user.Password(); ok {
			p.Password, p.PasswordFlag = []byte(password), true
		}
	}
	return p, nil
}

// brokers are the addresses to try. A login that cannot be, such as a password
// file that is not there, is known before the first attempt.
func (b *Bus) brokers() ([]*url.URL, error) {
	all, err := b.cfg.urls()
	if err != nil {
		return nil, err
	}
	for _, u := range all {
		if _, err := b.cfg.login(u); err != nil {
			return nil, err
		}
	}
	for _, text := range b.cfg.warnings() {
		b.log.Warn("setting without effect", "err", text)
	}
	return all, nil
}
