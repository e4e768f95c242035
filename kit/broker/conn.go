package broker

import (
	"bufio"
	"net"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	highWater    = 64 << 10 // bytes: messages wait while this much is unwritten, acks do not
	closeTimeout = time.Second
)

// conn is the broker's end of a connection. What it gives mochi to read are
// whole packets that are checked, see read.go. Its writes never block mochi,
// which holds locks of the client while it writes.
type conn struct {
	net.Conn
	h              *cure
	startGoroutine func(func()) bool // as listener.start: false when the listener is closed
	done           chan struct{}     // closed when mochi has finished with it, its will included
	trusted        bool              // made by Dial
	connectedAt    time.Time         // of the connection

	// Of the goroutine that reads, and of no other.
	in              *bufio.Reader
	frame           []byte // the packet that mochi is about to read, what is left of it
	spareFrame      []byte // for the next one
	readErr         error  // after the first packet that is refused nothing is read
	login           login
	cl              *mqtt.Client     // nil until mochi knows the client
	window          int              // the client's Receive Maximum
	session         *session         // nil until CONNACK; others read it with cure.mu
	previous        *conn            // the connection that had the session before, or nil
	resend          []packets.Packet // taken out of mochi's hands at the takeover
	releaseTakeover func()           // gives the takeover lock back; nil when it is not held
	brokerPacketID  uint16           // id of the packet in work, inside the broker
	clientPacketID  uint16           // and for the client
	noSubscribers   bool             // nobody subscribes to the topic of the PUBLISH in work
	unknownPubrec   uint16           // id of a PUBREC for what was not sent
	refusedFilters  []int            // filters of the SUBSCRIBE in work that are too many
	expiry          time.Duration    // how long the session may outlive this connection
	delayedWill     mqtt.Will        // published some time after the connection; without Flag there is none
	disconnected    bool             // OnDisconnect was called
	debtUntil       time.Time        // when the work that it made is done, at the rates of backlog.go
	bucketFull      time.Time        // when all of maxBurst is left again
	admitted        bool             // counts as a connection; with cure.mu
	sessionResolved bool             // has a session, or will have none; with cure.mu
	floodedSession  *session         // got more than it reads from this connection, or nil; with cure.mu

	subscribing atomic.Bool   // mochi asks for the right to subscribe, not to deliver
	outbound    reflect.Value // mochi's queue of this client

	mu           sync.Mutex
	changed      sync.Cond
	inWindow     map[uint16]struct{} // ids written here and not acknowledged
	resendQueued bool                // what the session had not delivered is in the queue
	closed       bool
	buf          []byte
	ackBytes     int // bytes of buf that are no messages
	queue        []message
	waitingBytes atomic.Int64 // bytes of the QoS 0 messages in queue
}

// message waits to be written. One with an acknowledgement stays in mochi's
// hands until then.
type message struct {
	id     uint16 // 0 at QoS 0
	size   int64
	packet *packets.Packet // nil with an id
}

func newConn(n net.Conn, h *cure, start func(func()) bool, trusted bool) *conn {
	c := &conn{Conn: n, h: h, startGoroutine: start, done: make(chan struct{}), inWindow: map[uint16]struct{}{}, trusted: trusted,
		connectedAt: time.Now(), in: bufio.NewReader(n)}
	c.changed.L = &c.mu
	return c
}

func (c *conn) unlockTakeover() {
	if f := c.releaseTakeover; f != nil {
		c.releaseTakeover = nil
		f()
	}
}

func (c *conn) update(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.changed.Broadcast()
}

// Write queues p, a packet that is no message. It reports no error, because
// mochi would then forget to publish a QoS 2 message that it has already noted
// as received.
func (c *conn) Write(p []byte) (int, error) {
	c.update(func() {
		if c.closed {
			return
		}
		c.buf = append(c.buf, p...)
		if c.ackBytes += len(p); c.ackBytes > maxQueuedAcks {
			c.closed = true
			_ = c.Conn.SetDeadline(time.Now().Add(closeTimeout)) // the pump waits for the client to read
			c.h.refusals.count(refusedUnreadAcks, "a client sends and does not read")
		}
	})
	return len(p), nil
}

