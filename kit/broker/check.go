package broker

import (
	"bytes"
	"slices"
)

// Types of packets.
const (
	typeConnect     = 1
	typeConnack     = 2
	typePublish     = 3
	typePuback      = 4
	typePubrec      = 5
	typePubrel      = 6
	typePubcomp     = 7
	typeSubscribe   = 8
	typeSuback      = 9
	typeUnsubscribe = 10
	typeUnsuback    = 11
	typePingreq     = 12
	typePingresp    = 13
	typeDisconnect  = 14
	typeAuth        = 15
)

// Reason codes of MQTT 5 that this package sends.
const (
	codeMalformed         = 0x81
	codeProtocolError     = 0x82
	codeServerError       = 0x83
	codeVersion           = 0x84
	codeClientID          = 0x85
	codeLogin             = 0x86
	codeBusy              = 0x89
	codeAuthMethod        = 0x8C
	codeTopicFilter       = 0x8F
	codeTopicName         = 0x90
	codeIDUnknown         = 0x92
	codeReceiveMaximum    = 0x93
	codeTopicAlias        = 0x94
	codePacketTooLarge    = 0x95
	codeQuota             = 0x97
	maxVariableByteLength = 4
)

// packetError is a packet that the protocol forbids. The text is one of those
// below, never what a client sent.
type packetError struct {
	code byte
	text string
}

func (e *packetError) Error() string { return e.text }

var (
	errHeader            = &packetError{codeMalformed, "flags or length of the fixed header"}
	errType              = &packetError{codeProtocolError, "a packet that a client does not send"}
	errNotConnect        = &packetError{codeProtocolError, "the first packet is no CONNECT"}
	errSecondConnect     = &packetError{codeProtocolError, "a second CONNECT"}
	errLength            = &packetError{codeMalformed, "fields and length do not agree"}
	errField             = &packetError{codeMalformed, "a field is cut off, or a string has characters that are not allowed"}
	errPacketID          = &packetError{codeProtocolError, "packet identifier 0"}
	errReason            = &packetError{codeProtocolError, "a reason code that this packet does not have"}
	errTopic             = &packetError{codeMalformed, "an empty topic, or wildcards in it"}
	errNoFilter          = &packetError{codeProtocolError, "no topic filter"}
	errEmptyFilter       = &packetError{codeMalformed, "an empty topic filter"}
	errOptions           = &packetError{codeMalformed, "subscription options"}
	errSharedNoLocal     = &packetError{codeProtocolError, "No Local on a shared subscription"}
	errNoAuth            = &packetError{codeProtocolError, "AUTH without an authentication method"}
	errProperties        = &packetError{codeMalformed, "properties"}
	errPropertyPlace     = &packetError{codeProtocolError, "a property that this packet does not have"}
	errPropertyTwice     = &packetError{codeProtocolError, "a property that is there twice"}
	errPropertyValue     = &packetError{codeProtocolError, "a value that a property does not have"}
	errTopicAlias        = &packetError{codeTopicAlias, "a topic alias, which this broker does not offer"}
	errResponseTopic     = &packetError{codeProtocolError, "wildcards in a response topic"}
	errTooLarge          = &packetError{codePacketTooLarge, "a packet larger than this broker takes"}
	errReceiveMaximum    = &packetError{codeReceiveMaximum, "more QoS 2 publications at a time than the Receive Maximum"}
	errTooManyFilters    = &packetError{codeQuota, "too many topic filters in one packet"}
	errTooManyProperties = &packetError{codeQuota, "too many user properties in one packet"}
	errUnfinishedPackets = &packetError{codeQuota, "unfinished packets of all clients use up the memory for them"}
)

