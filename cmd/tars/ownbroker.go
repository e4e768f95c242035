package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"

	"go.uber.org/fx"

	"github.com/gotars/tars/cmd/tars/internal/private"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
)

// brokerUser is the one user of the broker of tars up, who may do everything.
const brokerUser = "tars"

// brokerConfig is read from BROKER_ variables.
type brokerConfig struct {
	Anonymous bool `default:"false" desc:"let every user of this machine in, without the password that tars url prints"`
	broker.Limits
}

// passwordFile keeps the password of the broker of tars up.
func passwordFile(home kit.Home) string { return home.Path("mqtt-password") }

// ownBroker is the broker of tars up, and the address by which others log in.
type ownBroker struct {
	*broker.Broker
	address string // with user and password
}

// startBroker starts a broker for mods on loopback, on the usual port or, when
// that is taken, on a free one.
func startBroker(home kit.Home, mods []kit.Module, maxPacket uint32) (*ownBroker, error) {
	c, err := kit.FromEnv[brokerConfig]("broker")
	if err != nil {
		return nil, err
	}
	log, err := kit.NewLoggerAt(os.Stderr, commandLogLevel)
	if err != nil {
		return nil, err
	}
	o := broker.Options{Limits: c.Limits, MaxPacket: maxPacket, Process: "the running tars up", Log: log, User: brokerUser}
	if o.ClientIDs, err = clientIDs(mods); err != nil {
		return nil, err
	}
	if c.Anonymous {
		fmt.Fprintln(os.Stderr, "tars: BROKER_ANONYMOUS is set: every user of this machine can hear the microphone and speak for the services")
	} else if o.Password, err = brokerPassword(home); err != nil {
		return nil, err
	}
	var b *broker.Broker
	for _, port := range []string{"1883", "0"} {
		o.Addr = net.JoinHostPort("127.0.0.1", port)
		if b, err = broker.New(o); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	u := url.URL{Scheme: "mqtt", Host: b.Addr()}
	if o.Password != "" {
		u.User = url.UserPassword(o.User, o.Password)
	}
	return &ownBroker{b, u.String()}, nil
}

// brokerPassword reads the password, and makes one at the first start.
func brokerPassword(home kit.Home) (string, error) {
	file := passwordFile(home)
	if err := private.CreateFile(file, rand.Text()+"\n"); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	text, err := private.ReadFile(file)
	if err != nil {
		return "", err
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", fmt.Errorf("%s is empty: remove it, and the next start makes a password", file)
	}
	return text, nil
}

// clientIDs are those of mods, by the settings of this process.
func clientIDs(mods []kit.Module) (ids []string, _ error) {
	for _, m := range mods {
		i, err := m.With(fx.Replace(slog.New(slog.DiscardHandler))).Describe()
		if err != nil {
			return nil, err
		}
		ids = append(ids, i.ClientID)
	}
	return ids, nil
}

// join returns mods as they connect to this broker: without a port, and as
// clients whose client ids are refused to others. No password is in their
// settings, nor in the environment, which child processes inherit.
func (b *ownBroker) join(mods []kit.Module) []kit.Module {
	var joined []kit.Module
	for _, m := range mods {
		joined = append(joined, m.With(brokerAt("mqtt://"+b.Addr(), shortKeepAlive(m.Name)),
			fx.Replace(kit.Dial(func(ctx context.Context, _ *url.URL) (net.Conn, error) { return b.Dial(ctx) }))))
	}
	return joined
}

// brokerAt names the broker for a module, after the other changes of its settings.
func brokerAt(address string, more ...func(kit.Settings) kit.Settings) fx.Option {
	return fx.Decorate(func(s kit.Settings) kit.Settings { // one for all: fx refuses a second decoration of a type
		for _, change := range more {
			s = change(s)
		}
		return pointedAt(s, address)
	})
}

// pointedAt are the settings s for the broker at an address that says all: a
// login of the environment is for another one.
func pointedAt(s kit.Settings, address string) kit.Settings {
	s.URL, s.Username, s.Password, s.PasswordFile = address, "", "", ""
	return s
}
