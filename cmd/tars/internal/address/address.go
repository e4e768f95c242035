// Package address finds the broker and the page that the commands of this machine
// use, and connects to the broker.
package address

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/cmd/tars/internal/private"
	"github.com/gotars/tars/kit"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// Broker is a broker and who named it.
type Broker struct {
	URL  string // with user name and password, when the file of tars up has them
	From string // "MQTT_URL", a file, or "the default; …"
}

// File is where tars up says which broker it uses.
func File(home kit.Home) string { return home.Path(filepath.Join("run", "mqtt-url")) }

// Find returns the broker to use: the one that MQTT_URL or MQTT_HOST names, else
// the one of a running tars up, else the usual port.
func Find(home kit.Home) Broker {
	s, err := kit.Load("tars-cli")
	if err != nil || s.NamedBy() != "" {
		return Broker{s.URL, cmp.Or(s.NamedBy(), "the environment")}
	}
	text, err := private.ReadFile(File(home))
	if text = strings.TrimSpace(text); err == nil && text != "" {
		return Broker{text, File(home)}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Broker{s.URL, fmt.Sprintf("the default; the one of tars up is not used: %v", err)}
	}
	return Broker{s.URL, "the default; no tars up is running"}
}

// LogLevel is the level of the log of a command whose output is for a person, where
// LOG_LEVEL is not set.
const LogLevel = slog.LevelWarn

// Open connects a tool called name to the broker that [Find] returns. Its log has
// the level [LogLevel].
func Open(ctx context.Context, home kit.Home, name string, hs ...kit.Handler) (*kit.Bus, error) {
	return OpenAt(ctx, home, LogLevel, name, hs...)
}

// OpenAt is [Open] with another level of the log, where LOG_LEVEL is not set.
func OpenAt(ctx context.Context, home kit.Home, level slog.Level, name string, hs ...kit.Handler) (*kit.Bus, error) {
	a := Find(home)
	s, err := Settings(home, name)
	if err != nil {
		return nil, err
	}
	s.LogLevel = level
	ctx, cancel := context.WithTimeout(ctx, s.ConnectTimeout)
	defer cancel()
	begin := time.Now()
	b, err := kit.Open(ctx, name, s, hs...)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %s", time.Since(begin).Round(100*time.Millisecond)) // who asks may have less time
	}
	if err != nil {
		return nil, fmt.Errorf("broker %s (from %s): %w", kit.RedactURL(a.URL), a.From, err)
	}
	return b, nil
}

// Settings are those of a tool called name, for the broker that [Find] returns.
func Settings(home kit.Home, name string) (kit.Settings, error) {
	s, err := kit.Load(name)
	if err != nil || s.NamedBy() != "" {
		return s, err
	}
	a := Find(home)
	if a.From == File(home) {
		s = PointAt(s, a.URL)
	}
	if err := s.Validate(); err != nil {
		return s, fmt.Errorf("%s: %w", a.From, err)
	}
	return s, nil
}

// Use makes a module connect to the broker at address. The changes more are made to
// its settings before that.
func Use(address string, more ...func(kit.Settings) kit.Settings) fx.Option {
	return fx.Decorate(func(s kit.Settings) kit.Settings { // one for all: fx refuses a second decoration of a type
		for _, change := range more {
			s = change(s)
		}
		return PointAt(s, address)
	})
}

// PointAt returns s for the broker at address, which has the user name and password
// in it if there are any: a login of the environment is for another broker.
func PointAt(s kit.Settings, address string) kit.Settings {
	s.URL, s.Username, s.Password, s.PasswordFile = address, "", "", ""
	return s
}

// Page is the address of the page, by the settings of this process.
func Page() (string, error) {
	c, err := kit.FromEnv[uiweb.Config]("ui-web")
	if err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return "", fmt.Errorf("UI_ADDR is %q, want host:port", c.Addr)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}
