package kit

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho/session"
	"github.com/eclipse/paho.golang/paho/session/state"
)

// steady lets no publication begin while a connection does: AddToSession of
// paho 0.23 reads the send quota without the lock under which ConAckReceived
// replaces it.
type steady struct {
	*state.State
	mu      sync.RWMutex
	resumed atomic.Bool // the broker kept the session of the last link
}

// ConAckReceived adapts the session to a fresh connection.
func (s *steady) ConAckReceived(w io.Writer, c *packets.Connect, a *packets.Connack) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resumed.Store(a.SessionPresent)
	return s.State.ConAckReceived(w, c, a)
}

// AddToSession waits for quota at most until the connection is lost.
func (s *steady) AddToSession(ctx context.Context, p session.Packet, r chan<- packets.ControlPacket) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.State.AddToSession(ctx, p, r)
}
