// Package wire turns messages into bytes and back. It is strict both ways: what
// a receiver must refuse is refused with the field and the rule it broke, and
// what a receiver would refuse is not sent.
//
// What a field demands stands in its struct tags:
//
//	json:"top_k"            the name, compared with its case
//	json:"err,omitempty"    on send nil is left out; everything else is written
//	msg:"required"          absent is refused; else absent is the default, or zero
//	default:"en"            fills an absent field; on a pointer null is refused; on send
//	                        nil, "" and a zero that is out of bounds become it
//	msg:"min=0,max=1"       inclusive bounds of a number
//	msg:"oneof=pause stop"  the only values of a string
//	msg:"fresh"             absent or empty gets a fresh 32-hex id
//	msg:"now"               absent or zero gets the Unix time in seconds
//	msg:"alias=query"       a second name on receive
//	msg:"foreign"           taken on receive, never written
//	msg:"when=name"         on the pointers of a union: this one, if the object has
//	                        that key; the first match wins
//	msg:"kind=object|string" what an any or a map[string]any may hold: object string
//	                        array number bool
//	msg:"nullable"          on a map, slice or any: null is nil; pointers need no tag
//
// A nil map or slice without nullable is written {} or []. What no tag says,
// UnmarshalJSON and Validate on a type say, in this order and after everything
// above. UnmarshalJSON gets the canonical form: coerced, with the first names,
// and with what absent fields became. An error of theirs that begins with a
// field's name and a colon is about that field.
//
// Everything here is safe for concurrent use.
package wire

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"
)

// Reason is one of few words, so that it can label a counter.
type Reason string

// The reasons of a refusal.
const (
	BadJSON   Reason = "json"      // not JSON, or a number no float64 holds
	Unknown   Reason = "unknown"   // a name the contract does not list
	Missing   Reason = "missing"   // a required field is absent
	Null      Reason = "null"      // null where the contract wants a value
	BadType   Reason = "type"      // of another JSON type, and no coercion helps
	Bounds    Reason = "bounds"    // outside min and max, not among oneof, or refused by the payload's own method
	Duplicate Reason = "duplicate" // a name given twice, or under two names
	BadUTF8   Reason = "utf8"      // bytes or escapes that are no text
	Size      Reason = "size"      // nested too deep
)

// Error says where and why a payload was refused. Nobody may retry: the same
// bytes are refused again.
type Error struct {
	Path   string // "results.0.score"; empty for the payload as a whole
	Reason Reason
	Text   string // "51 is out of bounds"
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Text
	}
	return e.Path + ": " + e.Text
}

// prefixPath puts name in front of the path, if there is an error.
func (e *Error) prefixPath(name string) *Error {
	if e == nil {
		return nil
	}
	name = string(clipText([]byte(name)))
	if e.Path != "" {
		name += "." + e.Path
	}
	e.Path = name
	return e
}

func newError(r Reason, format string, a ...any) *Error {
	return &Error{Reason: r, Text: fmt.Sprintf(format, a...)}
}

// NewID returns a fresh id: 32 hex digits, a random UUID without dashes. It is
// unique, but no secret.
func NewID() string { return string(appendID(nil)) }

func appendID(dst []byte) []byte {
	var b [16]byte
	binary.NativeEndian.PutUint64(b[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(b[8:], rand.Uint64())
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return hex.AppendEncode(dst, b[:])
}

// unixNow is the Unix time in seconds.
func unixNow() float64 { return float64(time.Now().UnixMicro()) / 1e6 }

// Check compiles t and reports a tag that makes no sense.
func Check(t reflect.Type) error {
	_, err := shapeOf(t)
	return err
}
