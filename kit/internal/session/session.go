// Package session is the session state of paho, with two of its gaps closed.
package session

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/eclipse/paho.golang/packets"
	paho "github.com/eclipse/paho.golang/paho/session"
	"github.com/eclipse/paho.golang/paho/session/state"
)

// State lets no publication begin while a connection does: AddToSession of paho
// 0.23 reads the send quota without the lock under which ConAckReceived replaces
// it.
type State struct {
	*state.State
	mu      sync.RWMutex
	resumed atomic.Bool
}

// New returns an empty session.
func New() *State { return &State{State: state.NewInMemory()} }

// Resumed reports whether the broker kept the session of the link before the
// last one, and so delivers again what that left unacknowledged. It is known
// before the first of these deliveries.
func (s *State) Resumed() bool { return s.resumed.Load() }

// ConAckReceived adapts the session to a fresh connection.
func (s *State) ConAckReceived(w io.Writer, c *packets.Connect, a *packets.Connack) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resumed.Store(a.SessionPresent)
	return s.State.ConAckReceived(w, c, a)
}

// AddToSession waits for quota at most until the connection is lost.
func (s *State) AddToSession(ctx context.Context, p paho.Packet, r chan<- packets.ControlPacket) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.State.AddToSession(ctx, p, r)
}
