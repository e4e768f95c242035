// Package ownbroker is the broker of tars up: on loopback, behind a password that
// only this user can read.
package ownbroker

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

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/cmd/tars/internal/private"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
)

// userName is the one user of the broker of tars up, who may do everything.
const userName = "tars"

// Config is read from BROKER_ variables.
type Config struct {
	Anonymous bool `default:"false" desc:"let every user of this machine in, without the password that tars url prints"`
	broker.Limits
}

// PasswordFile is the file that keeps the password.
func PasswordFile(home kit.Home) string { return home.Path("mqtt-password") }

// Broker is the broker of tars up.
type Broker struct {
	*broker.Broker
	Address string // by which others log in, with user name and password
}

// Start starts a broker for mods on loopback, on the usual port or, when
// that is taken, on a free one.
func Start(home kit.Home, mods []kit.Module, maxPacket uint32) (*Broker, error) {
	c, err := kit.FromEnv[Config]("broker")
	if err != nil {
		return nil, err
	}
	log, err := kit.NewLoggerAt(os.Stderr, address.LogLevel)
	if err != nil {
		return nil, err
	}
	o := broker.Options{Limits: c.Limits, MaxPacket: maxPacket, Process: "the running tars up", Log: log, User: userName}
	if o.ClientIDs, err = ClientIDs(mods); err != nil {
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
	return &Broker{b, u.String()}, nil
}

// brokerPassword reads the password, and makes one at the first start.
func brokerPassword(home kit.Home) (string, error) {
	file := PasswordFile(home)
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

// ClientIDs are those of mods, by the settings of this process.
func ClientIDs(mods []kit.Module) (ids []string, _ error) {
	for _, m := range mods {
		i, err := m.With(fx.Replace(slog.New(slog.DiscardHandler))).Describe()
		if err != nil {
			return nil, err
		}
		ids = append(ids, i.ClientID)
	}
	return ids, nil
}

// Join returns mods as they connect to this broker: inside the process, as clients
// whose client ids are refused to others. No password is in their settings, nor in
// the environment, which child processes inherit. The settings of each are changed by
// what change returns for its name.
func (b *Broker) Join(mods []kit.Module, change func(service string) func(kit.Settings) kit.Settings) []kit.Module {
	var joined []kit.Module
	for _, m := range mods {
		joined = append(joined, m.With(address.Use("mqtt://"+b.Addr(), change(m.Name)),
			fx.Replace(kit.Dial(func(ctx context.Context, _ *url.URL) (net.Conn, error) { return b.Dial(ctx) }))))
	}
	return joined
}
