package wire

import (
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// readBool reads a bool, or what may stand for one.
func (r *reader) readBool(sh *shape) bool {
	raw := r.skip()
	word := string(raw)
	switch {
	case r.err != nil || word == "true" || word == "false":
		return word == "true"
	case raw[0] == '"':
		word = strings.ToLower(stringContent(raw))
	case raw[0] != '{' && raw[0] != '[':
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
	r.refuseType(sh, raw)
	return false
}

// stringContent is the text of a string that was passed before.
func stringContent(raw []byte) string {
	r := newReader(raw)
	return r.text()
}

// readNumber reads a number, or a string that holds one.
func (r *reader) readNumber(sh *shape, p unsafe.Pointer) {
	if c := r.peek(); c == '-' || c >= '0' && c <= '9' {
		text, integer := r.number()
		if r.err == nil {
			r.refuse(sh.setNumber(p, text, integer))
		}
		return
	}
	raw := r.skip()
	if r.err != nil {
		return
	}
	var in reader
	if raw[0] == '"' {
		in.b = []byte(strings.TrimSpace(stringContent(raw)))
	}
	text, integer := in.number()
	if in.err != nil || in.i < len(in.b) {
		r.refuseType(sh, raw)
		return
	}
	r.refuse(sh.setNumber(p, text, integer))
}

// setNumber makes p a number that was passed before.
func (sh *shape) setNumber(p unsafe.Pointer, text []byte, integer bool) *Error {
	if sh.kind != kFloat && (!integer || string(text) == "-0") {
		x, _ := strconv.ParseFloat(string(text), 64)
		if x != math.Trunc(x) {
			return newError(BadType, "%s is no integer", clipText(text))
		}
		if math.Abs(x) <= 1<<53 { // beyond, floats are not exact
			text = strconv.AppendInt(nil, int64(x), 10)
		}
	}
	var x float64
	var n int64
	var u uint64
	var err error
	switch sh.kind {
	case kFloat:
		x, err = strconv.ParseFloat(string(text), sh.typ.Bits())
		sh.at(p).Elem().SetFloat(x)
	case kInt:
		n, err = strconv.ParseInt(string(text), 10, sh.typ.Bits())
		sh.at(p).Elem().SetInt(n)
		x = float64(n)
	default:
		u, err = strconv.ParseUint(string(text), 10, sh.typ.Bits())
		sh.at(p).Elem().SetUint(u)
		x = float64(u)
	}
	if err != nil {
		return newError(Bounds, "%s is out of bounds", clipText(text))
	}
	return sh.checkBounds(x)
}
