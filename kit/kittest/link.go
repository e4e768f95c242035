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

// transport leads u to the broker of the bench.
func (b *Harness) transport(u *runningService) fx.Option {
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
	if b.cutOff(u) {
		return nil, errUnplugged
	}
	conn, err := open()
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if u.dead || u.away {
		_ = conn.Close()
		return nil, errUnplugged
	}
	u.conns = append(u.conns, conn)
	return conn, nil
}

func (b *Harness) cutOff(u *runningService) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return u.dead || u.away
}

// sever changes u and breaks its connections.
func (b *Harness) sever(service string, change func(*runningService)) {
	u := b.unit(service)
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
func (b *Harness) Cut(service string) { b.sever(service, func(*runningService) {}) }

// CutOne is Cut of one of the service's connections, whichever.
func (b *Harness) CutOne(service string) {
	u := b.unit(service)
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = u.conns[0].Close()
}

// Unplug breaks the connections of a service, and no attempt to connect succeeds
// until Plug.
func (b *Harness) Unplug(service string) { b.sever(service, func(u *runningService) { u.away = true }) }

// Plug lets a service connect again. It does so within its reconnect backoff.
func (b *Harness) Plug(service string) {
	u := b.unit(service)
	b.mu.Lock()
	defer b.mu.Unlock()
	u.away = false
}

// Kill ends the connections of a service for good and without DISCONNECT, so
// that its will speaks, as when its process dies. Its handlers run on, and reach
// nobody. Add starts its successor.
func (b *Harness) Kill(service string) { b.sever(service, func(u *runningService) { u.dead = true }) }
