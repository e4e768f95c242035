package broker

import (
	"crypto/subtle"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/mochi-mqtt/server/v2/system"
)

// admit decides about a login, before mochi spends memory on the client, and
// answers one that it refuses.
func (h *cure) admit(c *conn) bool {
	code, reason, text := h.judge(c)
	if code == 0 {
		return true
	}
	h.refusals.note(reason, "a login")
	c.answer(code, text)
	return false
}

func (h *cure) judge(c *conn) (code byte, reason, text string) {
	id := c.login.client
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[id]
	if will := c.login.will; will != "" && h.forbids(will) {
		return codeTopicName, refusedTopic, "the topic of the will"
	}
	if c.trusted {
		if id != "" {
			h.reserved[id] = struct{}{}
		}
		if s == nil || !s.trusted { // what others left under this client id is not ours
			c.frame[c.login.flags] |= connectClean
			c.login.clean = true
		}
		return 0, "", ""
	}
	if h.password != "" && !h.knows(c.login) {
		return codeLogin, refusedLogin, "bad user name or password"
	}
	if owner := h.owner(id); owner != "" {
		return codeClientID, refusedClientID, owner + " is a service of " + h.process
	}
	again := s != nil && s.last != nil && s.last.admitted
	switch {
	case h.connected >= h.limits.Connections && !again:
		return codeBusy, refusedConnections, "too many connections"
	case s == nil && c.login.lasting() && h.strangers+h.entering >= h.limits.Sessions:
		return codeQuota, refusedSessions, "too many sessions"
	}
	c.admitted = true
	h.connected++
	h.entering++
	return 0, "", ""
}

// owner is the client id of this process to which id belongs, or empty: id
// itself, or what stands before a dot in it, for the further connections of a
// service. h.mu is held.
func (h *cure) owner(id string) string {
	for i := range len(id) {
		if _, taken := h.reserved[id[:i]]; taken && id[i] == '.' {
			return id[:i]
		}
	}
	if _, taken := h.reserved[id]; taken {
		return id
	}
	return ""
}

// knows reports whether user and password are right. It takes the same time for
// every wrong password.
func (h *cure) knows(l login) bool {
	user := subtle.ConstantTimeCompare([]byte(l.user), []byte(h.user))
	return user&subtle.ConstantTimeCompare(l.password, []byte(h.password)) == 1
}

// entered notes that c has a session, or will never have one. h.mu is held.
func (h *cure) entered(c *conn) {
	if c.admitted && !c.entered {
		c.entered = true
		h.entering--
	}
}

// finish cleans up after a connection. Mostly mochi has done so; it does not
// when CONNACK cannot be written, nor after a panic.
func (h *cure) finish(c *conn) {
	defer func() { _ = c.Close() }()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.entered(c)
		if c.admitted {
			c.admitted = false
			h.connected--
		}
	}()
	defer h.recovered()
	c.unlock()
	c.in, c.space, c.frame, c.login.password = nil, nil, nil, nil // a session keeps its last connection
	if c.cl == nil || c.ended {
		return
	}
	c.cl.Stop(packets.ErrUnspecifiedError)
	if w := c.cl.Properties.Will; w.Flag != 0 && c.s != nil && !c.cl.IsTakenOver() {
		h.publishWill(c.cl.ID, w)
	}
	h.takeover.Lock()
	defer h.takeover.Unlock()
	now, _ := h.srv.Clients.Get(c.cl.ID)
	if now != c.cl {
		return
	}
	if c.s == nil || c.expiry == 0 {
		h.remove(c.cl)
		return
	}
	h.expireLater(c.cl, c)
}

// publishWill publishes the will of a client that mochi has lost.
func (h *cure) publishWill(id string, w mqtt.Will) {
	sender := h.srv.NewClient(nil, mqtt.LocalListener, id, true)
	_ = h.srv.InjectPacket(sender, packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: w.Qos, Retain: w.Retain},
		TopicName:   w.TopicName, Payload: w.Payload, PacketID: uint16(w.Qos), Properties: packets.Properties{User: w.User},
	})
}

// OnSubscribe takes out of SUBSCRIBE what is not granted. mochi refuses an empty
// filter, and OnSubscribed corrects the reason.
func (h *cure) OnSubscribe(cl *mqtt.Client, p packets.Packet) packets.Packet {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return p
	}
	c.subscribing.Store(true)
	c.over = c.over[:0]
	h.mu.Lock()
	own, all := c.s.filters, h.subscriptions
	work := h.workOfSubscribe(p.Filters)
	h.mu.Unlock()
	c.owe(work)
	for i := range p.Filters {
		f := &p.Filters[i]
		if !validFilter(f.Filter) || h.tooDeep(f.Filter) {
			f.Filter = ""
			h.refusals.note(refusedFilter, "a subscription")
			continue
		}
		if _, has := cl.State.Subscriptions.Get(f.Filter); has || c.trusted {
			continue
		}
		n := filterWeight(f.Filter)
		if own+n > h.limits.SubscriptionsPerSession || own+n > minFilters && all+n > h.limits.Subscriptions {
			f.Filter = ""
			c.over = append(c.over, i)
			h.refusals.note(refusedSubscriptions, "a subscription")
			continue
		}
		own, all = own+n, all+n
	}
	return p
}

