package broker

import "slices"

// Numbers of properties that mean something here.
const (
	propSubscriptionID      = 0x0B
	propSessionExpiry       = 0x11
	propAuthMethod          = 0x15
	propAuthData            = 0x16
	propReasonString        = 0x1F
	propReceiveMaximum      = 0x21
	propTopicAlias          = 0x23
	propUser                = 0x26
	propMaximumPacket       = 0x27
	propResponseTopic       = 0x08
	propPayloadFormat       = 0x01
	propProblemInfo         = 0x17
	propResponseInfo        = 0x19
	willProperties     byte = 0 // stands for the will where a packet type is wanted: 0 is no packet
)

// propertyKind is how a property is encoded.
type propertyKind byte

const (
	kindByte propertyKind = iota
	kindUint16
	kindUint32
	kindVariable
	kindBinary
	kindText
	kindPair
)

// property says how one is encoded, and in which packets of a client it may be.
type property struct {
	kind propertyKind
	in   []byte
}

var ackTypes = []byte{typePuback, typePubrec, typePubrel, typePubcomp}

var properties = map[byte]property{
	propPayloadFormat:  {kindByte, []byte{typePublish, willProperties}},
	0x02:               {kindUint32, []byte{typePublish, willProperties}}, // Message Expiry Interval
	0x03:               {kindText, []byte{typePublish, willProperties}},   // Content Type
	propResponseTopic:  {kindText, []byte{typePublish, willProperties}},
	0x09:               {kindBinary, []byte{typePublish, willProperties}}, // Correlation Data
	propSubscriptionID: {kindVariable, []byte{typeSubscribe}},
	propSessionExpiry:  {kindUint32, []byte{typeConnect, typeDisconnect}},
	propAuthMethod:     {kindText, []byte{typeConnect, typeAuth}},
	propAuthData:       {kindBinary, []byte{typeConnect, typeAuth}},
	propProblemInfo:    {kindByte, []byte{typeConnect}},
	0x18:               {kindUint32, []byte{willProperties}}, // Will Delay Interval
	propResponseInfo:   {kindByte, []byte{typeConnect}},
	propReasonString:   {kindText, append([]byte{typeDisconnect, typeAuth}, ackTypes...)},
	propReceiveMaximum: {kindUint16, []byte{typeConnect}},
	0x22:               {kindUint16, []byte{typeConnect}}, // Topic Alias Maximum
	propTopicAlias:     {kindUint16, []byte{typePublish}},
	propUser: {kindPair, append([]byte{typeConnect, willProperties, typePublish, typeSubscribe, typeUnsubscribe,
		typeDisconnect, typeAuth}, ackTypes...)},
	propMaximumPacket: {kindUint32, []byte{typeConnect}},
}

// propertyValues are those of the properties of one packet that are numbers.
type propertyValues map[byte]uint32

// checkProperties reads the properties of a packet of type in.
func checkProperties(s *scanner, in byte) (propertyValues, error) {
	all := scanner{buf: s.take(s.variable())}
	if s.bad {
		return nil, errProperties
	}
	var values propertyValues
	pairs := 0
	for len(all.buf) > 0 {
		id := all.octet()
		p, ok := properties[id]
		if !ok {
			return nil, errProperties
		}
		if !slices.Contains(p.in, in) {
			return nil, errPropertyPlace
		}
		if _, twice := values[id]; twice {
			return nil, errPropertyTwice
		}
		n, text := readProperty(&all, p.kind)
		if all.bad {
			return nil, errProperties
		}
		if err := checkProperty(id, n, text); err != nil {
			return nil, err
		}
		if id == propUser {
			if pairs++; pairs > maxUserProperties {
				return nil, errTooManyProperties
			}
		} else {
			if values == nil {
				values = propertyValues{}
			}
			values[id] = n
		}
	}
	return values, nil
}

func readProperty(s *scanner, k propertyKind) (n uint32, text []byte) {
	switch k {
	case kindByte:
		n = uint32(s.octet())
	case kindUint16:
		n = uint32(s.uint16())
	case kindUint32:
		n = s.uint32()
	case kindVariable:
		n = uint32(s.variable())
	case kindBinary:
		s.binary()
	case kindText:
		text = s.text()
	case kindPair:
		s.text()
		s.text()
	}
	return n, text
}

// checkProperty refuses values that MQTT 5 calls a protocol error.
func checkProperty(id byte, n uint32, text []byte) error {
	switch id {
	case propPayloadFormat, propProblemInfo, propResponseInfo:
		if n > 1 {
			return errPropertyValue
		}
	case propSubscriptionID, propReceiveMaximum, propMaximumPacket:
		if n == 0 {
			return errPropertyValue
		}
	case propTopicAlias:
		return errTopicAlias // CONNACK announces none
	case propResponseTopic:
		if hasWildcard(text) {
			return errResponseTopic
		}
	}
	return nil
}
