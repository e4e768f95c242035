package session

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

// Receipt is one message that is to be acknowledged when all who hold it are
// done. A nil one belongs to a message that needs none.
type Receipt struct {
	window  *ackWindow
	number  uint64
	holders atomic.Int32
}

// Hold makes one more Done necessary.
func (r *Receipt) Hold() {
	if r != nil {
		r.holders.Add(1)
	}
}

// Done ends one Hold. The last one acknowledges the message, as soon as all
// that arrived before it are done (MQTT 5, 4.6). It does nothing once the
// connection is lost: the broker delivers again. It does not wait, but for a
// message of QoS 2.
func (r *Receipt) Done() {
	if r != nil && r.holders.Add(-1) == 0 {
		r.window.done(r.number)
	}
}

// Open reports whether the message can still be acknowledged.
func (r *Receipt) Open() bool {
	if r == nil {
		return true
	}
	r.window.mu.Lock()
	defer r.window.mu.Unlock()
	return !r.window.closed
}

// ackWindow holds the messages of one connection that are not acknowledged, in
// order of arrival.
type ackWindow struct {
	conn    io.Writer
	session int                          // number of the session it belongs to
	ackQoS2 func(*packets.Publish) error // acknowledges at QoS 2, which needs the state

	mu          sync.Mutex
	closed      bool
	first       uint64 // number of the oldest
	unacked     []receivedMessage
	pendingAcks []byte
	idleSince   time.Time // since when unacked is empty
}

// receivedMessage is a message that arrived and is not acknowledged.
type receivedMessage struct {
	id   uint16
	qos  byte
	done bool
}

func (w *ackWindow) arrive(id uint16, qos byte) (n uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.unacked = append(w.unacked, receivedMessage{id: id, qos: qos})
	}
	return w.first + uint64(len(w.unacked)) - 1
}

func (w *ackWindow) done(n uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.unacked[n-w.first].done = true
	for len(w.unacked) > 0 && w.unacked[0].done {
		o := w.unacked[0]
		w.unacked = w.unacked[1:]
		w.first++
		if o.qos == 1 {
			w.pendingAcks = append(w.pendingAcks, packets.PUBACK<<4, 2, byte(o.id>>8), byte(o.id))
			continue
		}
		w.flush()
		_ = w.ackQoS2(&packets.Publish{PacketID: o.id, QoS: o.qos}) // an error is that of the connection, whose reader meets it
	}
	w.flush()
	if len(w.unacked) == 0 {
		w.idleSince = time.Now()
	}
}

// flush sends the acknowledgements of a run of messages in one piece.
func (w *ackWindow) flush() {
	if len(w.pendingAcks) == 0 {
		return
	}
	if c, ok := w.conn.(interface{ Acknowledge([]byte) }); ok {
		c.Acknowledge(w.pendingAcks)
	} else {
		_, _ = w.conn.Write(w.pendingAcks)
	}
	w.pendingAcks = w.pendingAcks[:0]
}

func (w *ackWindow) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed, w.unacked = true, nil
}
