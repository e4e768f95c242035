package broker

import (
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	highWater = 64 << 10 // bytes: messages wait while this much is unwritten, acks do not
	overflow  = 16 << 20 // bytes: a client that sends and never reads is cut off here
	farewell  = time.Second
)

// conn is the broker's end of a connection. Its writes never block mochi, which
// holds locks of the client while it writes.
type conn struct {
	net.Conn
	start func(func()) bool // runs what belongs to this connection
	done  chan struct{}     // closed when mochi is through with it, its will included

	// Of the goroutine that reads, and of no other.
	window  int              // the client's Receive Maximum
	s       *session         // nil until CONNACK
	before  *conn            // had the session before, or nil
	owed    []packets.Packet // taken out of mochi's hands at the takeover
	release func()           // ends the hold on the takeover lock, nil without one
	inner   uint16           // id of the packet in work, inside the broker
	outer   uint16           // and for the client

	mu      sync.Mutex
	changed sync.Cond
	open    map[uint16]struct{} // ids written here and not acknowledged
	ready   bool                // what was owed is sent
	closed  bool
	buf     []byte
}

func newConn(n net.Conn, start func(func()) bool) *conn {
	c := &conn{Conn: n, start: start, done: make(chan struct{}), open: map[uint16]struct{}{}}
	c.changed.L = &c.mu
	return c
}

func (c *conn) unlock() {
	if f := c.release; f != nil {
		c.release = nil
		f()
	}
}

func (c *conn) update(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.changed.Broadcast()
}

// admit waits until p may be written; false is never.
func (c *conn) admit(p packets.Packet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed && (!c.ready && !p.Ignore || len(c.buf) > highWater || p.FixedHeader.Qos > 0 && len(c.open) >= c.window) {
		c.changed.Wait()
	}
	if p.FixedHeader.Qos > 0 && !c.closed {
		c.open[p.PacketID] = struct{}{}
	}
	return !c.closed
}

// Write queues p. It reports no error, because mochi would then forget to
// publish a QoS 2 message that it has already noted as received.
func (c *conn) Write(p []byte) (int, error) {
	c.update(func() {
		if !c.closed {
			c.buf = append(c.buf, p...)
			c.closed = len(c.buf) > overflow
		}
	})
	return len(p), nil
}

// Close lets the pump write the rest and close the connection.
func (c *conn) Close() error {
	c.update(func() { c.closed = true })
	return c.Conn.SetDeadline(time.Now().Add(farewell))
}

// pump writes what is queued until the connection is closed.
func (c *conn) pump() {
	defer c.Conn.Close()
	var spare []byte
	for {
		c.mu.Lock()
		for len(c.buf) == 0 && !c.closed {
			c.changed.Wait()
		}
		out := c.buf
		c.buf = spare[:0]
		c.changed.Broadcast()
		c.mu.Unlock()
		if len(out) == 0 {
			return
		}
		if _, err := c.Conn.Write(out); err != nil {
			c.update(func() { c.closed, c.buf = true, nil })
			return
		}
		spare = out
	}
}

// listener serves pipes and, with an address, TCP. It owns every goroutine of
// this package: start refuses when it is closed, and running ends with the last.
type listener struct {
	addr      string
	tcp       net.Listener
	establish listeners.EstablishFn
	running   sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[*conn]struct{}
}

// start runs f, unless the listener is closed.
func (l *listener) start(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.running.Go(f)
	}
	return !l.closed
}

func (l *listener) Init(*slog.Logger) (err error) {
	if l.addr != "" {
		l.tcp, err = net.Listen("tcp", l.addr)
	}
	return err
}

func (l *listener) ID() string       { return "broker" }
func (l *listener) Address() string  { return l.addr }
func (l *listener) Protocol() string { return "mqtt" }

func (l *listener) Serve(listeners.EstablishFn) {
	if l.tcp == nil {
		return
	}
	l.start(func() {
		for {
			n, err := l.tcp.Accept()
			if err != nil {
				return
			}
			if !l.start(func() { l.serve(n) }) {
				_ = n.Close()
			}
		}
	})
}

// Close disconnects the clients, and then what connected and did not say more.
// It returns when all of them are gone: mochi counts connections in a WaitGroup
// that it would else wait for while the first one is being added.
func (l *listener) Close(disconnect listeners.CloseFn) {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	if l.tcp != nil {
		_ = l.tcp.Close()
	}
	disconnect(l.ID())
	l.mu.Lock()
	for c := range l.conns {
		_ = c.Close()
	}
	l.mu.Unlock()
	l.running.Wait()
}

func (l *listener) serve(n net.Conn) {
	c := newConn(n, l.start)
	if !l.start(c.pump) {
		_ = n.Close()
		return
	}
	l.mu.Lock()
	l.conns[c] = struct{}{}
	if l.closed {
		_ = c.Close()
	}
	l.mu.Unlock()
	_ = l.establish(l.ID(), c)
	c.unlock()
	_ = c.Close()
	close(c.done)
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}
