package broker

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/mochi-mqtt/server/v2/system"
)

// session is what outlives a connection. cure.mu guards all but qos2, which
// only the goroutine that reads uses.
type session struct {
	last *conn
	seq  uint64
	due  map[uint16]uint64 // broker id → order of publishing, until acknowledged
	sent map[uint16]bool   // of these, the ones written at least once
	qos2 map[uint16]uint16 // client id → broker id of an inbound QoS 2 flow
}

// cure is the hook. It follows mochi through the life of a connection: connect,
// takeover of the session, CONNACK, packets, disconnect.
type cure struct {
	mqtt.HookBase
	takeover sync.RWMutex // held to read while a packet is handled, to write while a session changes hands
	mu       sync.Mutex
	sessions map[string]*session // by client id
	info     *system.Info        // mochi's counters
}

func (h *cure) ID() string { return "cure" }

func (h *cure) Provides(b byte) bool {
	return slices.Contains([]byte{
		mqtt.OnConnect, mqtt.OnSessionEstablish, mqtt.OnSessionEstablished, mqtt.OnDisconnect, mqtt.OnClientExpired,
		mqtt.OnPacketRead, mqtt.OnPacketProcessed, mqtt.OnPacketEncode, mqtt.OnQosPublish, mqtt.OnWill,
	}, b)
}

// OnConnect switches mochi's own quotas and topic aliases off.
func (h *cure) OnConnect(cl *mqtt.Client, _ packets.Packet) error {
	if c, ok := cl.Net.Conn.(*conn); ok {
		p := &cl.Properties.Props
		if c.window = int(p.ReceiveMaximum); c.window == 0 {
			c.window = math.MaxUint16
		}
		p.ReceiveMaximum, p.TopicAliasMaximum = 0, 0
		unlimited(cl)
	}
	return nil
}

func unlimited(cl *mqtt.Client) {
	cl.State.Inflight.ResetSendQuota(0) // with a maximum of 0 mochi never parks a message
	cl.State.Inflight.ResetReceiveQuota(math.MaxInt32)
}

// OnSessionEstablish comes before mochi copies the old session.
func (h *cure) OnSessionEstablish(cl *mqtt.Client, _ packets.Packet) {
	if c, ok := cl.Net.Conn.(*conn); ok {
		h.takeover.Lock()
		c.release = h.takeover.Unlock
	}
}

// adopt runs when CONNACK is about to be written, between mochi's copy of the
// old session and its resending of all of it: it leaves only PUBREL to resend.
// It returns the connection that had the session before, nil without one.
func (h *cure) adopt(cl *mqtt.Client, c *conn, present bool) (before *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.s = h.sessions[cl.ID]; c.s != nil {
		before = c.s.last
	}
	if c.s == nil || !present {
		c.s = &session{due: map[uint16]uint64{}, sent: map[uint16]bool{}, qos2: map[uint16]uint16{}}
		h.sessions[cl.ID] = c.s
	}
	c.s.last = c
	for _, p := range cl.State.Inflight.GetAll(false) {
		if p.FixedHeader.Type != packets.Pubrel {
			cl.State.Inflight.Delete(p.PacketID)
			c.owed = append(c.owed, p)
		}
	}
	slices.SortFunc(c.owed, func(a, b packets.Packet) int { return int(int64(c.s.due[a.PacketID] - c.s.due[b.PacketID])) })
	return before
}

// OnSessionEstablished comes after mochi resent, and before it reads. It waits
// for the connection before this one, so that an old will never overtakes what
// the client says about itself now.
func (h *cure) OnSessionEstablished(cl *mqtt.Client, _ packets.Packet) {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return
	}
	unlimited(cl)
	resend := c.owed[:0]
	for _, p := range c.owed {
		switch p.FixedHeader.Type {
		case packets.Pubrec:
			cl.State.Inflight.Set(p)
		case packets.Publish:
			cl.State.Inflight.Set(p)
			h.mu.Lock()
			p.FixedHeader.Dup = c.s.sent[p.PacketID]
			h.mu.Unlock()
			p.Ignore = true // marks it for OnPacketEncode
			resend = append(resend, p)
		}
	}
	c.unlock()
	c.start(func() {
		for _, p := range resend {
			if _, ok := cl.State.Inflight.Get(p.PacketID); ok { // else expired
				_ = cl.WritePacket(p)
			}
		}
		c.update(func() { c.ready = true })
	})
	if c.before != nil {
		<-c.before.done
		c.before = nil
	}
}

// OnDisconnect comes last, after a will was published.
func (h *cure) OnDisconnect(cl *mqtt.Client, _ error, expire bool) {
	c, ok := cl.Net.Conn.(*conn)
	if ok {
		c.unlock()
	}
	if ok && expire && !cl.IsTakenOver() {
		h.OnClientExpired(cl)
	}
}

// OnClientExpired forgets a session.
func (h *cure) OnClientExpired(cl *mqtt.Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sessions, cl.ID)
}

