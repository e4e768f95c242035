package broker

import (
	"math"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/mochi-mqtt/server/v2/system"
)

// cure is the hook that repairs faults of mochi from outside. It follows mochi through
// the life of a connection: connect, takeover of the session, CONNACK, packets,
// disconnect.
type cure struct {
	mqtt.HookBase
	takeover sync.RWMutex // held to read while a packet is handled, to write while a session changes hands
	srv      *mqtt.Server
	info     *system.Info // mochi's counters
	refusals *refusals

	limits         Limits
	maxPacket      uint32
	user, password string // of clients over TCP; no password lets all in
	process        string // whose broker this is, for who asks for a reserved client id

	untrustedBytes  atomic.Int64 // bytes for clients over TCP
	trustedBytes    atomic.Int64 // bytes at QoS 0 for clients of this process
	unfinishedBytes atomic.Int64 // bytes of packets that are not here as a whole

	mu                 sync.Mutex
	sessions           map[string]*session // by client id
	untrustedSessions  int                 // of these, those of untrusted clients
	unresolvedSessions int                 // connections that are logged in and have neither found nor made their session yet
	tcpClients         int                 // connections over TCP that are logged in
	reserved           map[string]struct{} // client ids of this process
	subscriptions      int                 // of all sessions; mochi's own count can go below 0
	retained           map[string]int64    // bytes by topic
	retainedBytes      int64
	closed             bool // the broker is closed
}

func (h *cure) ID() string { return "cure" }

func (h *cure) Provides(b byte) bool {
	return slices.Contains([]byte{
		mqtt.OnConnect, mqtt.OnSessionEstablish, mqtt.OnSessionEstablished, mqtt.OnDisconnect, mqtt.OnClientExpired,
		mqtt.OnPacketRead, mqtt.OnPublish, mqtt.OnPacketProcessed, mqtt.OnPacketEncode, mqtt.OnQosPublish, mqtt.OnQosDropped, mqtt.OnWill,
		mqtt.OnSubscribe, mqtt.OnSubscribed, mqtt.OnUnsubscribed, mqtt.OnRetainMessage, mqtt.OnRetainedExpired,
		mqtt.OnSysInfoTick,
	}, b)
}

// OnConnect switches mochi's own quotas, topic aliases and expiry of sessions off.
func (h *cure) OnConnect(cl *mqtt.Client, _ packets.Packet) error {
	if c, ok := cl.Net.Conn.(*conn); ok {
		c.cl = cl
		c.outbound = reflect.ValueOf(cl).Elem().FieldByName("State").FieldByName("outbound")
		p := &cl.Properties.Props
		c.expiry = h.grantExpiry(c, &p.SessionExpiryInterval)
		c.takeDelayedWill(&cl.Properties.Will)
		if c.window = int(p.ReceiveMaximum); c.window == 0 {
			c.window = math.MaxUint16
		}
		p.ReceiveMaximum, p.TopicAliasMaximum = 0, 0
		liftQuotas(cl)
	}
	return nil
}

func liftQuotas(cl *mqtt.Client) {
	cl.State.Inflight.ResetSendQuota(0) // with a maximum of 0 mochi never parks a message
	cl.State.Inflight.ResetReceiveQuota(math.MaxInt32)
}

// OnSessionEstablish comes before mochi copies the old session.
func (h *cure) OnSessionEstablish(cl *mqtt.Client, _ packets.Packet) {
	if c, ok := cl.Net.Conn.(*conn); ok {
		h.takeover.Lock()
		c.releaseTakeover = h.takeover.Unlock
		if h.tookReservedID(c, cl.ID) { // a service of this process came first after all
			cl.ID += " refused"
			cl.Stop(packets.ErrClientIdentifierNotValid)
		}
	}
}