// OnSubscribed comes before SUBACK is written.
func (h *cure) OnSubscribed(cl *mqtt.Client, _ packets.Packet, codes []byte) {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return
	}
	c.subscribing.Store(false)
	for i := range codes {
		if c.login.version == 5 && slices.Contains(c.over, i) {
			codes[i] = codeQuota
		}
	}
	h.count(cl, c)
}

// OnUnsubscribed comes before UNSUBACK is written.
func (h *cure) OnUnsubscribed(cl *mqtt.Client, _ packets.Packet) {
	if c, ok := cl.Net.Conn.(*conn); ok {
		h.count(cl, c)
	}
}

// filterWeight is how many subscriptions a filter counts as.
func filterWeight(filter string) int { return 1 + strings.Count(filter, "/")/levelsPerFilter }

// count notes how many subscriptions the session of c has now.
func (h *cure) count(cl *mqtt.Client, c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.s != nil && !c.s.gone {
		n := 0
		for filter := range cl.State.Subscriptions.GetAll() {
			n += filterWeight(filter)
		}
		h.subscriptions += n - c.s.filters
		c.s.filters = n
	}
}

// retainable is the reason not to retain size bytes on topic, or empty.
func (h *cure) retainable(topic string, size int) string {
	size += messageOverhead + levelOverhead*strings.Count(topic, "/")
	h.mu.Lock()
	defer h.mu.Unlock()
	old, has := h.retained[topic]
	switch {
	case !has && len(h.retained) >= h.limits.Retained:
		return refusedRetained
	case h.retainedBytes-old+int64(size) > h.limits.RetainedBytes:
		return refusedRetainedBytes
	}
	return ""
}

// OnRetainMessage follows each change of what is retained.
func (h *cure) OnRetainMessage(_ *mqtt.Client, p packets.Packet, _ int64) {
	h.keep(p.TopicName, memoryCost(p)+int64(levelOverhead*strings.Count(p.TopicName, "/")), len(p.Payload) > 0)
}

func (h *cure) keep(topic string, size int64, kept bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.retainedBytes -= h.retained[topic]
	delete(h.retained, topic)
	if kept {
		h.retained[topic] = size
		h.retainedBytes += size
	}
}

// OnRetainedExpired comes when mochi has forgotten a retained message. It leaves
// the levels of the topic behind, which clearing the topic takes away.
func (h *cure) OnRetainedExpired(topic string) {
	h.takeover.Lock()
	defer h.takeover.Unlock()
	if _, again := h.srv.Topics.Retained.Get(topic); !again {
		h.srv.Topics.RetainMessage(packets.Packet{TopicName: topic})
		h.keep(topic, 0, false)
	}
}

// OnSysInfoTick tells once a minute what was refused.
func (h *cure) OnSysInfoTick(*system.Info) {
	h.takeover.Lock()
	defer h.takeover.Unlock()
	for reason, n := range h.refusals.counts() {
		h.srv.Topics.RetainMessage(packets.Packet{
			FixedHeader: packets.FixedHeader{Type: packets.Publish, Retain: true}, Created: time.Now().Unix(),
			TopicName: RefusedTopic + reason, Payload: []byte(mqtt.Int64toa(n)),
		})
	}
}

// guard asks for room before a message is delivered, then the hook that decides
// about rights.
type guard struct {
	mqtt.Hook
	h *cure
}

func (g guard) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	if c, ok := cl.Net.Conn.(*conn); ok && !write && !c.subscribing.Load() {
		c.await()
		if !g.h.fits(c) {
			atomic.AddInt64(&g.h.info.MessagesDropped, 1)
			return false
		}
	}
	return g.Hook.OnACLCheck(cl, topic, write)
}

// fits reports whether one more message may wait for the client of c.
func (h *cure) fits(c *conn) bool {
	own := c.waiting.Load()
	h.mu.Lock()
	if c.s != nil {
		own += c.s.bytes
	}
	h.mu.Unlock()
	switch {
	case c.trusted && own < maxTrustedQueue:
		return true
	case c.trusted || own >= h.limits.WaitingBytesPerClient:
		h.refusals.note(refusedWaitingOfClient, "a message for a client that reads too slowly, or is away")
		return false
	case (own >= minShare || c.isClosed()) && h.waiting.Load() >= h.limits.WaitingBytes:
		h.refusals.note(refusedWaiting, "a message for a client that reads too slowly, or is away")
		return false
	}
	return true
}