// OnQosPublish is called for each message put into a session, with its id.
func (h *cure) OnQosPublish(cl *mqtt.Client, p packets.Packet, _ int64, _ int) {
	if c, ok := cl.Net.Conn.(*conn); ok && p.FixedHeader.Type == packets.Publish {
		h.mu.Lock()
		defer h.mu.Unlock()
		if c.s != nil {
			c.s.seq++
			c.s.due[p.PacketID] = c.s.seq
		}
	}
}

// OnPacketRead gives what the client started an id of the broker, and frees
// the window of what the client finished.
func (h *cure) OnPacketRead(cl *mqtt.Client, p packets.Packet) (packets.Packet, error) {
	c, ok := cl.Net.Conn.(*conn)
	if !ok || c.s == nil {
		return p, nil
	}
	h.hold(c)
	if cl.Closed() { // another connection has the session now
		c.unlock()
		return p, packets.ErrRejectPacket
	}
	switch t := p.FixedHeader.Type; t {
	case packets.Puback, packets.Pubcomp, packets.Pubrec:
		if t == packets.Pubrec && p.ReasonCode < 0x80 {
			break
		}
		h.mu.Lock()
		delete(c.s.due, p.PacketID)
		delete(c.s.sent, p.PacketID)
		h.mu.Unlock()
		c.update(func() { delete(c.open, p.PacketID) })
	case packets.Publish, packets.Pubrel, packets.Subscribe, packets.Unsubscribe:
		if p.PacketID != 0 {
			p.PacketID = c.enter(cl, p)
		}
	}
	return p, nil
}

// enter returns the id that p has inside the broker, and remembers both. mochi
// answers a packet before it reads the next, so one pair is enough.
func (c *conn) enter(cl *mqtt.Client, p packets.Packet) uint16 {
	release := p.FixedHeader.Type == packets.Pubrel
	exactly := release || p.FixedHeader.Type == packets.Publish && p.FixedHeader.Qos == 2
	id := c.s.qos2[p.PacketID]
	if flow, _ := cl.State.Inflight.Get(id); !exactly || flow.FixedHeader.Type != packets.Pubrec {
		n, err := cl.NextPacketID() // skips what is in flight
		if err != nil {
			return p.PacketID
		}
		id = uint16(n)
	}
	c.inner, c.outer = id, p.PacketID
	switch {
	case release:
		delete(c.s.qos2, c.outer)
	case exactly:
		c.s.qos2[c.outer] = id
	}
	return id
}

// OnWill comes before a will is published; OnDisconnect follows.
func (h *cure) OnWill(cl *mqtt.Client, w mqtt.Will) (mqtt.Will, error) {
	if c, ok := cl.Net.Conn.(*conn); ok {
		h.hold(c)
	}
	return w, nil
}

// hold keeps sessions from changing hands until c.unlock.
func (h *cure) hold(c *conn) {
	if c.release == nil {
		h.takeover.RLock()
		c.release = h.takeover.RUnlock
	}
}

// OnPacketProcessed ends the hold of OnPacketRead.
func (h *cure) OnPacketProcessed(cl *mqtt.Client, _ packets.Packet, _ error) {
	if c, ok := cl.Net.Conn.(*conn); ok {
		c.unlock()
	}
}

// discard forgets p, which is larger than what the client takes, as if it had
// been acknowledged. On a connection that is over it does nothing: the next one
// measures p by its own limit.
func (h *cure) discard(cl *mqtt.Client, c *conn, p packets.Packet) {
	h.takeover.RLock()
	defer h.takeover.RUnlock()
	if cl.Closed() {
		return
	}
	if p.FixedHeader.Qos == 0 {
		atomic.AddInt64(&h.info.MessagesDropped, 1)
		return
	}
	if cl.State.Inflight.Delete(p.PacketID) {
		atomic.AddInt64(&h.info.Inflight, -1)
		atomic.AddInt64(&h.info.InflightDropped, 1)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(c.s.due, p.PacketID)
	delete(c.s.sent, p.PacketID)
}

// OnPacketEncode gives the client its id back, discards what the client is not
// to get, and holds messages until the window has room. Only mochi's write loop
// and the resending wait here.
func (h *cure) OnPacketEncode(cl *mqtt.Client, p packets.Packet) packets.Packet {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return p
	}
	switch p.FixedHeader.Type {
	case packets.Connack:
		if c.release != nil { // else it is a refusal
			c.before = h.adopt(cl, c, p.SessionPresent)
		}
	case packets.Puback, packets.Pubrec, packets.Pubcomp, packets.Suback, packets.Unsuback:
		if p.PacketID == c.inner {
			p.PacketID = c.outer
		}
		if p.FixedHeader.Type == packets.Pubrec && p.ReasonCode == packets.ErrPacketIdentifierInUse.Code {
			p.ReasonCode, p.Properties.ReasonString = 0, "" // a repeat is no error
		}
	case packets.Publish:
		if tooLarge(p) {
			h.discard(cl, c, p)
			p.Mods.MaxSize = 1 // mochi does not write it
		} else if c.admit(p) && p.PacketID != 0 {
			h.mu.Lock()
			c.s.sent[p.PacketID] = true
			h.mu.Unlock()
		}
	}
	return p
}
