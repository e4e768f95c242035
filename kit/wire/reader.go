package wire

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/segmentio/encoding/ascii"
)

// maxDepth bounds nesting, so that no packet can exhaust the stack.
const maxDepth = 256

// reader walks JSON by its grammar (RFC 8259). After a refusal it stands at the
// end, so that callers may look at err late.
type reader struct {
	b     []byte
	i     int    // the next byte
	depth int    // open containers
	plain bool   // all of it is printable ASCII without escapes
	err   *Error // the first refusal
}

func newReader(b []byte) reader {
	return reader{b: b, plain: ascii.ValidPrint(b) && bytes.IndexByte(b, '\\') < 0}
}

func (r *reader) refuse(err *Error) {
	if r.err == nil {
		r.err = err
	}
	r.i = len(r.b)
}

// bad refuses the next byte.
func (r *reader) bad() {
	if r.i >= len(r.b) {
		r.refuse(refuse(BadJSON, "ends early"))
	} else {
		r.refuse(refuse(BadJSON, "malformed at byte %d", r.i))
	}
}

// peek is the next byte, and zero at the end. No JSON holds a zero byte.
func (r *reader) peek() byte {
	if r.i < len(r.b) {
		return r.b[r.i]
	}
	return 0
}

func (r *reader) space() {
	if r.peek() <= ' ' {
		r.blanks()
	}
}

func (r *reader) blanks() {
	for r.i < len(r.b) && strings.IndexByte(" \t\n\r", r.b[r.i]) >= 0 {
		r.i++
	}
}

// open enters a container and moves to its first member or item, if it has one.
func (r *reader) open(end byte) (more bool) {
	if r.depth >= maxDepth {
		r.refuse(tooDeep())
		return false
	}
	r.depth++
	r.i++
	r.space()
	return r.peek() != end || r.leave()
}

// next moves to the next member or item, if there is one.
func (r *reader) next(end byte) (more bool) {
	r.space()
	switch r.peek() {
	case ',':
		r.i++
		r.space()
		return true
	case end:
		return r.leave()
	default:
		r.bad()
		return false
	}
}

func (r *reader) leave() (more bool) {
	r.depth--
	r.i++
	return false
}

func tooDeep() *Error { return refuse(Size, "nested deeper than %d levels", maxDepth) }

// key passes a name and the colon behind it.
func (r *reader) key() []byte {
	name, escaped := r.quoted()
	r.space()
	if r.peek() != ':' {
		r.bad()
		return name
	}
	r.i++
	r.space()
	if escaped {
		return []byte(unescape(name))
	}
	return name
}

// text passes a string.
func (r *reader) text() string {
	raw, escaped := r.quoted()
	if escaped && r.err == nil {
		return unescape(raw)
	}
	return string(raw)
}

// quoted passes a string and returns what is between the quotes.
func (r *reader) quoted() (raw []byte, escaped bool) {
	if r.peek() != '"' {
		r.bad()
		return nil, false
	}
	r.i++
	from := r.i
	if !r.plain {
		return r.characters()
	}
	rest := r.b[from:]
	for n := range min(len(rest), 16) { // most are short: no call
		if rest[n] == '"' {
			r.i = from + n + 1
			return rest[:n], false
		}
	}
	n := bytes.IndexByte(rest, '"')
	if n < 0 {
		r.i = len(r.b)
		r.bad()
		return nil, false
	}
	r.i = from + n + 1
	return rest[:n], false
}

// characters is quoted behind the first quote, for any text.
func (r *reader) characters() (raw []byte, escaped bool) {
	from := r.i
	for r.i < len(r.b) {
		switch c := r.b[r.i]; {
		case c == '"':
			raw = r.b[from:r.i]
			r.i++
			if !utf8.Valid(raw) {
				r.refuse(refuse(BadUTF8, "not UTF-8"))
			}
			return raw, escaped
		case c < ' ':
			r.bad()
		case c == '\\':
			escaped = true
			r.escape()
		default:
			r.i++
		}
	}
	r.bad()
	return nil, false
}