// OnSessionEstablished comes after mochi resent, and before it reads. It waits
// for the connection before this one, so that an old will never overtakes what
// the client says about itself now.
func (h *cure) OnSessionEstablished(cl *mqtt.Client, _ packets.Packet) {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return
	}
	liftQuotas(cl)
	var resend []message
	for _, p := range c.resend {
		cl.State.Inflight.Set(p)
		if p.FixedHeader.Type == packets.Publish {
			resend = append(resend, message{id: p.PacketID})
		}
	}
	c.resend = nil
	c.unlockTakeover()
	c.update(func() { c.queue, c.resendQueued = append(resend, c.queue...), true })
	if c.previous != nil {
		<-c.previous.done
		c.previous = nil
	}
}

// OnDisconnect comes last, after a will was published. No session changes hands
// until mochi has removed this one, if it ends.
func (h *cure) OnDisconnect(cl *mqtt.Client, err error, expire bool) {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return
	}
	c.disconnected = true
	h.lockTakeover(c)
	if err != nil && !cl.IsTakenOver() {
		h.publishWillLater(c)
	}
	switch {
	case cl.IsTakenOver():
	case expire:
		h.OnClientExpired(cl)
	default:
		h.expireLater(cl, c)
	}
}

// OnPacketRead gives what the client started an id of the broker, and frees
// the window of what the client finished.
func (h *cure) OnPacketRead(cl *mqtt.Client, p packets.Packet) (packets.Packet, error) {
	c, ok := cl.Net.Conn.(*conn)
	if !ok || c.session == nil {
		return p, nil
	}
	if p.FixedHeader.Type == packets.Subscribe || p.FixedHeader.Type == packets.Publish && p.FixedHeader.Retain {
		h.lockTakeoverAlone(c)
	} else {
		h.lockTakeover(c)
	}
	if cl.Closed() { // another connection has the session now
		c.unlockTakeover()
		return p, packets.ErrRejectPacket
	}
	switch t := p.FixedHeader.Type; t {
	case packets.Puback, packets.Pubcomp, packets.Pubrec:
		if !c.awaitsAck(p.PacketID) {
			c.unknownPubrec, p.PacketID = p.PacketID, 0 // mochi finds nothing in flight
			break
		}
		if t == packets.Pubrec && p.ReasonCode < 0x80 {
			break
		}
		h.mu.Lock()
		h.removeUnacked(c.session, p.PacketID)
		h.mu.Unlock()
		c.update(func() { delete(c.inWindow, p.PacketID) })
	case packets.Disconnect:
		if q := &p.Properties; q.SessionExpiryIntervalFlag && cl.Properties.Props.SessionExpiryInterval > 0 {
			c.expiry = h.grantExpiry(c, &q.SessionExpiryInterval)
		}
	case packets.Publish, packets.Pubrel, packets.Subscribe, packets.Unsubscribe:
		c.noSubscribers = t == packets.Publish && p.FixedHeader.Qos == 1 && c.login.version == 5 && h.hasNoSubscribers(p.TopicName)
		if p.PacketID != 0 {
			p.PacketID = c.mapPacketID(cl, p)
		}
	}
	return p, nil
}

// hasNoSubscribers reports whether no subscription matches a topic.
func (h *cure) hasNoSubscribers(topic string) bool {
	all := h.srv.Topics.Subscribers(topic)
	return len(all.Subscriptions) == 0 && len(all.Shared) == 0 && len(all.InlineSubscriptions) == 0
}

// awaitsAck reports whether a message with this id was sent here, or before in the
// session, and is not acknowledged: else it may be the id of a message that the
// client sent.
func (c *conn) awaitsAck(id uint16) bool {
	c.mu.Lock()
	_, open := c.inWindow[id]
	c.mu.Unlock()
	if open {
		return true
	}
	flow, _ := c.cl.State.Inflight.Get(id)
	return flow.FixedHeader.Type == packets.Pubrel
}

