// Package broker embeds mochi-mqtt 2.7.9 as an MQTT 5 broker in this process,
// for tests and for programs that bring their broker along.
//
// mochi alone loses QoS 1 traffic: it keeps the packet ids of both directions
// in one map, and its send quota leaks, shuffles and can deadlock. Three things
// here stand in for those parts, all through its public interface: ids of
// clients are replaced by ids of mochi's own allocator while they are inside
// the broker, the Receive Maximum of a client is kept where packets are
// encoded, and what a session still owes is sent again in the order of
// publishing and within that window. The other files of this package
// name the faults one by one.
//
// A message at QoS 1 or 2 that was accepted reaches every session subscribed to
// it, in order, over any number of lost connections, as long as the session has
// room (Options.Queue and [Limits]), the client takes packets of that size, and
// this process lives: nothing is written to disk.
//
// mochi also trusts what it reads: some packets make it panic, and a few bytes
// make it set memory aside without bound. So it reads only packets that are
// complete and were checked here, what clients cost together has limits, and a
// panic ends one connection.
package broker

import (
	"cmp"
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
	// a free one. Empty is in process only. Without Auth and Password whoever
	// reaches the address may do everything, so keep it on the loopback interface.
	Addr  string
	Queue uint16       // QoS 1 and 2 messages kept per session, more are dropped; 0 is 16384
	Log   *slog.Logger // told what is refused, at most every 10s of each reason; nil is silent
	Auth  mqtt.Hook    // decides who may connect and do what; nil allows everything

	// User and Password are asked of clients that connect over TCP, before Auth.
	// An empty password lets everybody in.
	User, Password string

	// ClientIDs belong to clients that connect with Dial, as does every other
	// client id that such a client used, and what begins with one and a dot. A
	// client over TCP is refused them, and is told that they are services of
	// Process, by default "this process".
	ClientIDs []string
	Process   string

	MaxPacket uint32 // bytes of the largest packet that clients may send; 0 is 4 MiB
	Limits    Limits
}

// Broker is an MQTT 5 broker inside this process. Its methods may be called
// from any goroutine.
type Broker struct {
	srv     *mqtt.Server
	h       *cure
	l       *listener
	closing sync.Once
}

// New starts a broker. [Broker.Close] it.
func New(o Options) (*Broker, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Queue = cmp.Or(o.Queue, 16384)
	if o.Auth == nil {
		o.Auth = new(auth.AllowHook)
	}
	caps := mqtt.NewDefaultServerCapabilities()
	caps.MaximumInflight, caps.MaximumClientWritesPending = o.Queue, mochiQueueLength
	caps.ReceiveMaximum, caps.TopicAliasMaximum = receiveMaximum, 0
	caps.MaximumMessageExpiryInterval = 0 // else what is retained is gone after a day
	caps.Compatibilities.NoInheritedPropertiesOnAck = true
	srv := mqtt.New(&mqtt.Options{
		Capabilities:             caps,
		Logger:                   slog.New(slog.DiscardHandler), // it logs what clients send, a line per packet
		SysTopicResendInterval:   60,
		ClientNetReadBufferSize:  256, // conn has its own
		ClientNetWriteBufferSize: 1,   // else acks wait for the next packet; conn gathers writes itself
	})
	h := newCure(srv, o)
	b := &Broker{srv: srv, h: h, l: &listener{addr: o.Addr, h: h, establish: srv.EstablishConnection, conns: map[*conn]struct{}{}}}
	if err := srv.AddHook(roomCheck{o.Auth, h}, nil); err != nil {
		return nil, err
	}
	if err := srv.AddHook(h, nil); err != nil {
		return nil, err
	}
	if err := srv.AddListener(b.l); err != nil {
		return nil, err
	}
	return b, srv.Serve()
}

// newCure returns the hook that follows mochi through the lives of its clients.
func newCure(srv *mqtt.Server, o Options) *cure {
	h := &cure{
		srv: srv, info: srv.Info, refusals: newRefusals(o.Log), limits: o.Limits.orDefaults(), maxPacket: cmp.Or(o.MaxPacket, 4<<20),
		user: o.User, password: o.Password, process: cmp.Or(o.Process, "this process"),
		sessions: map[string]*session{}, reserved: map[string]struct{}{}, retained: map[string]int64{},
	}
	for _, id := range o.ClientIDs {
		h.reserved[id] = struct{}{}
	}
	return h
}

// Dial opens a connection without a port. Its far end is the broker's, which
// closes it when the client is gone. The client is trusted: it needs no password,
// is in no total of [Limits], and its client id is refused to others from then on.
// After [Broker.Close] it returns net.ErrClosed.
func (b *Broker) Dial(context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	if !b.l.start(func() { b.l.serve(far, true) }) {
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
	b.h.takeover.Lock() // mochi does not lock what it reads here
	defer b.h.takeover.Unlock()
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

// Stats returns what clients cost now, and what was refused since the start.
func (b *Broker) Stats() Stats {
	b.l.mu.Lock()
	joining := len(b.l.beforeLogin)
	b.l.mu.Unlock()
	b.h.mu.Lock()
	defer b.h.mu.Unlock()
	return Stats{
		Connections: b.h.tcpClients, BeforeLogin: joining, Sessions: len(b.h.sessions),
		Subscriptions: b.h.subscriptions,
		Retained:      len(b.h.retained), RetainedBytes: b.h.retainedBytes,
		WaitingBytes: b.h.untrustedBytes.Load(), UnfinishedPackets: b.h.unfinishedBytes.Load(),
		Refused: b.h.refusals.counts(),
	}
}

// Close disconnects everyone and returns when their connections are closed,
// within a second or so. Sessions and retained messages are gone with it.
func (b *Broker) Close() error {
	var err error
	b.closing.Do(func() { err = b.srv.Close() })
	b.l.running.Wait()
	b.h.stopTimers()
	return err
}
