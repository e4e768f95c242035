// Package broker embeds mochi-mqtt 2.7.9 as an MQTT 5 broker in this process,
// for tars up and for tests.
//
// mochi alone loses QoS 1 traffic: it keeps the packet ids of both directions
// in one map, and its send quota leaks, shuffles and can deadlock. Three things
// here stand in for those parts, all through its public interface: ids of
// clients are replaced by ids of mochi's own allocator while they are inside
// the broker, the Receive Maximum of a client is kept where packets are
// encoded, and what a session still owes is sent again in the order of
// publishing and within that window. docs/decisions/002-embedded-broker.md has
// the faults one by one.
//
// A message at QoS 1 or 2 that was accepted reaches every session subscribed to
// it, in order, over any number of lost connections, as long as the session has
// room (Options.Queue), the client takes packets of that size, and this process
// lives: nothing is written to disk.
package broker

import (
	"context"
	"log/slog"
	"net"
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
)

// Options of a Broker; the zero value is usable.
type Options struct {
	// Addr is a TCP address to listen on as well, "127.0.0.1:1883"; port 0 takes
	// a free one. Empty is in process only. Without Auth whoever reaches the
	// address may do everything, so keep it on the loopback interface.
	Addr  string
	Queue uint16       // QoS 1 and 2 messages kept per session, more are dropped; 0 is 16384
	Log   *slog.Logger // nil is silent
	Auth  mqtt.Hook    // decides who may connect and do what; nil allows everything
}

// Broker is an MQTT 5 broker inside this process. Its methods may be called
// from any goroutine.
type Broker struct {
	srv     *mqtt.Server
	l       *listener
	closing sync.Once
}

// New starts a broker. Close it.
func New(o Options) (*Broker, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Queue == 0 {
		o.Queue = 16384
	}
	if o.Auth == nil {
		o.Auth = new(auth.AllowHook)
	}
	caps := mqtt.NewDefaultServerCapabilities()
	caps.MaximumInflight, caps.MaximumClientWritesPending = o.Queue, 2*int32(o.Queue)
	caps.Compatibilities.NoInheritedPropertiesOnAck = true
	srv := mqtt.New(&mqtt.Options{
		Capabilities:             caps,
		Logger:                   o.Log,
		SysTopicResendInterval:   60,
		ClientNetWriteBufferSize: 1, // else acks wait behind a write loop that waits for the window; conn gathers writes itself
	})
	b := &Broker{srv: srv, l: &listener{addr: o.Addr, establish: srv.EstablishConnection, conns: map[*conn]struct{}{}}}
	if err := srv.AddHook(o.Auth, nil); err != nil {
		return nil, err
	}
	if err := srv.AddHook(&cure{sessions: map[string]*session{}, info: srv.Info}, nil); err != nil {
		return nil, err
	}
	if err := srv.AddListener(b.l); err != nil {
		return nil, err
	}
	return b, srv.Serve()
}

// Dial opens a connection without a port. Its far end is the broker's, which
// closes it when the client is gone. After Close it returns net.ErrClosed.
func (b *Broker) Dial(context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	if !b.l.start(func() { b.l.serve(far) }) {
		return nil, net.ErrClosed
	}
	return near, nil
}

// Addr returns the TCP address, "127.0.0.1:34567", or "" without one.
func (b *Broker) Addr() string {
	if b.l.tcp == nil {
		return ""
	}
	return b.l.tcp.Addr().String()
}

// Retained returns the retained payloads on the topics that filter matches.
func (b *Broker) Retained(filter string) [][]byte {
	var out [][]byte
	for _, p := range b.srv.Topics.Messages(filter) {
		out = append(out, p.Payload)
	}
	return out
}

// Clients counts the sessions, those without a connection included.
func (b *Broker) Clients() int { return b.srv.Clients.Len() }

// Dropped counts the messages thrown away because a queue was full, or because
// they are larger than the Maximum Packet Size of who would get them.
func (b *Broker) Dropped() int64 {
	i := b.srv.Info.Clone()
	return i.MessagesDropped + i.InflightDropped
}

// Close disconnects everyone and returns when their connections are closed,
// within a second or so. Sessions and retained messages are gone with it.
func (b *Broker) Close() error {
	var err error
	b.closing.Do(func() { err = b.srv.Close() })
	b.l.running.Wait()
	return err
}
