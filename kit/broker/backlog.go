package broker

import (
	"strings"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	maxOurs    = 8 << 20     // bytes that wait for clients of this process, before strangers are slowed down
	maxBehind  = 64          // messages that wait for one such client beside those in its window, before who sends more is slowed down
	maxWindow  = 1024        // messages of a window that count
	maxPause   = time.Second // of one message of a stranger
	pauseStep  = 2 * time.Millisecond
	maxBurst   = time.Second // of messages that are not slowed down, at one in burstEvery
	burstEvery = time.Second / 8

	maxDebt       = 4 * time.Second       // of work for a stranger, at the rates below, before its next packet waits
	workOfFilter  = 10 * time.Millisecond // and as much for 64 retained messages that a filter may match
	copyRate      = 128 << 20             // bytes a second that are copied for all strangers together
	minCopyRate   = 4 << 20               // and for one of them
	copyOverhead  = 256                   // bytes of a copy beside the payload
	retainedAtOne = 64
)

// A stranger who publishes more than the services of this process handle would
// let all others wait behind its messages, and fill the memory. So it is as fast
// as they are: after a message for a session that is behind, its next one is read
// when the session has caught up, or a second later. Other clients are not slowed
// down by that, and who sends little never is.

// behind reports whether s, a session of this process, is owed more than it
// handles soon. cure.mu is held.
func (s *session) behind() bool {
	window := 0
	if s.last != nil {
		window = min(s.last.window, maxWindow)
	}
	return len(s.due) > window+maxBehind || s.bytes > maxOurs
}

// slowDown notes that a client sent s more than it handles. h.mu is held.
func (h *cure) slowDown(sender string, s *session) {
	if from := h.sessions[sender]; from != nil && from.last != nil && !from.last.trusted {
		from.last.flooded = s
	}
}

// pause waits before the next message of a stranger who floods clients of this
// process. The stranger feels it as a slow network.
func (c *conn) pause() {
	if c.trusted {
		return
	}
	end := time.Now().Add(maxPause)
	for c.h.ours.Load() > maxOurs && time.Now().Before(end) {
		time.Sleep(pauseStep)
	}
	c.workOff(end)
	caughtUp := c.flooding()
	if caughtUp == nil || c.burst() {
		return
	}
	late := time.NewTimer(time.Until(end))
	defer late.Stop()
	select {
	case <-caughtUp:
	case <-late.C:
	}
}

// workOff waits, not longer than until end, when c has made so much work that
// others would wait for it: subscribing stops all publishing for a moment, and a
// message is copied for each of its receivers, also for those that are sent none
// because they do not read.
func (c *conn) workOff(end time.Time) {
	if debt := time.Until(c.debt.Add(-maxDebt)); debt > 0 {
		time.Sleep(min(debt, time.Until(end)))
	}
}

// owe notes that a packet of c made work. It is called where c is read.
func (c *conn) owe(work time.Duration) {
	if c.trusted {
		return
	}
	if now := time.Now(); c.debt.Before(now) {
		c.debt = now
	}
	c.debt = c.debt.Add(work)
}

// workOfSubscribe is how long a SUBSCRIBE counts. h.mu is held.
func (h *cure) workOfSubscribe(filters packets.Subscriptions) (work time.Duration) {
	for _, f := range filters {
		work += workOfFilter
		if strings.ContainsAny(f.Filter, "+#") {
			work += workOfFilter * time.Duration(len(h.retained)/retainedAtOne)
		}
	}
	return work
}

// OnPublish comes before a message is copied for its receivers.
func (h *cure) OnPublish(cl *mqtt.Client, p packets.Packet) (packets.Packet, error) {
	if c, ok := cl.Net.Conn.(*conn); ok && !c.trusted {
		copied := (len(p.Payload) + copyOverhead) * len(h.srv.Topics.Subscribers(p.TopicName).Subscriptions)
		h.mu.Lock()
		rate := max(minCopyRate, copyRate/max(1, h.connected))
		h.mu.Unlock()
		c.owe(time.Duration(copied) * time.Second / time.Duration(rate))
	}
	return p, nil
}

// flooding returns what is closed when the session that c floods has caught up,
// or nil when there is none.
func (c *conn) flooding() <-chan struct{} {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	s := c.flooded
	c.flooded = nil
	if s == nil || s.gone || !s.behind() {
		return nil
	}
	if s.caughtUp == nil {
		s.caughtUp = make(chan struct{})
	}
	return s.caughtUp
}

// burst reports whether c sends so little that it need not wait. It is a token
// bucket, kept as the time when it is full (GCRA).
func (c *conn) burst() bool {
	now := time.Now()
	if c.bursts.Before(now) {
		c.bursts = now
	}
	if c.bursts.Sub(now) > maxBurst {
		return false
	}
	c.bursts = c.bursts.Add(burstEvery)
	return true
}
