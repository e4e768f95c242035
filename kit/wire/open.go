package wire

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"
)

// Envelope is what is around a payload (CONTRACTS 1.1).
type Envelope struct {
	ID     string  // doubles as the correlation id; may be empty
	Type   string  // event type; empty when Bare: the topic says it
	Source string  // who sent it; empty when Bare: unknown
	TS     float64 // Unix seconds
	Data   []byte  // the payload, an object; points into the packet
	Bare   bool    // it came without an envelope
}

// Open splits a packet. What is no envelope but is an object comes back Bare,
// with its message_id as ID, or a fresh one when it has none. The payload is
// JSON when Open returns it; Decode says whether it is more than that.
func Open(packet []byte) (Envelope, error) {
	s := &scanner{b: packet}
	o := opener{s: s}
	if err := s.whole(o.object); err != nil {
		return Envelope{}, err
	}
	if o.seen&(1<<hasType) == 0 || o.seen&(1<<hasData) == 0 || o.odd {
		if o.messageID == "" {
			o.messageID = NewID()
		}
		return Envelope{ID: o.messageID, TS: now(), Data: bytes.TrimSpace(packet), Bare: true}, nil
	}
	e := o.e
	if o.seen&(1<<hasID) == 0 {
		e.ID = NewID()
	}
	if o.seen&(1<<hasTS) == 0 {
		e.TS = now()
	}
	if o.seen&(1<<hasSource) == 0 {
		e.Source = "router"
	}
	return e, nil
}

// The keys of an envelope, as bits of opener.seen.
const (
	hasID = iota
	hasType
	hasTS
	hasSource
	hasData
)

// opener reads the members of a packet and sees whether they make an envelope.
type opener struct {
	s         *scanner
	e         Envelope
	seen      uint
	odd       bool // something no envelope has
	messageID string
}

func (o *opener) object(i int) (int, *Error) {
	if o.s.at(i) != '{' {
		return o.s.mistyped(&shape{kind: kStruct}, i, 0)
	}
	return o.s.members(i, 0, func(from, to, v int) (int, *Error) {
		end, err := o.s.skip(v, 0)
		if err == nil {
			o.member(o.s.key(from, to), o.s.b[v:end])
		}
		return end, err
	})
}

func (o *opener) member(key, raw []byte) {
	bit, ok := 0, false
	switch string(key) {
	case "id":
		o.e.ID, ok = textOf(raw)
		bit = hasID
	case "type":
		o.e.Type, ok = textOf(raw)
		bit = hasType
	case "ts":
		o.e.TS, ok = secondsOf(raw)
		bit = hasTS
	case "source":
		o.e.Source, ok = textOf(raw)
		bit = hasSource
	case "data":
		o.e.Data, ok = raw, raw[0] == '{'
		bit = hasData
	case "message_id":
		o.messageID, _ = textOf(raw)
	}
	o.odd = o.odd || !ok || o.seen&(1<<bit) != 0
	o.seen |= 1 << bit
}

func textOf(raw []byte) (string, bool) {
	if raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	return unquote(raw), true
}

var seconds = &shape{kind: kFloat}

// secondsOf reads a number, also one in quotes.
func secondsOf(raw []byte) (float64, bool) {
	text, err := seconds.coerce(raw)
	if err != nil {
		return 0, false
	}
	x, perr := strconv.ParseFloat(string(text), 64)
	return x, perr == nil
}

// Seal appends the envelope {"id","type","ts","source","data"} around v to dst;
// on an error dst comes back as it was. A zero TS becomes the current time; an
// empty ID stays empty. Data and Bare of e are not used.
func Seal(dst []byte, e Envelope, v any) ([]byte, error) {
	if e.TS == 0 {
		e.TS = now()
	}
	if math.IsNaN(e.TS) || math.IsInf(e.TS, 0) {
		return dst, refuse(BadJSON, "no finite number").under("ts")
	}
	out := dst
	for _, m := range [...]struct{ name, text string }{{"id", e.ID}, {"type", e.Type}, {"source", e.Source}} {
		if !utf8.ValidString(m.text) {
			return dst, refuse(BadUTF8, "not UTF-8").under(m.name)
		}
	}
	out = appendString(append(out, `{"id":`...), e.ID)
	out = appendString(append(out, `,"type":`...), e.Type)
	out = appendFloat(append(out, `,"ts":`...), e.TS)
	out = appendString(append(out, `,"source":`...), e.Source)
	out = append(out, `,"data":`...)
	from := len(out)
	out, err := Encode(out, v)
	if err != nil {
		return dst, err
	}
	if out[from] != '{' {
		return dst, refuse(BadType, "%s is no object", clip(out[from:])).under("data")
	}
	return append(out, '}'), nil
}