func (c *conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// SetDeadline is called by mochi before each packet, for the silence that the
// client may keep. Writing has no deadline until Close sets one.
func (c *conn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

// Close lets the pump write the rest and close the connection.
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.changed.Broadcast()
	return c.Conn.SetDeadline(time.Now().Add(closeTimeout))
}

// enqueue takes the message p out of mochi's queue, and never waits.
func (c *conn) enqueue(p packets.Packet) {
	m := message{id: p.PacketID}
	if p.FixedHeader.Qos == 0 {
		m.packet, m.size = &p, memoryCost(p)
		if !c.h.hasRoom(c) {
			atomic.AddInt64(&c.h.info.MessagesDropped, 1)
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.queue = append(c.queue, m)
	c.countWaiting(m.size)
	c.changed.Broadcast()
}

func (c *conn) countWaiting(n int64) {
	c.waitingBytes.Add(n)
	if c.trusted {
		c.h.trustedBytes.Add(n)
	} else {
		c.h.untrustedBytes.Add(n)
	}
}

// canSendNext reports whether the next message may be written. c.mu is held.
func (c *conn) canSendNext() bool {
	return c.resendQueued && len(c.queue) > 0 && len(c.buf) <= highWater && (c.queue[0].id == 0 || len(c.inWindow) < c.window)
}

// pump writes what is queued until the connection is closed.
func (c *conn) pump() {
	defer c.Conn.Close()
	defer c.dropQueue()
	var spare []byte
	for {
		out := c.nextWrite(spare)
		if len(out) == 0 {
			return
		}
		if _, err := c.Conn.Write(out); err != nil {
			return
		}
		if spare = out[:0]; cap(spare) > 2*highWater {
			spare = nil
		}
	}
}

// dropQueue drops what is not written.
func (c *conn) dropQueue() {
	c.update(func() {
		c.closed, c.buf, c.queue = true, nil, nil
		c.countWaiting(-c.waitingBytes.Load())
	})
}

// nextWrite waits until there is something to write, and returns it; empty is: the
// connection is closed.
func (c *conn) nextWrite(spare []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.buf) == 0 && !c.closed {
		if !c.canSendNext() {
			c.changed.Wait()
		}
		for !c.closed && c.canSendNext() {
			c.encodeNext()
		}
	}
	out := c.buf
	c.buf, c.ackBytes = spare, 0
	return out
}

// encodeNext moves the next message from the queue to buf. c.mu is held, but not
// while it is encoded.
func (c *conn) encodeNext() {
	m := c.queue[0]
	c.queue[0] = message{}
	if c.queue = c.queue[1:]; len(c.queue) == 0 {
		c.queue = nil
	}
	c.countWaiting(-m.size)
	if _, twice := c.inWindow[m.id]; twice {
		return
	}
	if m.id != 0 {
		c.inWindow[m.id] = struct{}{}
	}
	b := func() []byte {
		c.mu.Unlock()
		defer c.mu.Lock()
		return c.h.encodeMessage(c, m)
	}()
	if b == nil {
		delete(c.inWindow, m.id)
	}
	if len(c.buf) == 0 && len(b) > highWater {
		c.buf = b // it need not be copied
		return
	}
	c.buf = append(c.buf, b...)
}

// awaitRoom waits until mochi's queue of this client has room for whoever publishes.
// The loop that empties it never waits, so this does not take long.
func (c *conn) awaitRoom() {
	if c.outbound.Len() <= mochiQueueLength/2 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed && c.outbound.Len() > mochiQueueLength/2 {
		c.changed.Wait()
	}
}
