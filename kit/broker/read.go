package broker

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

// readChunk is how much memory a packet gets ahead of its bytes, whatever length it
// claims.
const readChunk = 64 << 10

// Read gives mochi the next packet, which is checked and complete.
func (c *conn) Read(p []byte) (int, error) {
	for len(c.frame) == 0 {
		if c.readErr != nil {
			return 0, c.readErr
		}
		if c.isClosed() {
			return 0, net.ErrClosed
		}
		if err := c.nextPacket(); err != nil {
			c.readErr = err
			c.disconnectFor(err)
		}
	}
	n := copy(p, c.frame)
	c.frame = c.frame[n:]
	return n, nil
}

// disconnectFor tells a client why its link is closed, if it is for what it sent.
func (c *conn) disconnectFor(err error) {
	bad, ok := errors.AsType[*packetError](err)
	if !ok {
		return
	}
	c.h.refusals.count(refusalReason(bad), bad.text)
	if c.login.version == 5 {
		_, _ = c.Write(disconnectPacket(c.login, bad.code, bad.text))
	}
}

// refusalReason is the reason by which a packet that was refused is counted.
func refusalReason(e *packetError) string {
	switch e {
	case errTooLarge:
		return refusedTooLarge
	case errReceiveMaximum:
		return refusedReceiveMaximum
	case errUnfinishedPackets:
		return refusedUnfinished
	case errTooManyFilters, errTooManyProperties:
		return refusedTooManyFields
	}
	switch e.code {
	case codeMalformed:
		return refusedMalformed
	case codeVersion, codeAuthMethod:
		return refusedVersion
	}
	return refusedProtocol
}

// nextPacket reads packets until there is one for mochi.
func (c *conn) nextPacket() error {
	for {
		head, err := c.readFrame(int(c.h.maxPacket))
		if err != nil {
			return err
		}
		body := c.frame[head:]
		if err := checkPacket(c.login.version, c.frame[0], body); err != nil {
			c.frame = nil
			return err
		}
		if c.frame[0] == typeDisconnect<<4 && len(body) == 1 {
			c.frame = []byte{typeDisconnect << 4, 2, body[0], 0} // mochi overlooks a reason without properties
		}
		switch c.frame[0] >> 4 {
		case typePublish:
			c.throttle()
		case typeSubscribe, typeUnsubscribe:
			c.awaitDebt(time.Now().Add(maxThrottle))
			return nil
		default:
			return nil
		}
		answer, err := c.refusePublish(body)
		if answer == nil && err == nil {
			return nil
		}
		c.frame = nil
		if err != nil {
			return err
		}
		_, _ = c.Write(answer)
	}
}

// readFrame reads one packet of at most limit bytes into c.frame. It returns the
// length of the fixed header.
func (c *conn) readFrame(limit int) (head int, err error) {
	if cap(c.spareFrame) > readChunk {
		c.spareFrame = nil
	}
	frame := c.spareFrame[:0]
	length := 0
	for len(frame) < 2 || frame[len(frame)-1]&0x80 != 0 {
		if len(frame) == 1+maxVariableByteLength {
			return 0, errHeader
		}
		b, err := c.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if len(frame) > 0 {
			length |= int(b&0x7F) << (7 * (len(frame) - 1))
		}
		frame = append(frame, b)
	}
	head = len(frame)
	if length+head > limit {
		return 0, errTooLarge
	}
	frame, err = c.readBody(frame, length)
	c.spareFrame, c.frame = frame, frame
	return head, err
}

// readBody appends length bytes to frame. Memory grows with what arrives.
func (c *conn) readBody(frame []byte, length int) ([]byte, error) {
	unfinished := int64(0)
	defer func() { c.h.unfinishedBytes.Add(-unfinished) }()
	for length > 0 {
		n := min(length, readChunk)
		if len(frame) >= readChunk && !c.trusted {
			unfinished += int64(n)
			if c.h.unfinishedBytes.Add(int64(n)) > c.h.limits.WaitingBytes {
				return nil, errUnfinishedPackets
			}
		}
		frame = slices.Grow(frame, n)
		got, err := io.ReadFull(c.in, frame[len(frame):len(frame)+n])
		frame, length = frame[:len(frame)+got], length-got
		if err != nil {
			return nil, err
		}
	}
	return frame, nil
}

