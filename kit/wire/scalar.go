package wire

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// boolean reads a bool, or what may stand for one.
func (r *reader) boolean() (value bool) {
	first := r.peek()
	switch first {
	case 't':
		r.literal("true")
		return true
	case 'f':
		r.literal("false")
		return false
	}
	raw := r.skip()
	if r.err != nil {
		return false
	}
	word := string(raw)
	switch first {
	case '"':
		word = strings.ToLower(content(raw))
	case '{', '[':
	default:
		if x, _ := strconv.ParseFloat(word, 64); x == 0 || x == 1 {
			word = strconv.Itoa(int(x))
		}
	}
	switch word {
	case "true", "1", "yes", "on", "t", "y":
		return true
	case "false", "0", "no", "off", "f", "n":
		return false
	}
	r.refuse(refuse(BadType, "%s is no boolean", clip(raw)))
	return false
}

// content is the text of a string that was passed before.
func content(raw []byte) string {
	r := newReader(raw)
	return r.text()
}

// numeral reads a number, or a string that holds one.
func (r *reader) numeral(sh *shape, p unsafe.Pointer) {
	if c := r.peek(); c == '-' || c >= '0' && c <= '9' {
		raw, integer := r.number()
		if r.err == nil {
			r.check(sh.set(p, raw, integer))
		}
		return
	}
	raw := r.skip()
	if r.err != nil {
		return
	}
	in := newReader(nil)
	if raw[0] == '"' {
		in.b = []byte(strings.TrimSpace(content(raw)))
	}
	text, integer := in.number()
	if in.err != nil || in.i < len(in.b) {
		r.refuse(refuse(BadType, "%s is no %s", clip(raw), kinds[sh.kind].name))
		return
	}
	r.check(sh.set(p, text, integer))
}

// set sets rv to a number that was passed before.
func (sh *shape) set(p unsafe.Pointer, text []byte, integer bool) *Error {
	if !integer && sh.kind != kFloat {
		x, _ := strconv.ParseFloat(string(text), 64)
		if x != math.Trunc(x) {
			return refuse(BadType, "%s is no integer", clip(text))
		}
		if math.Abs(x) <= 1<<53 { // beyond, floats are not exact
			text = strconv.AppendInt(nil, int64(x), 10)
		}
	}
	var err error
	var x float64
	switch bits := sh.typ.Bits(); sh.kind {
	case kFloat:
		x, err = strconv.ParseFloat(string(text), bits)
		if bits == 32 {
			*(*float32)(p) = float32(x)
		} else {
			*(*float64)(p) = x
		}
	case kInt:
		var n int64
		n, err = strconv.ParseInt(string(text), 10, bits)
		sh.at(p).Elem().SetInt(n)
		x = float64(n)
	case kUint:
		var n uint64
		n, err = strconv.ParseUint(strings.Replace(string(text), "-0", "0", 1), 10, bits)
		sh.at(p).Elem().SetUint(n)
		x = float64(n)
	}
	if err != nil {
		return refuse(Bounds, "%s is out of bounds", clip(text))
	}
	if !sh.inside(x) {
		return sh.outside(x)
	}
	return nil
}

func (r *reader) base64() []byte {
	b, err := base64.StdEncoding.DecodeString(r.text())
	if err != nil {
		r.refuse(refuse(BadType, "no base64"))
	}
	return b
}
