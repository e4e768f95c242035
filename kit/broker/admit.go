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
	code, reason, text := h.checkLogin(c)
	if code == 0 {
		return true
	}
	h.refusals.count(reason, "a login")
	c.refuseLogin(code, text)
	return false
}

func (h *cure) checkLogin(c *conn) (code byte, reason, text string) {
	id := c.login.clientID
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[id]
	if will := c.login.willTopic; will != "" && h.refusesTopic(will) {
		return codeTopicName, refusedTopic, "the topic of the will"
	}
	if c.trusted {
		if id != "" {
			h.reserved[id] = struct{}{}
		}
		if s == nil || !s.trusted { // the session that an untrusted client left under this client id is not resumed
			c.frame[c.login.flagsOffset] |= connectClean
			c.login.clean = true
		}
		return 0, "", ""
	}
	if h.password != "" && !h.passwordMatches(c.login) {
		return codeLogin, refusedLogin, "bad user name or password"
	}
	if owner := h.reservedBy(id); owner != "" {
		return codeClientID, refusedClientID, owner + " is a service of " + h.process
	}
	again := s != nil && s.lastConn != nil && s.lastConn.admitted
	switch {
	case h.tcpClients >= h.limits.Connections && !again:
		return codeBusy, refusedConnections, "too many connections"
	case s == nil && c.login.outlivesConnection() && h.untrustedSessions+h.unresolvedSessions >= h.limits.Sessions:
		return codeQuota, refusedSessions, "too many sessions"
	}
	c.admitted = true
	h.tcpClients++
	h.unresolvedSessions++
	return 0, "", ""
}

// reservedBy is the client id of this process to which id belongs, or empty: id
// itself, or what stands before a dot in it, for the further connections of a
// service. h.mu is held.
func (h *cure) reservedBy(id string) string {
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

// passwordMatches reports whether user and password are right. It takes the same time for
// every wrong password.
func (h *cure) passwordMatches(l login) bool {
	user := subtle.ConstantTimeCompare([]byte(l.user), []byte(h.user))
	return user&subtle.ConstantTimeCompare(l.password, []byte(h.password)) == 1
}

// resolveSession notes that c has a session, or will never have one. h.mu is held.
func (h *cure) resolveSession(c *conn) {
	if c.admitted && !c.sessionResolved {
		c.sessionResolved = true
		h.unresolvedSessions--
	}
}

// cleanUp cleans up after a connection. Mostly mochi has done so; it does not
// when CONNACK cannot be written, nor after a panic.
func (h *cure) cleanUp(c *conn) {
	defer func() { _ = c.Close() }()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.resolveSession(c)
		if c.admitted {
			c.admitted = false
			h.tcpClients--
		}
	}()
	defer h.recoverPanic()
	c.unlockTakeover()
	c.in, c.spareFrame, c.frame, c.login.password = nil, nil, nil, nil // a session keeps its last connection
	if c.cl == nil || c.disconnected {
		return
	}
	c.cl.Stop(packets.ErrUnspecifiedError)
	if c.session != nil && !c.cl.IsTakenOver() {
		h.publishWill(c, c.cl.Properties.Will)
		h.publishWillLater(c)
	}
	h.takeover.Lock()
	defer h.takeover.Unlock()
	now, _ := h.srv.Clients.Get(c.cl.ID)
	if now != c.cl {
		return
	}
	if c.session == nil || c.expiry == 0 {
		h.removeClient(c.cl)
		return
	}
	h.expireLater(c.cl, c)
}

// OnSubscribe takes out of SUBSCRIBE what is not granted. mochi refuses an empty
// filter, and OnSubscribed corrects the reason.
func (h *cure) OnSubscribe(cl *mqtt.Client, p packets.Packet) packets.Packet {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return p
	}
	c.subscribing.Store(true)
	c.refusedFilters = c.refusedFilters[:0]
	h.mu.Lock()
	own, all := c.session.subscriptions, h.subscriptions
	work := h.subscribeWork(p.Filters)
	h.mu.Unlock()
	c.addDebt(work)
	for i := range p.Filters {
		f := &p.Filters[i]
		if !validFilter(f.Filter) || h.exceedsTopicLimits(f.Filter) {
			f.Filter = ""
			h.refusals.count(refusedFilter, "a subscription")
			continue
		}
		if _, has := cl.State.Subscriptions.Get(f.Filter); has || c.trusted {
			continue
		}
		n := filterWeight(f.Filter)
		if own+n > h.limits.SubscriptionsPerSession || own+n > minSubscriptions && all+n > h.limits.Subscriptions {
			f.Filter = ""
			c.refusedFilters = append(c.refusedFilters, i)
			h.refusals.count(refusedSubscriptions, "a subscription")
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
		if c.login.version == 5 && slices.Contains(c.refusedFilters, i) {
			codes[i] = codeQuota
		}
	}
	h.countSubscriptions(cl, c)
}

// OnUnsubscribed comes before UNSUBACK is written.
func (h *cure) OnUnsubscribed(cl *mqtt.Client, _ packets.Packet) {
	if c, ok := cl.Net.Conn.(*conn); ok {
		h.countSubscriptions(cl, c)
	}
}

// filterWeight is how many subscriptions a filter counts as.
func filterWeight(filter string) int { return 1 + strings.Count(filter, "/")/levelsPerFilter }

// countSubscriptions notes how many subscriptions the session of c has now.
func (h *cure) countSubscriptions(cl *mqtt.Client, c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.session != nil && !c.session.ended {
		n := 0
		for filter := range cl.State.Subscriptions.GetAll() {
			n += filterWeight(filter)
		}
		h.subscriptions += n - c.session.subscriptions
		c.session.subscriptions = n
	}
}

// retainRefusal is the reason not to retain size bytes on topic, or empty.
func (h *cure) retainRefusal(topic string, size int) string {
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
	h.noteRetained(p.TopicName, memoryCost(p)+int64(levelOverhead*strings.Count(p.TopicName, "/")), len(p.Payload) > 0)
}

func (h *cure) noteRetained(topic string, size int64, kept bool) {
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
		h.noteRetained(topic, 0, false)
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

// roomCheck asks for room before a message is delivered, then the hook that decides
// about rights.
type roomCheck struct {
	mqtt.Hook
	h *cure
}

func (g roomCheck) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	if c, ok := cl.Net.Conn.(*conn); ok && !write && !c.subscribing.Load() {
		c.awaitRoom()
		if !g.h.hasRoom(c) {
			atomic.AddInt64(&g.h.info.MessagesDropped, 1)
			return false
		}
	}
	return g.Hook.OnACLCheck(cl, topic, write)
}

// hasRoom reports whether one more message may wait for the client of c.
func (h *cure) hasRoom(c *conn) bool {
	own := c.waitingBytes.Load()
	h.mu.Lock()
	if c.session != nil {
		own += c.session.unackedBytes
	}
	h.mu.Unlock()
	switch {
	case c.trusted && own < maxTrustedQueue:
		return true
	case c.trusted || own >= h.limits.WaitingBytesPerClient:
		h.refusals.count(refusedWaitingOfClient, "a message for a client that reads too slowly, or is away")
		return false
	case (own >= minWaitingBytes || c.isClosed()) && h.untrustedBytes.Load() >= h.limits.WaitingBytes:
		h.refusals.count(refusedWaiting, "a message for a client that reads too slowly, or is away")
		return false
	}
	return true
}