// refusePublish returns the acknowledgement of a PUBLISH that goes no further, or nil
// for one that does. It may take the retain flag off the frame.
func (c *conn) refusePublish(body []byte) ([]byte, error) {
	s := &scanner{buf: body}
	topic := s.text()
	qos, id := c.frame[0]>>1&3, uint16(0)
	if qos > 0 {
		id = s.uint16()
	}
	if _, known := c.session.qos2[id]; qos == 2 && !known && len(c.session.qos2) >= receiveMaximum {
		return nil, errReceiveMaximum
	}
	code, reason := byte(0), ""
	switch {
	case c.h.refusesTopic(string(topic)):
		code, reason = codeTopicName, refusedTopic
	case c.frame[0]&1 != 0 && !c.trusted:
		if reason = c.h.retainRefusal(string(topic), len(body)); reason != "" {
			if c.login.version < 5 || qos == 0 { // delivered, but not kept
				c.frame[0] &^= 1
				c.h.refusals.count(reason, "a retained message was delivered and not kept")
				return nil, nil
			}
			code = codeQuota
		}
	}
	if code == 0 {
		return nil, nil
	}
	c.h.refusals.count(reason, "a message was not taken")
	return publishAck(c.login.version, qos, id, code), nil
}

// publishAck answers a PUBLISH; it is empty at QoS 0. Before MQTT 5 it cannot
// say that the message was not taken.
func publishAck(version, qos byte, id uint16, code byte) []byte {
	typ := byte(typePuback)
	switch qos {
	case 0:
		return []byte{}
	case 2:
		typ = typePubrec
	}
	if version < 5 {
		return []byte{typ << 4, 2, byte(id >> 8), byte(id)}
	}
	return []byte{typ << 4, 3, byte(id >> 8), byte(id), code}
}

// refusesTopic reports whether nobody may publish on topic: what is below $SYS the
// broker tells itself, and $share is for filters.
func (h *cure) refusesTopic(topic string) bool {
	first, _, _ := strings.Cut(topic, "/")
	return strings.EqualFold(first, "$SYS") || strings.EqualFold(first, "$share") || h.exceedsTopicLimits(topic)
}

// exceedsTopicLimits reports whether a topic or filter has more levels or bytes than allowed.
func (h *cure) exceedsTopicLimits(topic string) bool {
	return strings.Count(topic, "/") >= h.limits.TopicLevels || len(topic) > h.limits.TopicBytes
}

// readLogin reads CONNECT, and leaves it to be read by mochi. The client is told
// what is wrong with it, where its version of the protocol can say so.
func (c *conn) readLogin() error {
	head, err := c.readFrame(min(maxConnectBytes, int(c.h.maxPacket)))
	if err == nil && c.frame[0] != typeConnect<<4 {
		err = errNotConnect
	}
	if err == nil {
		c.login, err = parseConnect(c.frame[head:])
		c.login.flagsOffset += head
	}
	if err == nil && c.login.hasAuthMethod {
		err = &packetError{codeAuthMethod, "an authentication method, of which this broker has none"}
	}
	bad, ok := errors.AsType[*packetError](err)
	switch timeout, isNet := errors.AsType[net.Error](err); {
	case ok:
		c.h.refusals.count(refusalReason(bad), bad.text)
		c.refuseLogin(bad.code, bad.text)
	case errors.Is(err, os.ErrDeadlineExceeded), isNet && timeout.Timeout():
		c.h.refusals.count(refusedLoginTimeout, "a connection without a complete CONNECT")
	}
	return err
}

// refuseLogin refuses the login.
func (c *conn) refuseLogin(code byte, text string) {
	_, _ = c.Write(connackPacket(c.login, code, text))
}
