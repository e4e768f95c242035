package broker

import (
	"bytes"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// encodeMessage returns the PUBLISH of m for the client of c, or nil when it is not to
// be sent: it is acknowledged or has expired meanwhile, or is larger than what
// the client takes. Only the pump calls it.
func (h *cure) encodeMessage(c *conn, m message) []byte {
	cl, p := c.cl, m.packet
	if p == nil {
		found, ok := cl.State.Inflight.Get(m.id)
		if !ok || found.FixedHeader.Type != packets.Publish {
			return nil
		}
		p = &found
		prepareForClient(cl, p)
	}
	if p.Expiry > 0 {
		p.Properties.MessageExpiryInterval = uint32(max(1, p.Expiry-time.Now().Unix()))
	}
	if tooLarge(*p) {
		h.discardOversize(cl, c, *p)
		return nil
	}
	if m.id != 0 {
		h.mu.Lock()
		p.FixedHeader.Dup = c.session.written[m.id]
		if _, ok := c.session.unacked[m.id]; ok {
			c.session.written[m.id] = true
		}
		h.mu.Unlock()
	}
	var out bytes.Buffer
	out.Grow(maxEncodedSize(*p))
	if p.PublishEncode(&out) != nil {
		return nil
	}
	atomic.AddInt64(&h.info.BytesSent, int64(out.Len()))
	atomic.AddInt64(&h.info.PacketsSent, 1)
	atomic.AddInt64(&h.info.MessagesSent, 1)
	return out.Bytes()
}

// prepareForClient does what mochi does to a packet before it encodes it.
func prepareForClient(cl *mqtt.Client, p *packets.Packet) {
	props := &cl.Properties.Props
	p.ProtocolVersion = cl.Properties.ProtocolVersion
	p.Mods.MaxSize = props.MaximumPacketSize
	p.Mods.DisallowProblemInfo = props.RequestProblemInfoFlag && props.RequestProblemInfo == 0
	p.Mods.AllowResponseInfo = true
}
