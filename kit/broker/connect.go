package broker

import (
	"bytes"
	"encoding/binary"
)

// login is what a CONNECT says about who sent it.
type login struct {
	version       byte
	clean         bool
	flagsOffset   int // where its flags are in the body
	clientID      string
	willTopic     string // its topic
	user          string
	password      []byte
	hasUser       bool
	hasPassword   bool
	expiry        uint32 // seconds the session is to outlive the connection
	maxPacket     uint32 // the largest packet the client takes; 0: any
	hasAuthMethod bool   // it names an authentication method
}

// outlivesConnection reports whether the session is to outlive the connection.
func (l *login) outlivesConnection() bool {
	return l.version == 5 && l.expiry > 0 || l.version < 5 && !l.clean
}

const (
	connectClean    = 0x02
	connectWill     = 0x04
	connectRetain   = 0x20
	connectPassword = 0x40
	connectUser     = 0x80
)

// parseConnect reads the body of a CONNECT. The version is set as soon as it is
// known, also beside an error.
func parseConnect(body []byte) (l login, err error) {
	s := &scanner{buf: body}
	name := s.binary()
	version := s.octet()
	if s.bad {
		return l, errField
	}
	if string(name) != "MQTT" && string(name) != "MQIsdp" {
		return l, errHeader
	}
	l.version = version
	if version != 3 && string(name) == "MQIsdp" || version != 4 && version != 5 && string(name) == "MQTT" {
		return l, &packetError{codeVersion, "a version of MQTT that this broker does not speak"}
	}
	l.flagsOffset = len(body) - len(s.buf)
	flags := s.octet()
	s.uint16() // Keep Alive
	if s.bad {
		return l, errField
	}
	if err := checkConnectFlags(version, flags); err != nil {
		return l, err
	}
	l.clean, l.hasUser, l.hasPassword = flags&connectClean != 0, flags&connectUser != 0, flags&connectPassword != 0
	if version == 5 {
		values, err := checkProperties(s, typeConnect)
		if err != nil {
			return l, err
		}
		l.expiry, l.maxPacket = values[propSessionExpiry], values[propMaximumPacket]
		_, l.hasAuthMethod = values[propAuthMethod]
		if _, data := values[propAuthData]; data && !l.hasAuthMethod {
			return l, errNoAuth
		}
	}
	return l, l.parsePayload(s, flags)
}

func checkConnectFlags(version, flags byte) error {
	will, qos := flags&connectWill != 0, flags>>3&3
	switch {
	case flags&1 != 0, qos == 3, !will && (qos > 0 || flags&connectRetain != 0):
		return errHeader
	case version < 5 && flags&connectPassword != 0 && flags&connectUser == 0:
		return errHeader
	}
	return nil
}

// parsePayload reads what follows the properties: client id, will, user name and password.
func (l *login) parsePayload(s *scanner, flags byte) error {
	l.clientID = string(s.text())
	if flags&connectWill != 0 && !s.bad {
		if l.version == 5 {
			if _, err := checkProperties(s, willProperties); err != nil {
				return err
			}
		}
		topic := s.text()
		s.binary()
		if !s.bad && (len(topic) == 0 || hasWildcard(topic)) {
			return errTopic
		}
		l.willTopic = string(topic)
	}
	if l.hasUser {
		l.user = string(s.text())
	}
	if l.hasPassword {
		l.password = bytes.Clone(s.binary())
	}
	if s.bad {
		return errField
	}
	if len(s.buf) > 0 {
		return errLength
	}
	if l.clientID == "" && (l.version == 3 || l.version == 4 && !l.clean) {
		return &packetError{codeClientID, "an empty client id, where the protocol wants one"}
	}
	return nil
}

// connackReturnCode is what MQTT 3.1 and 3.1.1 have in the place of a reason code of
// CONNACK. 0 is: nothing, the link is closed.
func connackReturnCode(code byte) byte {
	return map[byte]byte{codeVersion: 1, codeClientID: 2, codeBusy: 3, codeQuota: 3, codeLogin: 4, codeAuthMethod: 5}[code]
}

// connackPacket refuses a login, or is nil where the version of the client has no such
// answer.
func connackPacket(l login, code byte, text string) []byte {
	if l.version == 0 {
		return nil
	}
	if l.version < 5 {
		if c := connackReturnCode(code); c != 0 {
			return []byte{typeConnack << 4, 2, 0, c}
		}
		return nil
	}
	return packetWithReason([]byte{0, code}, typeConnack, l.maxPacket, text)
}

// disconnectPacket tells a client of MQTT 5 why its link is closed.
func disconnectPacket(l login, code byte, text string) []byte {
	if l.version < 5 {
		return nil
	}
	return packetWithReason([]byte{code}, typeDisconnect, l.maxPacket, text)
}

// packetWithReason is a packet of head and, if the client takes so much, text as its
// Reason String. A client that does not even take the rest gets nothing.
func packetWithReason(head []byte, typ byte, limit uint32, text string) []byte {
	if text = text[:min(len(text), 64)]; text != "" {
		long := append(head, byte(3+len(text)), propReasonString)
		long = append(binary.BigEndian.AppendUint16(long, uint16(len(text))), text...)
		if limit == 0 || uint32(2+len(long)) <= limit {
			return append([]byte{typ << 4, byte(len(long))}, long...)
		}
	}
	short := append(head, 0)
	if limit > 0 && uint32(2+len(short)) > limit {
		return nil
	}
	return append([]byte{typ << 4, byte(len(short))}, short...)
}
