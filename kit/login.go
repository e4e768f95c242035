package kit

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
)

// refused reports whether the broker will never let this client in.
func refused(err error) bool {
	c, ok := errors.AsType[*autopaho.ConnackError](err)
	// version, client id, login, rights, banned, method
	return ok && slices.Contains([]byte{0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C}, c.ReasonCode)
}

// bare is err without autopaho's text, which spells out the URL with its
// password.
func bare(err error) error {
	if c, ok := errors.AsType[*autopaho.ConnackError](err); ok {
		reason := map[byte]string{0x86: "bad user name or password", 0x87: "wrong user name or password, or not authorised", 0x85: "client id refused", 0x84: "no MQTT 5"}[c.ReasonCode]
		return fmt.Errorf("login refused: %s (0x%02X)", cmp.Or(reason, c.Reason), c.ReasonCode)
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

// complain returns what is done about an attempt to connect that failed.
func (b *Bus) complain(life context.Context) func(error) {
	var mu sync.Mutex
	var last time.Time
	return func(err error) {
		u := b.at.Load()
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
	b.at.Store(u)
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
