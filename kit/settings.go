package kit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gotars/tars/kit/internal/link"
)

// Settings are read from MQTT_* variables; for the service alarm, a variable
// such as ALARM_MQTT_INFLIGHT beats MQTT_INFLIGHT.
type Settings struct {
	URL               string        `default:"mqtt://127.0.0.1:1883" desc:"the broker: mqtt, mqtts, ws or wss, with user and password when it wants them; several, separated by commas, are tried in turn"`
	Host              string        `desc:"host of the broker, when MQTT_URL is not set: 127.0.0.1 by default"`
	Port              uint16        `desc:"its port: 1883 by default; with 8883, or with a variable of TLS, the link is encrypted"`
	Username          string        `desc:"user name, when the URL has none"`
	Password          string        `desc:"password, when the URL has none"`
	PasswordFile      string        `split_words:"true" desc:"file that holds the password; read at each connect"`
	ClientID          string        `split_words:"true" desc:"MQTT client id; by default the service's own"`
	SourceName        string        `split_words:"true" desc:"source in envelopes; by default the service's own"`
	KeepAlive         time.Duration `envconfig:"KEEPALIVE" default:"60s" desc:"longest silence on the link"`
	System            string        `default:"system" desc:"prefix of the health and error topics"`
	EnableHealth      bool          `split_words:"true" default:"true" desc:"publish retained health and a last will"`
	EnableHeartbeat   bool          `split_words:"true" default:"false" desc:"publish a heartbeat, and connect again when three are not answered"`
	HeartbeatInterval time.Duration `split_words:"true" default:"5s" desc:"time between two heartbeats"`
	DedupeTTL         time.Duration `envconfig:"DEDUPE_TTL" default:"0s" desc:"how long a handled message is remembered, so that a second delivery is dropped; 0: not at all"`
	DedupeMaxEntries  int           `split_words:"true" default:"2048" desc:"how many of them, for each handler"`
	Share             string        `desc:"group of shared subscriptions: each message of a handler reaches one member"`
	Reconnect         bool          `default:"true" desc:"connect again after a loss; off ends the process instead"`
	ReconnectMinDelay time.Duration `split_words:"true" default:"500ms" desc:"first wait between two attempts; it doubles, with jitter"`
	ReconnectMaxDelay time.Duration `split_words:"true" default:"5s" desc:"longest wait between two attempts"`
	ConnectTimeout    time.Duration `split_words:"true" default:"10s" desc:"longest time for one attempt; tools give up after it"`
	Inflight          uint16        `default:"64" desc:"unacknowledged messages the broker may send"`
	IsolateLanes      bool          `split_words:"true" default:"true" desc:"a connection for each handler or lane of AtLeastOnce messages, so that none waits for the work of another; off: one connection"`
	MaxPacket         uint32        `split_words:"true" default:"4194304" desc:"largest packet in bytes, both ways"`
	Drain             time.Duration `default:"5s" desc:"time for handlers to finish at a stop"`
	TLSCA             string        `split_words:"true" envconfig:"TLS_CA" desc:"PEM file of the authorities to trust, instead of the system's"`
	TLSCert           string        `split_words:"true" envconfig:"TLS_CERT" desc:"PEM file of the client certificate"`
	TLSKey            string        `split_words:"true" envconfig:"TLS_KEY" desc:"PEM file of its key, without a passphrase"`

	LogLevel slog.Level `ignored:"true"` // of the log where the variable LOG_LEVEL is not set; info by default

	namedBy string // variable that names the broker
}