// mapPacketID returns the id that p has inside the broker, and remembers both. mochi
// answers a packet before it reads the next, so one pair is enough.
func (c *conn) mapPacketID(cl *mqtt.Client, p packets.Packet) uint16 {
	release := p.FixedHeader.Type == packets.Pubrel
	exactly := release || p.FixedHeader.Type == packets.Publish && p.FixedHeader.Qos == 2
	id := c.session.qos2[p.PacketID]
	if flow, _ := cl.State.Inflight.Get(id); !exactly || flow.FixedHeader.Type != packets.Pubrec {
		n, err := cl.NextPacketID() // skips what is in flight
		if err != nil {
			return p.PacketID
		}
		id = uint16(n)
	}
	c.brokerPacketID, c.clientPacketID = id, p.PacketID
	switch {
	case release:
		delete(c.session.qos2, c.clientPacketID)
	case exactly:
		c.session.qos2[c.clientPacketID] = id
	}
	return id
}

// lockTakeover keeps every session with its connection until c.unlockTakeover.
func (h *cure) lockTakeover(c *conn) {
	if c.releaseTakeover == nil {
		h.takeover.RLock()
		c.releaseTakeover = h.takeover.RUnlock
	}
}

// lockTakeoverAlone is lockTakeover for what mochi does not do safely beside other packets: it
// reads a topic's retained message without the lock under which it is replaced.
func (h *cure) lockTakeoverAlone(c *conn) {
	c.unlockTakeover()
	h.takeover.Lock()
	c.releaseTakeover = h.takeover.Unlock
}

// OnPacketProcessed gives back the lock that OnPacketRead took.
func (h *cure) OnPacketProcessed(cl *mqtt.Client, _ packets.Packet, _ error) {
	if c, ok := cl.Net.Conn.(*conn); ok {
		c.unlockTakeover()
	}
}

// discardOversize forgets p, which is larger than what the client takes, as if it had
// been acknowledged. On a connection that is over it does nothing: the next one
// measures p by its own limit.
func (h *cure) discardOversize(cl *mqtt.Client, c *conn, p packets.Packet) {
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
	h.removeUnacked(c.session, p.PacketID)
}

// OnPacketEncode gives the client its id back in acknowledgements, and takes
// messages out of mochi's hands: the pump writes them when the window has room.
func (h *cure) OnPacketEncode(cl *mqtt.Client, p packets.Packet) packets.Packet {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return p
	}
	switch p.FixedHeader.Type {
	case packets.Connack:
		if c.releaseTakeover != nil { // else it is a refusal
			c.previous = h.takeOverSession(cl, c, p.SessionPresent)
			h.announceLimits(c, &p.Properties)
		}
	case packets.Puback, packets.Pubrec, packets.Pubcomp, packets.Suback, packets.Unsuback:
		if p.PacketID == c.brokerPacketID {
			p.PacketID = c.clientPacketID
		}
		if p.FixedHeader.Type == packets.Puback && c.noSubscribers && p.ReasonCode < packets.ErrUnspecifiedError.Code {
			p.ReasonCode = packets.CodeNoMatchingSubscribers.Code
			p.Properties.ReasonString = "nobody subscribes to it" // mochi writes a success only with a property
		}
		if p.FixedHeader.Type == packets.Pubrec && p.ReasonCode == packets.ErrPacketIdentifierInUse.Code {
			p.ReasonCode, p.Properties.ReasonString = 0, "" // a repeat is no error
		}
	case packets.Pubrel:
		if p.PacketID == 0 {
			p.PacketID = c.unknownPubrec
		}
	case packets.Publish:
		c.enqueue(p)
		p.FixedHeader.Type = packets.Reserved // mochi writes no such packet
	}
	return p
}

// announceLimits tells the client the limits that CONNACK has words for.
func (h *cure) announceLimits(c *conn, p *packets.Properties) {
	p.MaximumPacketSize = h.maxPacket
	if granted := uint32(c.expiry / time.Second); granted < c.login.expiry {
		p.SessionExpiryInterval, p.SessionExpiryIntervalFlag = granted, true
	}
}
