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
// end, so that loops end and callers may look at err late.
type reader struct {
	b     []byte
	i     int    // the next byte
	depth int    // open containers
	first bool   // the container was just entered
	plain bool   // all of it is printable ASCII without escapes
	err   *Error // the first refusal
}

func newReader(b []byte) reader {
	return reader{b: b, plain: ascii.ValidPrint(b) && bytes.IndexByte(b, '\\') < 0}
}

// refuse stops at err, if there is one.
func (r *reader) refuse(err *Error) {
	if err == nil {
		return
	}
	if r.err == nil {
		r.err = err
	}
	r.i = len(r.b)
}

// refuseByte refuses the next byte.
func (r *reader) refuseByte() {
	if r.i < len(r.b) {
		r.refuse(newError(BadJSON, "malformed at byte %d", r.i))
	} else {
		r.refuse(newError(BadJSON, "ends early"))
	}
}

// peek is the next byte, and zero at the end. No JSON holds a zero byte.
func (r *reader) peek() byte {
	if r.i < len(r.b) {
		return r.b[r.i]
	}
	return 0
}

// accept passes the next byte if it is a or b.
func (r *reader) accept(a, b byte) bool {
	c := r.peek()
	if c != a && c != b {
		return false
	}
	r.i++
	return true
}

func (r *reader) skipSpace() {
	if r.peek() <= ' ' {
		r.skipBlanks()
	}
}

func (r *reader) skipBlanks() {
	for r.accept(' ', '\n') || r.accept('\t', '\r') {
	}
}

// expectEnd refuses what is left.
func (r *reader) expectEnd() {
	r.skipSpace()
	if r.i < len(r.b) {
		r.refuse(newError(BadJSON, "bytes after the value, from byte %d", r.i))
	}
}

// enter passes the first byte of a container. Its members or items are read with
//
//	for r.enter(); r.more(end); {
func (r *reader) enter() {
	if r.depth >= maxDepth {
		r.refuse(tooDeep())
		return
	}
	r.depth++
	r.i++
	r.first = true
}

// more moves to the next member or item, or behind the end when there is none.
func (r *reader) more(end byte) bool {
	r.skipSpace()
	first := r.first
	r.first = false
	switch {
	case r.accept(end, end):
		r.depth--
		return false
	case first:
		return true
	case r.accept(',', ','):
		r.skipSpace()
		return true
	default:
		r.refuseByte()
		return false
	}
}

func tooDeep() *Error { return newError(Size, "nested deeper than %d levels", maxDepth) }

// key passes a name and the colon behind it.
func (r *reader) key() []byte {
	name, escaped := r.quoted()
	r.skipSpace()
	if !r.accept(':', ':') {
		r.refuseByte()
		return name
	}
	r.skipSpace()
	if escaped {
		return []byte(unescapeString(name))
	}
	return name
}

// text passes a string.
func (r *reader) text() string {
	raw, escaped := r.quoted()
	if escaped {
		return unescapeString(raw)
	}
	return string(raw)
}

// quoted passes a string and returns what is between the quotes.
func (r *reader) quoted() (raw []byte, escaped bool) {
	if !r.accept('"', '"') {
		r.refuseByte()
		return nil, false
	}
	if !r.plain {
		return r.characters()
	}
	rest := r.b[r.i:]
	n := bytes.IndexByte(rest, '"')
	if n < 0 {
		return r.characters()
	}
	r.i += n + 1
	return rest[:n], false
}

// characters is quoted behind the first quote, for any text.
func (r *reader) characters() (raw []byte, escaped bool) {
	from := r.i
	for r.peek() != '"' {
		switch c := r.peek(); {
		case c < ' ':
			r.refuseByte()
			return nil, false
		case c == '\\':
			escaped = true
			r.escape()
		default:
			r.i++
		}
	}
	raw = r.b[from:r.i]
	r.i++
	if !utf8.Valid(raw) {
		r.refuse(newError(BadUTF8, "not UTF-8"))
	}
	return raw, escaped
}

// unescapeString resolves the escapes of a string that was passed before.
func unescapeString(raw []byte) string {
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
	if n := strings.IndexByte(short, r.peek()); n >= 0 {
		r.i++
		return rune(means[n])
	}
	x := r.hex()
	if !utf16.IsSurrogate(x) {
		return x
	}
	if r.accept('\\', '\\') {
		x = utf16.DecodeRune(x, r.hex())
	}
	if utf16.IsSurrogate(x) || x == utf8.RuneError {
		r.refuse(newError(BadUTF8, "half a surrogate pair"))
	}
	return x
}

// hex passes a u and its four digits.
func (r *reader) hex() rune {
	digits := ""
	if r.accept('u', 'u') {
		digits = string(r.b[r.i:min(r.i+4, len(r.b))])
	}
	x, err := strconv.ParseUint(digits, 16, 16)
	if err != nil || len(digits) < 4 {
		r.refuseByte()
		return 0
	}
	r.i += 4
	return rune(x)
}

// number passes a number that a float64 can hold, and says whether it is
// written as an integer.
func (r *reader) number() (raw []byte, integer bool) {
	from := r.i
	r.accept('-', '-')
	if !r.accept('0', '0') {
		r.digits()
	}
	integer = true
	if r.accept('.', '.') {
		integer = false
		r.digits()
	}
	huge := r.i-from > 300
	if r.accept('e', 'E') {
		integer, huge = false, true
		r.accept('+', '-')
		r.digits()
	}
	raw = r.b[from:r.i]
	if huge && r.err == nil {
		if x, _ := strconv.ParseFloat(string(raw), 64); math.IsInf(x, 0) {
			r.refuse(newError(BadJSON, "no finite number at byte %d", from))
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
		r.refuseByte()
	}
}

func (r *reader) literal(word string) {
	if !bytes.HasPrefix(r.b[r.i:], []byte(word)) {
		r.refuseByte()
		return
	}
	r.i += len(word)
}

// skip passes one value of any kind and returns it, or nil when it refuses.
func (r *reader) skip() []byte {
	from := r.i
	switch r.peek() {
	case '"':
		r.quoted()
	case '{':
		for r.enter(); r.more('}'); {
			key := r.key()
			r.skip()
			r.prefixPath(key)
		}
	case '[':
		for r.enter(); r.more(']'); {
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
	if r.err != nil {
		return nil
	}
	return r.b[from:r.i]
}

// prefixPath puts the name of a member in front of a refusal inside it.
func (r *reader) prefixPath(name []byte) {
	if r.err != nil {
		r.err.prefixPath(string(name))
	}
}

// clipText shortens what is quoted in a refusal.
func clipText(b []byte) []byte {
	const most = 40
	if len(b) <= most {
		return b
	}
	return append(bytes.ToValidUTF8(b[:most], nil), "…"...)
}