// Validate reports the first setting that cannot work.
func (s *Settings) Validate() error {
	if err := s.checkLogin(); err != nil {
		return err
	}
	switch {
	case s.KeepAlive < time.Second || s.KeepAlive > time.Hour:
		return fmt.Errorf("MQTT_KEEPALIVE is %s, want 1s to 1h", s.KeepAlive)
	case s.ReconnectMinDelay < 100*time.Millisecond:
		return fmt.Errorf("MQTT_RECONNECT_MIN_DELAY is %s, want at least 100ms", s.ReconnectMinDelay)
	case s.ReconnectMaxDelay < s.ReconnectMinDelay:
		return fmt.Errorf("MQTT_RECONNECT_MAX_DELAY is %s, want at least MQTT_RECONNECT_MIN_DELAY (%s)", s.ReconnectMaxDelay, s.ReconnectMinDelay)
	case s.ConnectTimeout <= 0:
		return fmt.Errorf("MQTT_CONNECT_TIMEOUT is %s, want more than 0", s.ConnectTimeout)
	case s.Inflight == 0:
		return fmt.Errorf("MQTT_INFLIGHT is 0, want 1 to 65535")
	case s.MaxPacket < 1024:
		return fmt.Errorf("MQTT_MAX_PACKET is %d, want at least 1024 bytes", s.MaxPacket)
	case s.Drain < 0:
		return fmt.Errorf("MQTT_DRAIN is %s, want 0 or more", s.Drain)
	case s.HeartbeatInterval < time.Second:
		return fmt.Errorf("MQTT_HEARTBEAT_INTERVAL is %s, want at least 1s", s.HeartbeatInterval)
	case s.DedupeTTL < 0:
		return fmt.Errorf("MQTT_DEDUPE_TTL is %s, want 0 or more", s.DedupeTTL)
	case s.DedupeTTL > 0 && s.DedupeMaxEntries < 1:
		return fmt.Errorf("MQTT_DEDUPE_MAX_ENTRIES is %d, want at least 1", s.DedupeMaxEntries)
	case s.Share != "" && checkLevel(s.Share) != nil:
		return fmt.Errorf("MQTT_SHARE is %q, want a name without / + # and control characters", s.Share)
	case s.ClientID != "" && checkLevel(s.ClientID) != nil:
		return fmt.Errorf("MQTT_CLIENT_ID is %q, want a name without / + # and control characters", s.ClientID)
	case checkName(s.System) != nil || checkTopic(s.Topic("dead", "client", "letter")) != nil || s.System == "" || strings.HasPrefix(s.System, "$"):
		return fmt.Errorf("MQTT_SYSTEM is %q, want a topic prefix such as system", s.System)
	case (s.TLSCert == "") != (s.TLSKey == ""):
		return fmt.Errorf("MQTT_TLS_CERT and MQTT_TLS_KEY go together, and only one is set")
	}
	return nil
}

// Topic is a topic of the kit's own, or a filter of them: Topic("health", "+").
// Below system/dead/<client id> are the letters that the broker keeps.
func (s *Settings) Topic(levels ...string) string {
	return s.System + "/" + strings.Join(levels, "/")
}

// dialer opens links as the settings say.
func (s *Settings) dialer() (Dial, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.TLSCA != "" {
		pem, err := os.ReadFile(s.TLSCA)
		if err != nil {
			return nil, fmt.Errorf("MQTT_TLS_CA: %w", err)
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("MQTT_TLS_CA: no certificate in %s", s.TLSCA)
		}
	}
	if s.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
		if isEncrypted(s.TLSKey) {
			return nil, fmt.Errorf("MQTT_TLS_KEY: the key in %s is encrypted; write it without a passphrase into a file that only its user can read: openssl pkey -in %s -out plain.pem", s.TLSKey, s.TLSKey)
		}
		if err != nil {
			return nil, fmt.Errorf("MQTT_TLS_CERT: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return func(ctx context.Context, u *url.URL) (net.Conn, error) { return link.Dial(ctx, u, c) }, nil
}

// isEncrypted reports whether a PEM file holds a key that wants a passphrase.
func isEncrypted(file string) bool {
	rest, err := os.ReadFile(file)
	for err == nil {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return false
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return true
		}
	}
	return false
}

// Home is the data directory of the program; relative paths of services lie
// below it. It need not exist yet.
type Home string

// Path is rel below the home, or rel itself when it is absolute.
func (h Home) Path(rel string) string {
	if filepath.IsAbs(rel) {
		return rel
	}
	return filepath.Join(string(h), rel)
}

// HomeOf is the data directory of the program called name: the variable
// <NAME>_HOME, else name in the user's data directory.
func HomeOf(name string) (Home, error) {
	variable := strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "_HOME"
	if dir := os.Getenv(variable); dir != "" {
		abs, err := filepath.Abs(dir)
		return Home(abs), err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no data directory: set %s", variable)
	}
	switch dir := os.Getenv("XDG_DATA_HOME"); {
	case filepath.IsAbs(dir):
		return Home(filepath.Join(dir, name)), nil
	case runtime.GOOS == "darwin":
		return Home(filepath.Join(home, "Library", "Application Support", name)), nil
	case runtime.GOOS == "windows":
		return Home(filepath.Join(home, "AppData", "Local", name)), nil
	}
	return Home(filepath.Join(home, ".local", "share", name)), nil
}
