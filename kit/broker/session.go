package broker

import (
	"math"
	"slices"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// session is what outlives a connection. cure.mu guards all but qos2, which
// only the goroutine that reads uses.
type session struct {
	trusted       bool // made over a connection of Dial
	ended         bool // nothing is added any more
	lastConn      *conn
	timer         *time.Timer // ends it when no connection comes, else nil
	delayedWill   *time.Timer // publishes the will when no connection comes, else nil
	seq           uint64
	unacked       map[uint16]unackedMessage // by broker id, until acknowledged
	written       map[uint16]bool           // of these, the ones written at least once
	qos2          map[uint16]uint16         // client id → broker id of an inbound QoS 2 flow
	unackedBytes  int64                     // of the messages in unacked
	subscriptions int                       // how many, each weighted by filterWeight
	caughtUp      chan struct{}             // closed when it is no longer behind; nil: nobody waits for that
}

// unackedMessage is a message that a session owes its client.
type unackedMessage struct {
	seq  uint64 // order of publishing
	size int64
}

// grantExpiry is how long the session of c may outlive its connection. In the place of
// the seconds that the client asked for, mochi gets what is over or never is.
func (h *cure) grantExpiry(c *conn, asked *uint32) time.Duration {
	switch {
	case c.login.version < 5 && c.login.clean, c.login.version == 5 && *asked == 0:
		return 0
	case c.login.version < 5:
		return h.limits.SessionExpiry
	}
	granted := min(time.Duration(*asked)*time.Second, h.limits.SessionExpiry)
	*asked = math.MaxUint32
	return granted
}

// tookReservedID reports whether c took a client id of this process between its login
// and now.
func (h *cure) tookReservedID(c *conn, id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !c.trusted && h.reservedBy(id) != ""
}

// takeOverSession runs when CONNACK is about to be written, between mochi's copy of the
// old session and its resending of all of it: it leaves only PUBREL to resend.
// It returns the connection that had the session before, nil without one.
func (h *cure) takeOverSession(cl *mqtt.Client, c *conn, present bool) (before *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[cl.ID]
	if s != nil {
		before = s.lastConn
		s.stopTimers()
	}
	if s == nil || !present {
		h.forgetSession(cl.ID)
		s = &session{trusted: c.trusted, unacked: map[uint16]unackedMessage{}, written: map[uint16]bool{}, qos2: map[uint16]uint16{}}
		h.sessions[cl.ID] = s
		if !s.trusted {
			h.untrustedSessions++
		}
	}
	h.resolveSession(c)
	c.session, s.lastConn = s, c
	for _, p := range cl.State.Inflight.GetAll(false) {
		if p.FixedHeader.Type != packets.Pubrel {
			cl.State.Inflight.Delete(p.PacketID)
			c.resend = append(c.resend, p)
		}
	}
	slices.SortFunc(c.resend, func(a, b packets.Packet) int {
		return int(int64(s.unacked[a.PacketID].seq - s.unacked[b.PacketID].seq))
	})
	return before
}

// OnQosPublish is called for each message put into a session, with its id.
func (h *cure) OnQosPublish(cl *mqtt.Client, p packets.Packet, _ int64, _ int) {
	if c, ok := cl.Net.Conn.(*conn); ok && p.FixedHeader.Type == packets.Publish {
		h.mu.Lock()
		defer h.mu.Unlock()
		if c.session != nil && !c.session.ended {
			size := memoryCost(p)
			h.removeUnacked(c.session, p.PacketID)
			c.session.seq++
			c.session.unacked[p.PacketID] = unackedMessage{c.session.seq, size}
			c.session.unackedBytes += size
			if !c.session.trusted {
				h.untrustedBytes.Add(size)
			} else if c.session.isBehind() {
				h.slowSender(p.Origin, c.session)
			}
		}
	}
}

// OnQosDropped is called for a message that left a session without an
// acknowledgement, because it expired or the session ends.
func (h *cure) OnQosDropped(cl *mqtt.Client, p packets.Packet) {
	c, ok := cl.Net.Conn.(*conn)
	if !ok || cl.IsTakenOver() { // the session lives on elsewhere
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.session != nil {
		h.removeUnacked(c.session, p.PacketID)
	}
}

// removeUnacked takes a message off what s owes. h.mu is held.
func (h *cure) removeUnacked(s *session, id uint16) {
	d, ok := s.unacked[id]
	if !ok {
		return
	}
	delete(s.unacked, id)
	delete(s.written, id)
	s.unackedBytes -= d.size
	if !s.trusted {
		h.untrustedBytes.Add(-d.size)
	}
	if s.caughtUp != nil && !s.isBehind() {
		close(s.caughtUp)
		s.caughtUp = nil
	}
}

// OnClientExpired forgets a session.
func (h *cure) OnClientExpired(cl *mqtt.Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forgetSession(cl.ID)
}

// forgetSession drops the session of a client id, if there is one. h.mu is held.
func (h *cure) forgetSession(id string) {
	s := h.sessions[id]
	if s == nil {
		return
	}
	delete(h.sessions, id)
	s.ended = true
	h.subscriptions -= s.subscriptions
	for id := range s.unacked {
		h.removeUnacked(s, id)
	}
	if !s.trusted {
		h.untrustedSessions--
	}
}

// expireLater ends a session that outlives its connection, in time. mochi would
// forget the session and keep its subscriptions, for the next client of the name.
func (h *cure) expireLater(cl *mqtt.Client, c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[cl.ID]
	if s == nil || s.lastConn != c || h.closed {
		return
	}
	s.timer = time.AfterFunc(c.expiry, func() {
		defer h.recoverPanic()
		h.takeover.Lock()
		defer h.takeover.Unlock()
		if now, _ := h.srv.Clients.Get(cl.ID); now == cl && cl.Closed() {
			h.removeClient(cl)
		}
	})
}

// removeClient ends the session of a client without a connection. The takeover lock is
// held, so that nobody inherits it meanwhile.
func (h *cure) removeClient(cl *mqtt.Client) {
	cl.ClearInflights()
	h.srv.UnsubscribeClient(cl)
	h.srv.Clients.Delete(cl.ID)
	h.OnClientExpired(cl)
}

// stopTimers lets no session end any more.
func (h *cure) stopTimers() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, s := range h.sessions {
		s.stopTimers()
	}
}

// stopTimers lets nothing happen that was to happen without a connection. cure.mu is held.
func (s *session) stopTimers() {
	for _, t := range []**time.Timer{&s.timer, &s.delayedWill} {
		if *t != nil {
			(*t).Stop()
			*t = nil
		}
	}
}
