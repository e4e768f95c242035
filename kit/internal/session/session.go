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
	mu       sync.RWMutex
	links    int       // how many there were
	sessions int       // of them, those that found none
	lapsed   time.Time // when the broker was last found to have forgotten

	order order // of publications that wait for a connection

	waits   sync.Mutex
	waiting map[uint16]chan<- packets.ControlPacket // publications without an answer
	window  atomic.Pointer[window]                  // of the last connection
	trial   trial
}

// New returns an empty session.
func New() *State {
	sent := newStore()
	s := &State{State: state.New(sent, newStore()), waiting: map[uint16]chan<- packets.ControlPacket{}, trial: trial{sent: sent}}
	s.window.Store(&window{closed: true})
	return s
}

// Again reports whether the broker delivers the message of r again: it came on
// an earlier connection, in the session that the present one goes on with. It is
// known before the first of these deliveries.
func (s *State) Again(r *Receipt) bool {
	now := s.window.Load()
	return r != nil && r.window != now && r.window.session == now.session
}

// Lapsed reports whether the broker forgot the session less than d ago, and with
// it most likely those of others, who come back as we did.
func (s *State) Lapsed(d time.Duration) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return !s.lapsed.IsZero() && time.Since(s.lapsed) < d
}

// Arrive notes a message, in order of arrival, and returns its receipt, which is
// held once. At QoS 0 there is none.
func (s *State) Arrive(id uint16, qos byte) *Receipt {
	if qos == 0 {
		return nil
	}
	r := &Receipt{window: s.window.Load()}
	r.held.Store(1)
	r.n = r.window.arrive(id, qos)
	return r
}

// Quiet reports whether the broker had nothing to deliver for d, although
// nothing kept it from delivering.
func (s *State) Quiet(d time.Duration) bool {
	w := s.window.Load()
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.closed && len(w.open) == 0 && time.Since(w.quiet) >= d
}

// Ack does nothing: the client calls it when its callback returns, and the work
// may not have begun.
func (s *State) Ack(*packets.Publish) error { return nil }

// ConAckReceived adapts the session to a fresh connection.
func (s *State) ConAckReceived(w io.Writer, c *packets.Connect, a *packets.Connack) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links++
	if !a.SessionPresent {
		s.sessions++
		s.forget()
		if s.links > 1 {
			s.lapsed = time.Now()
		}
	}
	s.window.Load().close()
	s.window.Store(&window{conn: w, twice: s.State.Ack, session: s.sessions, quiet: time.Now()})
	s.trial.linked()
	err := s.State.ConAckReceived(w, c, a)
	if err != nil { // lost while packets were sent again: the client does not tell
		s.ended(nil)
	}
	return err
}

// ConnectionLost ends what belongs to the connection. It may be called again.
func (s *State) ConnectionLost(d *packets.Disconnect) error {
	s.window.Load().close()
	s.ended(d)
	return s.State.ConnectionLost(d)
}

// bound is the context of a publication on one connection.
type bound struct {
	context.Context
	link int
	turn *Turn
}

type boundKey struct{}

// Value implements context.Context.
func (b bound) Value(key any) any {
	if key == (boundKey{}) {
		return b
	}
	return b.Context.Value(key)
}

// AfterFunc spares package context a goroutine for each context made of this one.
func (b bound) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(b.Context, f) }

// Bind makes ctx one for a publication on the connection of now. turn is its
// place among others, or nil.
func (s *State) Bind(ctx context.Context, turn *Turn) context.Context {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return bound{ctx, s.links, turn}
}

// AddToSession waits for quota at most until the connection is lost.
func (s *State) AddToSession(ctx context.Context, p paho.Packet, r chan<- packets.ControlPacket) error {
	if pub, ok := p.(*packets.Publish); ok {
		if err := s.trial.wait(ctx, pub); err != nil {
			return err
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, ok := ctx.Value(boundKey{}).(bound)
	if ok && b.link != s.links {
		return paho.ErrNoConnection
	}
	if err := s.State.AddToSession(ctx, p, r); err != nil {
		return err
	}
	s.order.keep(b.turn)
	if pub, ok := p.(*packets.Publish); ok { // it is not written yet, so no answer overtakes this
		s.waits.Lock()
		defer s.waits.Unlock()
		s.waiting[pub.PacketID] = r
	}
	return nil
}

// PacketReceived takes what has a packet id.
func (s *State) PacketReceived(p *packets.ControlPacket, to chan<- *packets.Publish) error {
	if p.Type == packets.PUBACK || p.Type == packets.PUBCOMP || p.Type == packets.PUBREC && p.Content.(*packets.Pubrec).ReasonCode >= 0x80 {
		s.waits.Lock()
		delete(s.waiting, p.PacketID())
		s.waits.Unlock()
	}
	return s.State.PacketReceived(p, to)
}

// forget tells all who wait for an answer that there will be none.
func (s *State) forget() {
	s.waits.Lock()
	defer s.waits.Unlock()
	for id, r := range s.waiting {
		delete(s.waiting, id)
		select {
		case r <- packets.ControlPacket{}: // which paho takes for a shutdown
		default:
		}
	}
}
