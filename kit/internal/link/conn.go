package link

import (
	"bufio"
	"net"
	"runtime"
	"sync"
	"time"
)

const (
	readBuffer     = 8 << 10  // bytes, for the life of a connection; more is no faster
	highWater      = 64 << 10 // bytes: writers wait while this much is unwritten
	minDirectWrite = 32 << 10 // bytes: a part this long is written from where it lies, a shorter one is copied sooner
	freshBuffer    = 4 << 10  // bytes of a fresh write buffer
	// disconnectTimeout is how long the last packet of a connection may take.
	disconnectTimeout = time.Second
)

// Kinds of packets that are treated apart, as the first four bits say them.
const (
	typePublish    = 3
	typePuback     = 4
	typePubrec     = 5
	typePubcomp    = 7
	typeDisconnect = 14

	qosBits = 6 // of the first byte of a publication
)

// Conn is a connection that is written in whole packets. Write may be called
// between Lock and Unlock only; both together, by any goroutine. A packet that
// cannot be written closes the connection, and is the error of the writes that
// follow: Unlock reports none.
//
// The path of a packet: Lock waits for room and for the packet before it; Write
// appends to buf; Unlock ends the packet. The first writer to end one while nobody
// is writing sets flushing and writes buf, without mu. Those who end a packet
// meanwhile find flushing set, leave theirs in buf and return, and the writer takes
// all of it with its next write. So many small packets cost few system calls, and
// nobody waits for a write but the one who makes it.
//
// Three states hold this together, all of them guarded by mu:
//
//   - flushing: exactly one goroutine owes a write of what is in buf. Only it calls
//     flush, and it clears the state when buf is empty.
//   - held: a part of minDirectWrite bytes or more is being written from where it lies, so its
//     packet is half on the wire. No other packet may begin (Lock waits) or be added
//     to buf (Acknowledge puts it into heldAcks). Who holds also owes the write, so held
//     implies flushing once the write has begun.
//   - firstByte: the first byte of the packet in work, which has its type. It decides who
//     writes: an acknowledgement is left to a goroutine of its own, so that what
//     follows at once joins it; DISCONNECT waits until everything is written, or for a
//     second; everything else is written by whoever ended it.
type Conn struct {
	net.Conn
	Published func() // called when a publication at QoS 1 or 2 is written or waits to be; nil for nobody
	r         *bufio.Reader

	mu        sync.Mutex // held for a packet, and never during a write
	changed   sync.Cond
	buf       *[]byte // packets that end here wait; nil is empty
	firstByte byte    // of the packet in work; 0 before it
	held      bool    // a long part is being written, and its packet is not complete
	heldAcks  []byte  // acknowledgements that came while held
	flushing  bool    // one goroutine owes the write of what is in buf
	err       error
}

// buffers are shared by all connections, so an idle one has none.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, freshBuffer); return &b }}

// New makes c a connection that is written in whole packets.
func New(c net.Conn) *Conn {
	l := &Conn{Conn: c, r: bufio.NewReaderSize(c, readBuffer)}
	l.changed.L = &l.mu
	return l
}

// Read reads through a buffer.
func (c *Conn) Read(p []byte) (int, error) { return c.r.Read(p) }

// Close closes the connection. What is not written yet is lost, except before
// a DISCONNECT.
func (c *Conn) Close() error {
	err := c.Conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail(net.ErrClosed)
	return err
}

// Lock begins a packet.
func (c *Conn) Lock() {
	c.mu.Lock()
	for c.err == nil && (c.held || c.unwritten() >= highWater) {
		c.changed.Wait()
	}
	c.firstByte = 0
}

// Write adds to the packet.
func (c *Conn) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.firstByte == 0 && len(p) > 0 {
		c.firstByte = p[0]
	}
	if len(p) >= minDirectWrite {
		return c.writeThrough(p)
	}
	c.add(p)
	return len(p), nil
}

