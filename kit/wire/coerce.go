package wire

import (
	stdjson "encoding/json"
	"math"
	"strconv"
	"strings"
)

// coerce returns the canonical JSON of a value that a bool or a number may also
// be given as: "yes", "0.5", 1.0 for an integer (CONTRACTS 1.3.3).
func (sh *shape) coerce(raw []byte) ([]byte, *Error) {
	text := string(raw)
	quoted := raw[0] == '"'
	if quoted {
		text = unquote(raw)
	}
	if sh.kind == kBool {
		if b, ok := boolOf(text, quoted); ok {
			return strconv.AppendBool(nil, b), nil
		}
		return nil, refuse(BadType, "%s is no bool", clip(raw))
	}
	text = strings.TrimSpace(text)
	s := scanner{b: []byte(text)}
	end, integer, err := s.number(0)
	switch {
	case err != nil || end != len(text):
		return nil, refuse(BadType, "%s is no %s", clip(raw), sh.noun())
	case sh.kind == kFloat:
		return s.b, nil
	case integer:
		return sh.fit(text, raw)
	}
	x, _ := strconv.ParseFloat(text, 64) // number saw that it is finite
	if x != math.Trunc(x) {
		return nil, refuse(BadType, "%s is no integer", clip(raw))
	}
	if math.Abs(x) > 1<<53 { // beyond, floats are not exact
		return nil, refuse(Bounds, "%s is out of bounds", clip(raw))
	}
	return sh.fit(strconv.FormatInt(int64(x), 10), raw)
}

// fit checks that an integer fits its Go type.
func (sh *shape) fit(text string, raw []byte) ([]byte, *Error) {
	var err error
	if text == "-0" {
		text = "0"
	}
	if sh.kind == kUint {
		_, err = strconv.ParseUint(text, 10, sh.typ.Bits())
	} else {
		_, err = strconv.ParseInt(text, 10, sh.typ.Bits())
	}
	if err != nil {
		return nil, refuse(Bounds, "%s is out of bounds", clip(raw))
	}
	return []byte(text), nil
}

func boolOf(text string, quoted bool) (value, ok bool) {
	if !quoted && text != "true" && text != "false" {
		x, err := strconv.ParseFloat(text, 64)
		return x == 1, err == nil && (x == 0 || x == 1)
	}
	switch strings.ToLower(text) {
	case "1", "true", "yes", "on", "t", "y":
		return true, true
	case "0", "false", "no", "off", "f", "n":
		return false, true
	}
	return false, false
}

// unquote resolves a string the scanner has passed.
func unquote(raw []byte) (text string) {
	_ = stdjson.Unmarshal(raw, &text) // passed by str: cannot fail
	return text
}

// rewrite appends the value at i in canonical form: names of the contract,
// coerced values, defaults where nothing is. The scanner has passed it before,
// so nothing can fail.
func (s *scanner) rewrite(dst []byte, sh *shape, i, depth int) ([]byte, int) {
	c := s.at(i)
	end := 0
	switch {
	case sh.kind == kStruct && c == '{':
		return s.rewriteObject(dst, sh.plan, i, depth)
	case sh.kind == kMap && c == '{':
		dst = append(dst, '{')
		end, _ = s.members(i, depth, func(from, to, v int) (int, *Error) {
			dst = comma(dst, '{')
			dst = append(append(dst, s.b[from:to]...), ':')
			dst, v = s.rewrite(dst, sh.elem, v, depth+1)
			return v, nil
		})
		return append(dst, '}'), end
	case sh.kind == kSlice && c == '[':
		dst = append(dst, '[')
		end, _ = s.items(i, depth, func(_, v int) (int, *Error) {
			dst = comma(dst, '[')
			dst, v = s.rewrite(dst, sh.elem, v, depth+1)
			return v, nil
		})
		return append(dst, ']'), end
	}
	end, _ = s.skip(i, depth)
	if c != 'n' && (sh.kind == kBool || sh.kind == kInt || sh.kind == kUint || sh.kind == kFloat) {
		text, _ := sh.coerce(s.b[i:end])
		return append(dst, text...), end
	}
	return append(dst, s.b[i:end]...), end
}

func (s *scanner) rewriteObject(dst []byte, p *plan, i, depth int) ([]byte, int) {
	seen := make([]bool, len(p.fields))
	dst = append(dst, '{')
	end, _ := s.members(i, depth, func(from, to, v int) (int, *Error) {
		n := p.byName[string(s.key(from, to))]
		seen[n] = true
		dst = append(comma(dst, '{'), p.fields[n].quoted...)
		dst, v = s.rewrite(dst, &p.fields[n].shape, v, depth+1)
		return v, nil
	})
	for n := range p.fields {
		if f := &p.fields[n]; !seen[n] && f.fills() {
			dst = f.appendFill(append(comma(dst, '{'), f.quoted...))
		}
	}
	return append(dst, '}'), end
}

// comma separates from what is before, unless the container just opened.
func comma(dst []byte, open byte) []byte {
	if dst[len(dst)-1] != open {
		dst = append(dst, ',')
	}
	return dst
}

// appendFill appends what an absent field gets.
func (f *field) appendFill(dst []byte) []byte {
	switch {
	case f.fresh:
		return appendString(dst, NewID())
	case f.now:
		return appendFloat(dst, now())
	default:
		return append(dst, f.def...)
	}
}