// unescape resolves the escapes of a string that was passed before.
func unescape(raw []byte) string {
	var out strings.Builder
	out.Grow(len(raw))
	r := reader{b: raw}
	for {
		n := bytes.IndexByte(raw[r.i:], '\\')
		if n < 0 {
			out.Write(raw[r.i:])
			return out.String()
		}
		out.Write(raw[r.i : r.i+n])
		r.i += n
		out.WriteRune(r.escape())
	}
}

// escape passes one escape, or both halves of a surrogate pair, and returns what
// it stands for.
func (r *reader) escape() rune {
	const short, means = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	r.i++
	c := r.peek()
	if n := strings.IndexByte(short, c); n >= 0 {
		r.i++
		return rune(means[n])
	}
	if c != 'u' {
		r.bad()
		return 0
	}
	x := r.hex()
	if !utf16.IsSurrogate(x) {
		return x
	}
	if bytes.HasPrefix(r.b[r.i:], []byte(`\u`)) {
		r.i++
		x = utf16.DecodeRune(x, r.hex())
	}
	if utf16.IsSurrogate(x) || x == utf8.RuneError {
		r.refuse(refuse(BadUTF8, "half a surrogate pair"))
	}
	return x
}

// hex passes the u of an escape and its four digits.
func (r *reader) hex() rune {
	r.i++
	x, err := strconv.ParseUint(string(r.b[r.i:min(r.i+4, len(r.b))]), 16, 16)
	if err != nil || r.i+4 > len(r.b) {
		r.bad()
		return 0
	}
	r.i += 4
	return rune(x)
}

// number passes a number that a float64 can hold, and says whether it is
// written as an integer.
func (r *reader) number() (raw []byte, integer bool) {
	from := r.i
	if r.peek() == '-' {
		r.i++
	}
	if r.peek() == '0' {
		r.i++
	} else {
		r.digits()
	}
	integer = true
	if r.peek() == '.' {
		integer = false
		r.i++
		r.digits()
	}
	huge := r.i-from > 300
	if c := r.peek(); c == 'e' || c == 'E' {
		integer, huge = false, true
		r.i++
		if c := r.peek(); c == '+' || c == '-' {
			r.i++
		}
		r.digits()
	}
	raw = r.b[from:r.i]
	if huge && r.err == nil {
		if x, _ := strconv.ParseFloat(string(raw), 64); math.IsInf(x, 0) {
			r.refuse(refuse(BadJSON, "no finite number at byte %d", from))
		}
	}
	return raw, integer
}

// digits passes one digit or more.
func (r *reader) digits() {
	from := r.i
	for r.i < len(r.b) && r.b[r.i] >= '0' && r.b[r.i] <= '9' {
		r.i++
	}
	if r.i == from {
		r.bad()
	}
}

func (r *reader) literal(word string) {
	if !bytes.HasPrefix(r.b[r.i:], []byte(word)) {
		r.bad()
		return
	}
	r.i += len(word)
}

// skip passes one value of any kind and returns it.
func (r *reader) skip() []byte {
	from := r.i
	switch r.peek() {
	case '"':
		r.quoted()
	case '{':
		for more := r.open('}'); more; more = r.next('}') {
			key := r.key()
			r.skip()
			r.within(key)
		}
	case '[':
		for more := r.open(']'); more; more = r.next(']') {
			r.skip()
		}
	case 't':
		r.literal("true")
	case 'f':
		r.literal("false")
	case 'n':
		r.literal("null")
	default:
		r.number()
	}
	return r.b[from:r.i]
}

// within puts the name of a member in front of a refusal inside it.
func (r *reader) within(name []byte) {
	if r.err != nil {
		r.err.under(string(clip(name)))
	}
}

// clip shortens what is quoted in a refusal.
func clip(b []byte) []byte {
	const most = 40
	if len(b) <= most {
		return b
	}
	cut := most
	for cut > 0 && b[cut]&0xc0 == 0x80 { // not inside a character
		cut--
	}
	return append(b[:cut:cut], "…"...)
}
