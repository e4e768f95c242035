package wire

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds nesting, so that no packet can exhaust the stack.
const maxDepth = 256

// scanner walks JSON by its grammar (RFC 8259). It builds nothing and allocates
// nothing unless it refuses.
type scanner struct {
	b     []byte
	loose bool // something wants rewriting before it can be decoded
}

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// at is the byte at i, and zero at the end. No JSON holds a zero byte.
func (s *scanner) at(i int) byte {
	if i < len(s.b) {
		return s.b[i]
	}
	return 0
}

func (s *scanner) bad(i int) *Error {
	if i >= len(s.b) {
		return refuse(BadJSON, "ends early")
	}
	return refuse(BadJSON, "malformed at byte %d", i)
}

func tooDeep() *Error { return refuse(Size, "nested deeper than %d levels", maxDepth) }

// whole checks that b is UTF-8 and holds one value and nothing else, which
// value scans from its first byte.
func (s *scanner) whole(value func(i int) (int, *Error)) *Error {
	if !utf8.Valid(s.b) {
		return refuse(BadUTF8, "not UTF-8")
	}
	i, err := value(space(s.b, 0))
	if err != nil {
		return err
	}
	if i = space(s.b, i); i != len(s.b) {
		return refuse(BadJSON, "bytes after the value, from byte %d", i)
	}
	return nil
}

// str passes a string and says whether it holds escapes.
func (s *scanner) str(i int) (end int, escaped bool, err *Error) {
	if s.at(i) != '"' {
		return i, false, s.bad(i)
	}
	for i++; i < len(s.b); {
		switch c := s.b[i]; {
		case c == '"':
			return i + 1, escaped, nil
		case c < ' ':
			return i, escaped, s.bad(i)
		case c == '\\':
			escaped = true
			if i, err = s.escape(i); err != nil {
				return i, escaped, err
			}
		default:
			i++
		}
	}
	return i, escaped, s.bad(i)
}

// escape passes one escape, and both halves of a surrogate pair.
func (s *scanner) escape(i int) (int, *Error) {
	switch s.at(i + 1) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
	default:
		return i, s.bad(i + 1)
	}
	r, ok := s.hex(i + 2)
	if !ok {
		return i, s.bad(i)
	}
	if !utf16.IsSurrogate(r) {
		return i + 6, nil
	}
	if s.at(i+6) == '\\' && s.at(i+7) == 'u' {
		if low, ok := s.hex(i + 8); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
			return i + 12, nil
		}
	}
	return i, refuse(BadUTF8, "half a surrogate pair at byte %d", i)
}

func (s *scanner) hex(i int) (rune, bool) {
	if i+4 > len(s.b) {
		return 0, false
	}
	var r rune
	for _, c := range s.b[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

func (s *scanner) digits(i int) (int, bool) {
	start := i
	for c := s.at(i); '0' <= c && c <= '9'; c = s.at(i) {
		i++
	}
	return i, i > start
}

// number passes a number that a float64 can hold, and says whether it is
// written as an integer.
func (s *scanner) number(i int) (end int, integer bool, err *Error) {
	start := i
	if s.at(i) == '-' {
		i++
	}
	ok := true
	if s.at(i) == '0' {
		i++
	} else if i, ok = s.digits(i); !ok {
		return i, false, s.bad(i)
	}
	integer = true
	if s.at(i) == '.' {
		integer = false
		if i, ok = s.digits(i + 1); !ok {
			return i, false, s.bad(i)
		}
	}
	if c := s.at(i); c == 'e' || c == 'E' {
		integer = false
		if i++; s.at(i) == '+' || s.at(i) == '-' {
			i++
		}
		if i, ok = s.digits(i); !ok {
			return i, false, s.bad(i)
		}
	}
	if !integer || i-start > 300 {
		if x, _ := strconv.ParseFloat(string(s.b[start:i]), 64); math.IsInf(x, 0) {
			return i, false, refuse(BadJSON, "no finite number at byte %d", start)
		}
	}
	return i, integer, nil
}

func (s *scanner) literal(i int, word string) (int, *Error) {
	for n := range len(word) {
		if s.at(i+n) != word[n] {
			return i, s.bad(i + n)
		}
	}
	return i + len(word), nil
}

// skip passes one value of any kind.
func (s *scanner) skip(i, depth int) (int, *Error) {
	switch c := s.at(i); c {
	case '"':
		i, _, err := s.str(i)
		return i, err
	case '{':
		return s.members(i, depth, func(_, _, v int) (int, *Error) { return s.skip(v, depth+1) })
	case '[':
		return s.items(i, depth, func(_, v int) (int, *Error) { return s.skip(v, depth+1) })
	case 't':
		return s.literal(i, "true")
	case 'f':
		return s.literal(i, "false")
	case 'n':
		return s.literal(i, "null")
	default:
		i, _, err := s.number(i)
		return i, err
	}
}

// members passes an object. For each member it calls f with the ends of its
// quoted name and the start of its value; f returns where the value ends.
func (s *scanner) members(i, depth int, f func(from, to, v int) (int, *Error)) (int, *Error) {
	if depth >= maxDepth {
		return i, tooDeep()
	}
	if i = space(s.b, i+1); s.at(i) == '}' {
		return i + 1, nil
	}
	for {
		to, _, err := s.str(i)
		if err != nil {
			return i, err
		}
		v := space(s.b, to)
		if s.at(v) != ':' {
			return v, s.bad(v)
		}
		if i, err = f(i, to, space(s.b, v+1)); err != nil {
			return i, err
		}
		switch i = space(s.b, i); s.at(i) {
		case '}':
			return i + 1, nil
		case ',':
			i = space(s.b, i+1)
		default:
			return i, s.bad(i)
		}
	}
}

// items passes an array. For each item it calls f with its number and start.
func (s *scanner) items(i, depth int, f func(n, v int) (int, *Error)) (int, *Error) {
	if depth >= maxDepth {
		return i, tooDeep()
	}
	if i = space(s.b, i+1); s.at(i) == ']' {
		return i + 1, nil
	}
	for n := 0; ; n++ {
		var err *Error
		if i, err = f(n, i); err != nil {
			return i, err
		}
		switch i = space(s.b, i); s.at(i) {
		case ']':
			return i + 1, nil
		case ',':
			i = space(s.b, i+1)
		default:
			return i, s.bad(i)
		}
	}
}

// key is the name between from and to, quotes off and escapes resolved.
func (s *scanner) key(from, to int) []byte {
	raw := s.b[from+1 : to-1]
	for _, c := range raw {
		if c == '\\' {
			return []byte(unquote(s.b[from:to]))
		}
	}
	return raw
}
