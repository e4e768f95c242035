// Package codec fills a message from what arrived: its bytes, the key in its
// topic and the properties beside it.
package codec

import (
	"encoding"

	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// Arrival is one message as it came off the wire.
type Arrival struct {
	Payload, Data []byte // the packet, and the payload inside its envelope
	Key           string // text matched by "+"
	Header        msg.Header
}

// Decode fills m, a pointer to a message. Types with UnmarshalBinary travel as
// bytes, all others as JSON. After an error m is undefined.
func Decode(m any, a Arrival) error {
	if u, ok := m.(encoding.BinaryUnmarshaler); ok {
		if err := u.UnmarshalBinary(a.Payload); err != nil {
			return err
		}
		Place(m, a)
		if v, ok := m.(interface{ Validate() error }); ok {
			return v.Validate()
		}
		return nil
	}
	if err := wire.Decode(a.Data, m); err != nil {
		return err
	}
	Place(m, a)
	return nil
}

// Place tells m, a pointer to a message, what arrived beside its payload.
func Place(m any, a Arrival) {
	if k, ok := m.(interface{ SetKey(string) }); ok {
		k.SetKey(a.Key)
	}
	if h, ok := m.(interface{ SetHeader(msg.Header) }); ok {
		h.SetHeader(a.Header)
	}
}