// checkPacket refuses what a client that is logged in may not send at this
// version of the protocol: 3, 4 for 3.1.1, or 5. mochi decodes a packet only
// after this: it panics on some, and accepts many that are wrong.
func checkPacket(version, first byte, body []byte) error {
	typ, flags := first>>4, first&0x0F
	s := &scanner{buf: body}
	switch typ {
	case typePublish:
		return checkPublish(version, flags, s)
	case typePubrel, typeSubscribe, typeUnsubscribe:
		if flags != 2 {
			return errHeader
		}
	default:
		if flags != 0 {
			return errHeader
		}
	}
	switch typ {
	case typePuback, typePubrec, typePubrel, typePubcomp:
		return checkAck(version, typ, s)
	case typeSubscribe, typeUnsubscribe:
		return checkFilters(version, typ, s)
	case typePingreq:
		if len(body) > 0 {
			return errLength
		}
		return nil
	case typeDisconnect:
		return checkReasons(version, typ, s)
	case typeConnect:
		return errSecondConnect
	case typeAuth:
		if version == 5 {
			return errNoAuth // a CONNECT that names a method is refused
		}
	case typeConnack, typeSuback, typeUnsuback, typePingresp:
		return errType
	}
	return errHeader
}

func checkPublish(version, flags byte, s *scanner) error {
	qos := flags >> 1 & 3
	if qos == 3 || qos == 0 && flags&8 != 0 {
		return errHeader
	}
	topic := s.text()
	if s.bad {
		return errField
	}
	if len(topic) == 0 || hasWildcard(topic) {
		return errTopic
	}
	if qos > 0 {
		if id := s.uint16(); id == 0 && !s.bad {
			return errPacketID
		}
	}
	if version == 5 && !s.bad {
		_, err := checkProperties(s, typePublish)
		return err
	}
	if s.bad {
		return errField
	}
	return nil
}

func checkAck(version, typ byte, s *scanner) error {
	id := s.uint16()
	if s.bad {
		return errLength
	}
	if id == 0 {
		return errPacketID
	}
	return checkReasons(version, typ, s)
}

// clientReasonCodes are the codes that a client may give.
var clientReasonCodes = map[byte][]byte{
	typePuback:     {0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99},
	typePubrec:     {0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99},
	typePubrel:     {0, 0x92},
	typePubcomp:    {0, 0x92},
	typeDisconnect: {0, 4, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99},
}

// checkReasons reads what may follow at MQTT 5 only: a reason code, and after it
// properties.
func checkReasons(version, typ byte, s *scanner) error {
	if len(s.buf) == 0 {
		return nil
	}
	if version != 5 {
		return errLength
	}
	if !slices.Contains(clientReasonCodes[typ], s.octet()) {
		return errReason
	}
	if len(s.buf) == 0 {
		return nil
	}
	if _, err := checkProperties(s, typ); err != nil {
		return err
	}
	if len(s.buf) > 0 {
		return errLength
	}
	return nil
}

func checkFilters(version, typ byte, s *scanner) error {
	if id := s.uint16(); id == 0 && !s.bad {
		return errPacketID
	}
	if version == 5 && !s.bad {
		if _, err := checkProperties(s, typ); err != nil {
			return err
		}
	}
	if !s.bad && len(s.buf) == 0 {
		return errNoFilter
	}
	for n := 0; !s.bad && len(s.buf) > 0; n++ {
		if n == maxFilters {
			return errTooManyFilters
		}
		filter := s.text()
		if !s.bad && len(filter) == 0 {
			return errEmptyFilter
		}
		if typ == typeSubscribe {
			if err := checkOptions(version, filter, s.octet()); err != nil {
				return err
			}
		}
	}
	if s.bad {
		return errField
	}
	return nil
}

// checkOptions checks the byte behind a filter of SUBSCRIBE: QoS, and at MQTT 5
// also No Local, Retain As Published and Retain Handling.
func checkOptions(version byte, filter []byte, options byte) error {
	if options&3 == 3 || version < 5 && options > 2 || options&0xC0 != 0 || options&0x30 == 0x30 {
		return errOptions
	}
	if version == 5 && options&4 != 0 && bytes.HasPrefix(filter, []byte(sharePrefix)) {
		return errSharedNoLocal
	}
	return nil
}