func (c *Conn) add(p []byte) {
	if c.err != nil {
		return
	}
	if c.buf == nil {
		c.buf = buffers.Get().(*[]byte)
	}
	*c.buf = append(*c.buf, p...)
}

// writeThrough writes what waits and p, without a copy of p. It lets mu go
// meanwhile, and nobody else into the packet.
func (c *Conn) writeThrough(p []byte) (int, error) {
	c.held = true
	for c.flushing && c.err == nil {
		c.changed.Wait()
	}
	if c.err != nil {
		return 0, c.err
	}
	c.flushing = true
	out := c.take()
	c.mu.Unlock()
	parts := net.Buffers{p}
	if out != nil {
		parts = net.Buffers{*out, p}
	}
	_, err := parts.WriteTo(c.Conn)
	if err != nil {
		_ = c.Conn.Close()
	}
	recycleBuffer(out)
	c.mu.Lock()
	c.held, c.flushing = false, false
	if err != nil {
		c.fail(err)
		return 0, c.err
	}
	c.changed.Broadcast()
	return len(p), nil
}

// Acknowledge writes whole packets, and never waits: not for room, and not for
// the packet of another.
func (c *Conn) Acknowledge(packets []byte) {
	c.mu.Lock()
	if c.held {
		c.heldAcks = append(c.heldAcks, packets...)
		c.mu.Unlock()
		return
	}
	c.add(packets)
	c.firstByte = typePuback << 4
	c.Unlock()
}

// Unlock ends a packet.
func (c *Conn) Unlock() {
	if len(c.heldAcks) > 0 {
		c.add(c.heldAcks)
		c.heldAcks = c.heldAcks[:0]
	}
	kind, mine := c.firstByte>>4, c.err == nil && !c.flushing && c.buf != nil
	c.flushing = c.flushing || mine
	if kind == typePublish && c.firstByte&qosBits != 0 && c.Published != nil {
		c.Published() // in the order of writing, so before others may write
	}
	c.mu.Unlock()
	switch {
	case kind == typeDisconnect:
		c.flushForDisconnect(mine)
	case !mine:
	case kind == typePuback || kind == typePubrec || kind == typePubcomp:
		go c.flushAll()
	default:
		if c.flush() {
			go c.flushAll()
		}
	}
}

// flushForDisconnect waits until all is written.
func (c *Conn) flushForDisconnect(mine bool) {
	_ = c.SetWriteDeadline(time.Now().Add(disconnectTimeout))
	if mine {
		c.flushAll()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.flushing && c.err == nil {
		c.changed.Wait()
	}
}

// flushAll writes until nothing waits.
func (c *Conn) flushAll() {
	for c.flush() {
	}
}

// flush writes what waits, and reports whether more came meanwhile; if so, the
// caller owes another flush. It belongs to whoever set flushing.
func (c *Conn) flush() bool {
	runtime.Gosched() // writers that are ready to run join this write
	c.mu.Lock()
	out := c.take()
	c.mu.Unlock()
	var err error
	if out != nil {
		if _, err = c.Conn.Write(*out); err != nil {
			_ = c.Conn.Close()
		}
		recycleBuffer(out)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.fail(err)
	}
	c.flushing = c.err == nil && c.buf != nil && !c.held // who holds a packet writes the rest
	c.changed.Broadcast()
	return c.flushing
}

// fail ends all writing. Its caller has locked mu.
func (c *Conn) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.held = false
	recycleBuffer(c.take())
	c.changed.Broadcast()
}

func (c *Conn) unwritten() int {
	if c.buf == nil {
		return 0
	}
	return len(*c.buf)
}

func (c *Conn) take() *[]byte {
	out := c.buf
	c.buf = nil
	return out
}

func recycleBuffer(b *[]byte) {
	if b != nil {
		*b = (*b)[:0]
		buffers.Put(b)
	}
}
