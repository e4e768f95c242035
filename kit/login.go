package kit

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/eclipse/paho.golang/autopaho"
)

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
