package wire

import (
	"reflect"
	"unsafe"
)

// Envelope is what is around a payload.
type Envelope struct {
	ID     string  // doubles as the correlation id; may be empty
	Type   string  // event type; empty when Bare: the topic says it
	Source string  // who sent it; empty when the envelope does not say, or when Bare
	TS     float64 // Unix seconds
	Data   []byte  // the payload, an object; points into the packet
	Bare   bool    // it came without an envelope
}

// envelope is an Envelope as it is read.
type envelope struct {
	ID     string  `json:"id" msg:"fresh"`
	Type   string  `json:"type" msg:"required"`
	TS     float64 `json:"ts" msg:"now"`
	Source string  `json:"source"`
	Data   rawPart `json:"data" msg:"required"`
}

// rawPart is JSON that stays in the packet.
type rawPart []byte

var envelopeShape, _ = shapeOf(reflect.TypeFor[envelope]())

// Open splits a packet. What is no envelope but is an object comes back Bare,
// with its message_id as ID, or a fresh one when it has none. The payload is
// JSON when Open returns it; [Decode] says whether it is more than that.
func Open(packet []byte) (Envelope, error) {
	var e envelope
	r := newReader(packet)
	r.depth = -1 // the payload may be as deep as one without an envelope
	r.document(envelopeShape, unsafe.Pointer(&e))
	if r.err != nil || e.Data[0] != '{' {
		return OpenBare(packet)
	}
	return Envelope{ID: e.ID, Type: e.Type, Source: e.Source, TS: e.TS, Data: e.Data}, nil
}

// OpenBare takes a packet as a payload without an envelope, also one that looks
// like an envelope: the object of another maker may have its names.
func OpenBare(packet []byte) (Envelope, error) {
	e := Envelope{TS: unixNow(), Bare: true}
	r := newReader(packet)
	r.depth = -1
	r.skipSpace()
	from := r.i
	if r.peek() != '{' {
		r.refuseType(envelopeShape, r.skip())
	} else {
		e.ID = r.messageID()
	}
	e.Data = packet[from:r.i]
	r.expectEnd()
	if r.err != nil {
		r.err.Path = ""
		return Envelope{}, r.err
	}
	if e.ID == "" {
		e.ID = NewID()
	}
	return e, nil
}

// messageID passes an object and returns the one name an envelope would have.
func (r *reader) messageID() (id string) {
	for r.enter(); r.more('}'); {
		name := string(r.key())
		if name == "message_id" && r.peek() == '"' {
			id = r.text()
		} else {
			r.skip()
		}
	}
	return id
}

// envelopeHead is what stands before the payload.
type envelopeHead struct {
	ID     string  `json:"id"`
	Type   string  `json:"type"`
	TS     float64 `json:"ts" msg:"now"`
	Source string  `json:"source"`
}

// Seal appends the envelope {"id","type","ts","source","data"} around v to dst;
// on an error dst comes back as it was. A zero TS becomes the current time; an
// empty ID stays empty. Data and Bare of e are not used.
func Seal(dst []byte, e Envelope, v any) ([]byte, error) {
	w := newWriter()
	defer writers.Put(w)
	if err := w.payload(envelopeHead{e.ID, e.Type, e.TS, e.Source}); err != nil {
		return dst, err
	}
	w.b = append(w.b[:len(w.b)-1], `,"data":`...)
	from := len(w.b)
	if err := w.payload(v); err != nil {
		return dst, err
	}
	if w.b[from] != '{' {
		return dst, newError(BadType, "%s is no object", clipText(w.b[from:])).prefixPath("data")
	}
	dst = append(dst, w.b...)
	return append(dst, '}'), nil
}
