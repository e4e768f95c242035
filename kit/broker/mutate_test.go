package broker

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
)

// mutator makes packets of clients: some are good, some nearly so.
type mutator struct{ *rand.Rand }

// pickOne returns one of all.
func pickOne[T any](m mutator, all ...T) T { return all[m.IntN(len(all))] }

// one reports true once in n times.
func (m mutator) one(n int) bool { return m.IntN(n) == 0 }

func (m mutator) text(all ...string) []byte {
	s := pickOne(m, all...)
	if m.one(40) {
		s += pickOne(m, "\t", "\x00", "\xff", "\u0085", "\ufdd0", "\uffff", "\xed\xa0\x80", "+", "#", "/", "ü")
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...)
}

func (m mutator) topic() []byte {
	return m.text("a", "a/b", "a/b/c", "/", "a//b", "", "$SYS/a", "$share/g/a", "$SHARE/g/a", "a/#", strings.Repeat("a/", 40), strings.Repeat("long", 400))
}

func (m mutator) filter() []byte {
	return m.text("#", "a/#", "+", "+/b", "a/+/c", "a", "/", "", "a#", "a/#/b", "$SYS/#", "$share/g/a", "$share/g/#", "$share//a", "$share/g", "$share/g/", "$share", "$SHARE/g/a", strings.Repeat("+/", 20), strings.Repeat("a/", 40)+"#")
}

func (m mutator) id() []byte {
	return binary.BigEndian.AppendUint16(nil, pickOne[uint16](m, 0, 1, 1, 1, 2, 2, 3, 4, 5, 256, 65535))
}

// props are properties of packets of type in, or now and then of others.
func (m mutator) props(version, in byte) []byte {
	if version != 5 {
		return nil
	}
	var out []byte
	for !m.one(2) {
		id := byte(m.IntN(43))
		p, known := properties[id]
		if fits := known && strings.IndexByte(string(p.in), in) >= 0; !fits && !m.one(20) || id == propTopicAlias || id == propAuthMethod {
			continue
		}
		out = append(out, id)
		switch p.kind {
		case kindByte, kindVariable:
			out = append(out, byte(m.IntN(3)))
		case kindUint16:
			out = binary.BigEndian.AppendUint16(out, pickOne[uint16](m, 0, 1, 2, 65535))
		case kindUint32:
			out = binary.BigEndian.AppendUint32(out, pickOne[uint32](m, 0, 1, 2, 40, 1<<32-1))
		case kindPair:
			out = append(append(out, m.text("k")...), m.text("v", "")...)
		default:
			out = append(out, m.text("a", "a/b", "")...)
		}
	}
	return append([]byte{byte(len(out))}, out...)
}

// buildPacket is a packet of one first byte and what follows its length.
func buildPacket(first byte, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	out := []byte{first}
	for n := len(body); ; {
		b := byte(n & 0x7F)
		if n >>= 7; n > 0 {
			out = append(out, b|0x80)
			continue
		}
		return append(append(out, b), body...)
	}
}

func (m mutator) connect(version byte) []byte {
	name, flags := "MQTT", byte(0)
	if version == 3 {
		name = "MQIsdp"
	}
	if !m.one(3) {
		flags |= connectClean
	}
	var rest []byte
	client := m.text("a", "b", "c", "d", "")
	if m.one(2) {
		flags |= connectWill | byte(m.IntN(3))<<3 | byte(m.IntN(2))*connectRetain
		topic := m.text("a", "a/b", "gone")
		if m.one(5) {
			topic = m.topic()
		}
		rest = append(append(append(rest, m.props(version, willProperties)...), topic...), m.text("gone", "g")...)
	}
	if m.one(4) {
		flags |= connectUser | connectPassword
		rest = append(append(rest, m.text("user")...), m.text("password", "")...)
	}
	return buildPacket(typeConnect<<4, m.text(name), []byte{version, flags, 0, pickOne[byte](m, 0, 60)}, m.props(version, typeConnect), client, rest)
}

// packet is one that follows CONNECT.
func (m mutator) packet(version byte) []byte {
	switch typ := pickOne[byte](m, 3, 3, 3, 3, 4, 5, 6, 7, 8, 8, 8, 10, 12, 14, 15, 1, 2); typ {
	case typePublish:
		qos := byte(m.IntN(3))
		var id []byte
		if qos > 0 {
			id = m.id()
		}
		return buildPacket(typ<<4|qos<<1|byte(m.IntN(2)), m.topic(), id, m.props(version, typ), m.text("", "payload")[2:])
	case typePuback, typePubrec, typePubrel, typePubcomp:
		first := typ << 4
		if typ == typePubrel {
			first |= 2
		}
		if version == 5 && m.one(3) {
			return buildPacket(first, m.id(), []byte{pickOne(m, clientReasonCodes[typ]...)}, m.props(version, typ))
		}
		return buildPacket(first, m.id())
	case typeSubscribe, typeUnsubscribe:
		parts := [][]byte{m.id(), m.props(version, typ)}
		for range 1 + m.IntN(3) {
			parts = append(parts, m.filter())
			if typ == typeSubscribe {
				parts = append(parts, []byte{byte(m.IntN(3))})
			}
		}
		return buildPacket(typ<<4|2, parts...)
	case typeDisconnect:
		if version == 5 {
			return buildPacket(typ<<4, []byte{pickOne(m, clientReasonCodes[typ]...)}, m.props(version, typ))
		}
		return buildPacket(typ << 4)
	case typeConnect:
		return m.connect(version)
	default:
		return buildPacket(typ << 4)
	}
}

// spoil changes a few bytes of p; mostly the length is right afterwards.
func (m mutator) spoil(p []byte) []byte {
	for range 1 + m.IntN(3) {
		switch i := m.IntN(len(p)); m.IntN(4) {
		case 0:
			p[i] ^= 1 << m.IntN(8)
		case 1:
			p[i] = byte(m.IntN(256))
		case 2:
			p = p[:max(2, i)]
		case 3:
			p = append(p, p[i:]...)
		}
	}
	if len(p) > 2 && p[1] < 0x80 && !m.one(10) {
		return buildPacket(p[0], p[2:])
	}
	return p
}

// connection is what one client sends: its CONNECT and up to n packets.
func (m mutator) connection(n int) (out []byte) {
	version := pickOne[byte](m, 3, 4, 5, 5)
	out = m.connect(version)
	if m.one(20) {
		out = m.spoil(out)
	}
	for range n {
		p := m.packet(version)
		if m.one(8) {
			p = m.spoil(p)
		}
		out = append(out, p...)
	}
	return out
}
