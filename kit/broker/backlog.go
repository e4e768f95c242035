package broker

import (
	"strings"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	maxTrustedBytes  = 8 << 20     // bytes that wait for clients of this process, before untrusted clients are slowed down
	maxExtraBacklog  = 64          // messages that wait for one such client beside those in its window, before who sends more is slowed down
	maxCountedWindow = 1024        // messages of a window that count
	maxThrottle      = time.Second // that one message of an untrusted client waits at most
	throttlePoll     = 2 * time.Millisecond
	maxBurst         = time.Second // of messages that are not slowed down, at one in tokenInterval
	tokenInterval    = time.Second / 8

	maxDebt               = 4 * time.Second       // of work for an untrusted client, at the rates below, before its next packet waits
	filterWork            = 10 * time.Millisecond // and as much for 64 retained messages that a filter may match
	copyRate              = 128 << 20             // bytes a second that are copied for all untrusted clients together
	minCopyRate           = 4 << 20               // and for one of them
	copyOverhead          = 256                   // bytes of a copy beside the payload
	retainedPerFilterWork = 64
)

// An untrusted client is one that connected over TCP: not by Dial, as the services of
// this process do. One that publishes more than these services handle would let all
// others wait behind its messages, and fill the memory. So it is throttled to their
// speed: after a message for a session that is behind, its next one is read when the
// session has caught up, or a second later. Other clients are not slowed down by
// that, and a client that sends little never is.

// isBehind reports whether more messages wait for s, a session of this process, than
// it handles soon. cure.mu is held.
func (s *session) isBehind() bool {
	window := 0
	if s.lastConn != nil {
		window = min(s.lastConn.window, maxCountedWindow)
	}
	return len(s.unacked) > window+maxExtraBacklog || s.unackedBytes > maxTrustedBytes
}

// slowSender notes that a client sent s more than it handles. h.mu is held.
func (h *cure) slowSender(sender string, s *session) {
	if from := h.sessions[sender]; from != nil && from.lastConn != nil && !from.lastConn.trusted {
		from.lastConn.floodedSession = s
	}
}

// throttle waits before the next message of an untrusted client that floods clients
// of this process. To that client it looks like a slow network.
func (c *conn) throttle() {
	if c.trusted {
		return
	}
	end := time.Now().Add(maxThrottle)
	for c.h.trustedBytes.Load() > maxTrustedBytes && time.Now().Before(end) {
		time.Sleep(throttlePoll)
	}
	c.awaitDebt(end)
	caughtUp := c.floodedCatchUp()
	if caughtUp == nil || c.takeToken() {
		return
	}
	late := time.NewTimer(time.Until(end))
	defer late.Stop()
	select {
	case <-caughtUp:
	case <-late.C:
	}
}

// awaitDebt waits, not longer than until end, when c has made so much work that
// others would wait for it: subscribing stops all publishing for a moment, and a
// message is copied for each of its receivers, also for those that are sent none
// because they do not read.
func (c *conn) awaitDebt(end time.Time) {
	if debt := time.Until(c.debtUntil.Add(-maxDebt)); debt > 0 {
		time.Sleep(min(debt, time.Until(end)))
	}
}

// addDebt notes that a packet of c made work. It is called where c is read.
func (c *conn) addDebt(work time.Duration) {
	if c.trusted {
		return
	}
	if now := time.Now(); c.debtUntil.Before(now) {
		c.debtUntil = now
	}
	c.debtUntil = c.debtUntil.Add(work)
}

// subscribeWork is how long a SUBSCRIBE counts. h.mu is held.
func (h *cure) subscribeWork(filters packets.Subscriptions) (work time.Duration) {
	for _, f := range filters {
		work += filterWork
		if strings.ContainsAny(f.Filter, "+#") {
			work += filterWork * time.Duration(len(h.retained)/retainedPerFilterWork)
		}
	}
	return work
}

// OnPublish comes before a message is copied for its receivers.
func (h *cure) OnPublish(cl *mqtt.Client, p packets.Packet) (packets.Packet, error) {
	if c, ok := cl.Net.Conn.(*conn); ok && !c.trusted {
		copied := (len(p.Payload) + copyOverhead) * len(h.srv.Topics.Subscribers(p.TopicName).Subscriptions)
		h.mu.Lock()
		rate := max(minCopyRate, copyRate/max(1, h.tcpClients))
		h.mu.Unlock()
		c.addDebt(time.Duration(copied) * time.Second / time.Duration(rate))
	}
	return p, nil
}

// floodedCatchUp returns what is closed when the session that c floods has caught up,
// or nil when there is none.
func (c *conn) floodedCatchUp() <-chan struct{} {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	s := c.floodedSession
	c.floodedSession = nil
	if s == nil || s.ended || !s.isBehind() {
		return nil
	}
	if s.caughtUp == nil {
		s.caughtUp = make(chan struct{})
	}
	return s.caughtUp
}

// takeToken reports whether c sends so little that it need not wait. It is a token
// bucket, kept as the time when it is full (GCRA).
func (c *conn) takeToken() bool {
	now := time.Now()
	if c.bucketFull.Before(now) {
		c.bucketFull = now
	}
	if c.bucketFull.Sub(now) > maxBurst {
		return false
	}
	c.bucketFull = c.bucketFull.Add(tokenInterval)
	return true
}
