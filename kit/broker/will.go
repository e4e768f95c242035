package broker

import (
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// OnWill comes before mochi publishes a will; OnDisconnect follows.
func (h *cure) OnWill(cl *mqtt.Client, w mqtt.Will) (mqtt.Will, error) {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return w, nil
	}
	if !w.Retain {
		h.lockTakeover(c)
		return w, nil
	}
	h.lockTakeoverAlone(c)
	return h.limitWill(c, w), nil
}

// limitWill is w, not retained when there is no room for it.
func (h *cure) limitWill(c *conn, w mqtt.Will) mqtt.Will {
	if c.trusted || !w.Retain {
		return w
	}
	if reason := h.retainRefusal(w.TopicName, len(w.TopicName)+len(w.Payload)); reason != "" {
		h.refusals.count(reason, "a will was delivered and not kept")
		w.Retain = false
	}
	return w
}

// takeDelayedWill takes a will that waits out of mochi's hands: mochi retains it beside
// subscriptions that read what is retained on its topic.
func (c *conn) takeDelayedWill(w *mqtt.Will) {
	if delay := time.Duration(w.WillDelayInterval) * time.Second; delay > c.expiry {
		w.WillDelayInterval = uint32(c.expiry / time.Second) // a will does not outlive the session
	}
	if w.WillDelayInterval > 0 {
		c.delayedWill = *w
		w.Flag = 0
	}
}

// publishWillLater publishes the will of c that waits, when no connection takes the
// session over before.
func (h *cure) publishWillLater(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w, s := c.delayedWill, h.sessions[c.cl.ID]
	if w.Flag == 0 || s == nil || s.lastConn != c || h.closed {
		return
	}
	s.delayedWill = time.AfterFunc(time.Duration(w.WillDelayInterval)*time.Second, func() {
		defer h.recoverPanic()
		h.takeover.Lock()
		defer h.takeover.Unlock()
		if now, _ := h.srv.Clients.Get(c.cl.ID); now == nil || now == c.cl {
			h.injectWill(c, w)
		}
	})
}

// publishWill publishes a will of c, if w is one, that mochi has forgotten.
func (h *cure) publishWill(c *conn, w mqtt.Will) {
	if w.Flag != 0 {
		h.takeover.Lock() // as lockTakeoverAlone
		defer h.takeover.Unlock()
		h.injectWill(c, w)
	}
}

// injectWill hands mochi a will to publish. The takeover lock is held by nobody else.
func (h *cure) injectWill(c *conn, w mqtt.Will) {
	w = h.limitWill(c, w)
	sender := h.srv.NewClient(nil, mqtt.LocalListener, c.cl.ID, true)
	_ = h.srv.InjectPacket(sender, packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: w.Qos, Retain: w.Retain},
		TopicName:   w.TopicName, Payload: w.Payload, PacketID: uint16(w.Qos), Properties: packets.Properties{User: w.User},
	})
}
