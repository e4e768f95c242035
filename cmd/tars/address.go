package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/private"
	"github.com/gotars/tars/kit"
)

// address is a broker and who named it.
type address struct{ url, from string }

// urlFile is where tars up says which broker it uses.
func urlFile(home kit.Home) string { return home.Path(filepath.Join("run", "mqtt-url")) }

// brokerOf is the broker to use: the one that MQTT_URL or MQTT_HOST names, else
// the one of a running tars up, else the usual port.
func brokerOf(home kit.Home) address {
	s, err := kit.Load("tars-cli")
	if err != nil || s.NamedBy() != "" {
		return address{s.URL, cmp.Or(s.NamedBy(), "the environment")}
	}
	text, err := private.ReadFile(urlFile(home))
	if text = strings.TrimSpace(text); err == nil && text != "" {
		return address{text, urlFile(home)}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return address{s.URL, fmt.Sprintf("the default; the one of tars up is not used: %v", err)}
	}
	return address{s.URL, "the default; no tars up is running"}
}

// openBus connects a tool called name to the broker.
func openBus(ctx context.Context, home kit.Home, name string, hs ...kit.Handler) (*kit.Bus, error) {
	return openBusAt(ctx, home, commandLogLevel, name, hs...)
}

// openBusAt is [openBus] of a tool whose log has this level, where LOG_LEVEL is not
// set.
func openBusAt(ctx context.Context, home kit.Home, level slog.Level, name string, hs ...kit.Handler) (*kit.Bus, error) {
	a := brokerOf(home)
	s, err := busSettings(home, name)
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
		return nil, fmt.Errorf("broker %s (from %s): %w", redactPassword(a.url), a.from, err)
	}
	return b, nil
}

// busSettings are those of a tool called name, with the broker that brokerOf names.
func busSettings(home kit.Home, name string) (kit.Settings, error) {
	s, err := kit.Load(name)
	if err != nil || s.NamedBy() != "" {
		return s, err
	}
	a := brokerOf(home)
	if a.from == urlFile(home) {
		s = pointedAt(s, a.url)
	}
	if err := s.Validate(); err != nil {
		return s, fmt.Errorf("%s: %w", a.from, err)
	}
	return s, nil
}

// redactPassword is the address, or the list of them, without passwords.
func redactPassword(address string) string { return kit.RedactURL(address) }
