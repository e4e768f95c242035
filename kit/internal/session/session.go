// Package session is the session state of paho, with its gaps closed.
package session

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/packets"
	paho "github.com/eclipse/paho.golang/paho/session"
	"github.com/eclipse/paho.golang/paho/session/state"
)

// State is what lasts longer than a connection. It differs from that of paho
// 0.23 in five ways.
//
// No publication begins while a connection does: AddToSession of paho reads the
// send quota without the lock under which ConAckReceived replaces it.
//
// Messages are acknowledged by their Receipt, at once and in order of arrival.
// The manual acknowledgements of paho wait for a ticker that never rests, and
// the automatic ones come before the work is done.
//
// Nobody waits for ever. paho drops its publications without a word when the
// broker has forgotten the session, and stores one that began on an earlier
// connection where nothing writes it. Both end with an error here.
//
// Nothing is sent for ever: what closes each link is found and given up.
//
// A publication is kept as it is until it is acknowledged, so it must not
// change meanwhile. It is made into bytes when it has to be sent again.
type State struct {
	*state.State
	mu          sync.RWMutex
	connections int       // since the start
	sessions    int       // of them, those for which the broker had no session
	lostAt      time.Time // when the broker was last found to have lost the session

	order publishOrder // of publications that wait for a connection

	waitersMu sync.Mutex
	waiters   map[uint16]chan<- packets.ControlPacket // publications without an answer
	window    atomic.Pointer[ackWindow]               // of the last connection
	poison    poisonDetector
}

// New returns an empty session.
func New() *State {
	sent := newPacketStore()
	s := &State{State: state.New(sent, newPacketStore()), waiters: map[uint16]chan<- packets.ControlPacket{}, poison: poisonDetector{sent: sent}}
	s.window.Store(&ackWindow{closed: true})
	return s
}

// Redelivered reports whether the broker delivers the message of r again: it came on
// an earlier connection, in the session that the present one goes on with. It is
// known before the first of these deliveries.
func (s *State) Redelivered(r *Receipt) bool {
	now := s.window.Load()
	return r != nil && r.window != now && r.window.session == now.session
}

// LostWithin reports whether the broker lost the session less than d ago, and with it
// most likely those of other clients, which are about to come back as well.
func (s *State) LostWithin(d time.Duration) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return !s.lostAt.IsZero() && time.Since(s.lostAt) < d
}

// Arrive notes a message, in order of arrival, and returns its receipt, which is
// held once. At QoS 0 there is none.
func (s *State) Arrive(id uint16, qos byte) *Receipt {
	if qos == 0 {
		return nil
	}
	r := &Receipt{window: s.window.Load()}
	r.holders.Store(1)
	r.number = r.window.arrive(id, qos)
	return r
}

// IdleFor reports whether the broker delivered nothing for d, although the window had
// room.
func (s *State) IdleFor(d time.Duration) bool {
	w := s.window.Load()
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.closed && len(w.unacked) == 0 && time.Since(w.idleSince) >= d
}

// Ack does nothing: the client calls it when its callback returns, and the work
// may not have begun.
func (s *State) Ack(*packets.Publish) error { return nil }

// ConAckReceived adapts the session to a fresh connection.
func (s *State) ConAckReceived(w io.Writer, c *packets.Connect, a *packets.Connack) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections++
	if !a.SessionPresent {
		s.sessions++
		s.failWaiters()
		if s.connections > 1 {
			s.lostAt = time.Now()
		}
	}
	s.window.Load().close()
	s.window.Store(&ackWindow{conn: w, ackQoS2: s.State.Ack, session: s.sessions, idleSince: time.Now()})
	s.poison.linkUp()
	err := s.State.ConAckReceived(w, c, a)
	if err != nil { // lost while packets were sent again: the client does not tell
		s.noteLinkEnd(nil)
	}
	return err
}

// ConnectionLost ends what belongs to the connection. It may be called again.
func (s *State) ConnectionLost(d *packets.Disconnect) error {
	s.window.Load().close()
	s.noteLinkEnd(d)
	return s.State.ConnectionLost(d)
}

// boundContext is the context of a publication on one connection.
type boundContext struct {
	context.Context
	link int
	turn *Turn
}

type boundContextKey struct{}

// Value implements context.Context.
func (b boundContext) Value(key any) any {
	if key == (boundContextKey{}) {
		return b
	}
	return b.Context.Value(key)
}

// AfterFunc spares package context a goroutine for each context made of this one.
func (b boundContext) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(b.Context, f) }

// Bind makes ctx one for a publication on the connection of now. turn is its
// place among others, or nil.
func (s *State) Bind(ctx context.Context, turn *Turn) context.Context {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return boundContext{ctx, s.connections, turn}
}

// AddToSession waits for quota at most until the connection is lost.
func (s *State) AddToSession(ctx context.Context, p paho.Packet, r chan<- packets.ControlPacket) error {
	if pub, ok := p.(*packets.Publish); ok {
		if err := s.poison.awaitVerdict(ctx, pub); err != nil {
			return err
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, ok := ctx.Value(boundContextKey{}).(boundContext)
	if ok && b.link != s.connections {
		return paho.ErrNoConnection
	}
	if err := s.State.AddToSession(ctx, p, r); err != nil {
		return err
	}
	s.order.markStored(b.turn)
	if pub, ok := p.(*packets.Publish); ok { // it is not written yet, so no answer overtakes this
		s.waitersMu.Lock()
		defer s.waitersMu.Unlock()
		s.waiters[pub.PacketID] = r
	}
	return nil
}

// PacketReceived takes what has a packet id.
func (s *State) PacketReceived(p *packets.ControlPacket, to chan<- *packets.Publish) error {
	if p.Type == packets.PUBACK || p.Type == packets.PUBCOMP || p.Type == packets.PUBREC && p.Content.(*packets.Pubrec).ReasonCode >= 0x80 {
		s.waitersMu.Lock()
		delete(s.waiters, p.PacketID())
		s.waitersMu.Unlock()
	}
	return s.State.PacketReceived(p, to)
}

// failWaiters tells all who wait for an answer that there will be none.
func (s *State) failWaiters() {
	s.waitersMu.Lock()
	defer s.waitersMu.Unlock()
	for id, r := range s.waiters {
		delete(s.waiters, id)
		select {
		case r <- packets.ControlPacket{}: // which paho takes for a shutdown
		default:
		}
	}
}
