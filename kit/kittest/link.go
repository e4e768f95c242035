package kittest

import (
	"context"
	"errors"
	"net"
	"net/url"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
)

var errUnplugged = errors.New("unplugged by the test")

// dialOption leads u to the broker of the harness.
func (b *Harness) dialOption(u *runningService) fx.Option {
	if b.Broker != nil {
		return fx.Replace(kit.Dial(func(ctx context.Context, _ *url.URL) (net.Conn, error) {
			return b.connect(u, func() (net.Conn, error) { return b.Broker.Dial(ctx) })
		}))
	}
	return fx.Decorate(
		func(s kit.Settings) kit.Settings { s.URL = b.url; return s },
		func(dial kit.Dial) kit.Dial {
			return func(ctx context.Context, to *url.URL) (net.Conn, error) {
				return b.connect(u, func() (net.Conn, error) { return dial(ctx, to) })
			}
		})
}

// connect opens a connection of u, unless u reaches the broker no more.
func (b *Harness) connect(u *runningService, open func() (net.Conn, error)) (net.Conn, error) {
	if b.isCutOff(u) {
		return nil, errUnplugged
	}
	conn, err := open()
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if u.killed || u.unplugged {
		_ = conn.Close()
		return nil, errUnplugged
	}
	u.conns = append(u.conns, conn)
	return conn, nil
}

func (b *Harness) isCutOff(u *runningService) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return u.killed || u.unplugged
}

// breakLinks changes u and breaks its connections.
func (b *Harness) breakLinks(service string, change func(*runningService)) {
	u := b.service(service)
	b.mu.Lock()
	defer b.mu.Unlock()
	change(u)
	for _, conn := range u.conns {
		_ = conn.Close()
	}
	u.conns = nil
}

// Cut breaks the connections of a service; the kit connects again, at once when
// the link was old.
func (b *Harness) Cut(service string) { b.breakLinks(service, func(*runningService) {}) }

// CutOne is [Harness.Cut] of one of the service's connections, whichever.
func (b *Harness) CutOne(service string) {
	u := b.service(service)
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = u.conns[0].Close()
}

// Unplug breaks the connections of a service, and no attempt to connect succeeds
// until [Harness.Plug].
func (b *Harness) Unplug(service string) {
	b.breakLinks(service, func(u *runningService) { u.unplugged = true })
}

// Plug lets a service connect again. It does so within its reconnect backoff.
func (b *Harness) Plug(service string) {
	u := b.service(service)
	b.mu.Lock()
	defer b.mu.Unlock()
	u.unplugged = false
}

// Kill ends the connections of a service for good and without DISCONNECT, so
// that its will speaks, as when its process dies. Its handlers run on, and reach
// nobody. [Harness.Add] starts its successor.
func (b *Harness) Kill(service string) {
	b.breakLinks(service, func(u *runningService) { u.killed = true })
}
