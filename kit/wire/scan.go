package wire

import (
	"reflect"
	"strconv"
)

// value scans one value by its shape: type, nulls, names, required fields.
// Coercions and whatever else segmentio could not take set s.loose.
func (s *scanner) value(sh *shape, i, depth int) (int, *Error) {
	c := s.at(i)
	if c == 'n' {
		end, err := s.literal(i, "null")
		if err == nil && !sh.nullable && sh.kind != kCustom {
			err = refuse(Null, "must not be null")
		}
		return end, err
	}
	switch sh.kind {
	case kString, kBytes:
		if c == '"' {
			end, _, err := s.str(i)
			return end, err
		}
		return s.mistyped(sh, i, depth)
	case kBool:
		if c == 't' || c == 'f' {
			return s.skip(i, depth)
		}
		return s.coerced(sh, i, depth)
	case kInt, kUint, kFloat:
		return s.num(sh, i, depth)
	case kStruct:
		if c == '{' {
			return s.object(sh.plan, i, depth)
		}
		return s.mistyped(sh, i, depth)
	case kSlice:
		if c == '[' {
			return s.list(sh, i, depth)
		}
		return s.mistyped(sh, i, depth)
	case kMap:
		if c == '{' {
			return s.table(sh, i, depth)
		}
		return s.mistyped(sh, i, depth)
	default:
		return s.skip(i, depth)
	}
}

// num scans a number.
func (s *scanner) num(sh *shape, i, depth int) (int, *Error) {
	if c := s.at(i); c != '-' && (c < '0' || c > '9') {
		return s.coerced(sh, i, depth)
	}
	end, integer, err := s.number(i)
	if err != nil || sh.kind == kFloat || integer && sh.holds(s.b[i:end]) {
		return end, err
	}
	return s.coerced(sh, i, depth)
}

// holds reports whether an integer is sure to fit. Those it is not sure of are
// looked at one by one.
func (sh *shape) holds(digits []byte) bool {
	if digits[0] == '-' && (sh.kind == kUint || digits[1] == '0') {
		return false
	}
	return len(digits) <= sh.typ.Bits()*9/32 // 2, 4, 9, 18 digits
}

// mistyped passes a value to see that it is one, and refuses it.
func (s *scanner) mistyped(sh *shape, i, depth int) (int, *Error) {
	end, err := s.skip(i, depth)
	if err == nil {
		err = refuse(BadType, "%s is no %s", clip(s.b[i:end]), sh.noun())
	}
	return end, err
}

// coerced passes a value that must become another one, if it can.
func (s *scanner) coerced(sh *shape, i, depth int) (int, *Error) {
	end, err := s.skip(i, depth)
	if err != nil {
		return end, err
	}
	text, err := sh.coerce(s.b[i:end])
	s.loose = s.loose || string(text) != string(s.b[i:end])
	return end, err
}

// list scans a slice.
func (s *scanner) list(sh *shape, i, depth int) (int, *Error) {
	return s.items(i, depth, func(n, v int) (int, *Error) {
		end, err := s.value(sh.elem, v, depth+1)
		if err != nil {
			err = err.under(strconv.Itoa(n))
		}
		return end, err
	})
}

// table scans a map.
func (s *scanner) table(sh *shape, i, depth int) (int, *Error) {
	return s.members(i, depth, func(from, to, v int) (int, *Error) {
		key := s.key(from, to)
		if sh.typ.Key().Kind() == reflect.Int {
			if _, err := strconv.Atoi(string(key)); err != nil {
				return v, refuse(BadType, "the name is no integer").under(string(clip(key)))
			}
		}
		end, err := s.value(sh.elem, v, depth+1)
		if err != nil {
			err = err.under(string(clip(key)))
		}
		return end, err
	})
}

// object scans a struct.
func (s *scanner) object(p *plan, i, depth int) (int, *Error) {
	var buf [64]bool
	seen := buf[:]
	if len(p.fields) > len(buf) {
		seen = make([]bool, len(p.fields))
	}
	end, err := s.members(i, depth, func(from, to, v int) (int, *Error) {
		key := s.key(from, to)
		n, known := p.byName[string(key)]
		if !known {
			return v, refuse(Unknown, "no such field").under(string(clip(key)))
		}
		f := &p.fields[n]
		if seen[n] {
			return v, refuse(Duplicate, "given twice").under(f.name)
		}
		seen[n] = true
		s.loose = s.loose || len(f.aliases) > 0 && string(key) != f.name
		end, err := s.field(f, v, depth+1)
		if err != nil {
			err = err.under(f.name)
		}
		return end, err
	})
	if err != nil {
		return end, err
	}
	for n := range p.fields {
		if f := &p.fields[n]; !seen[n] {
			if f.required {
				return end, refuse(Missing, "is missing").under(f.name)
			}
			s.loose = s.loose || f.fills()
		}
	}
	return end, nil
}

func (s *scanner) field(f *field, i, depth int) (int, *Error) {
	if f.kinds != nil && s.at(i) != 'n' {
		if err := f.allows(s.at(i)); err != nil {
			return i, err
		}
	}
	return s.value(&f.shape, i, depth)
}

// allows checks the first byte of a value against the kinds a field may hold.
func (f *field) allows(c byte) *Error {
	is := "number"
	switch c {
	case '{':
		is = "object"
	case '"':
		is = "string"
	case '[':
		is = "array"
	case 't', 'f':
		is = "bool"
	}
	for _, k := range f.kinds {
		if k == is {
			return nil
		}
	}
	return refuse(BadType, "%s where %v is wanted", is, f.kinds)
}

// choose finds the case of a union by the keys its object has.
func (s *scanner) choose(p *plan, i int) (*unionCase, int, *Error) {
	if s.at(i) != '{' {
		end, err := s.mistyped(&shape{kind: kStruct}, i, 0)
		return nil, end, err
	}
	best := len(p.cases)
	end, err := s.members(i, 0, func(from, to, v int) (int, *Error) {
		key := s.key(from, to)
		for n := range best {
			if p.cases[n].key == string(key) {
				best = n
				break
			}
		}
		return s.skip(v, 1)
	})
	if err != nil {
		return nil, end, err
	}
	if best == len(p.cases) {
		return nil, end, refuse(Missing, "none of %s is there", p.caseKeys())
	}
	return &p.cases[best], end, nil
}

func (p *plan) caseKeys() (keys []string) {
	for _, c := range p.cases {
		keys = append(keys, c.key)
	}
	return keys
}

// noun names what a shape wants, for the text of a refusal.
func (sh *shape) noun() string {
	switch sh.kind {
	case kString, kBytes:
		return "string"
	case kBool:
		return "bool"
	case kInt, kUint:
		return "integer"
	case kFloat:
		return "number"
	case kSlice:
		return "array"
	default:
		return "object"
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
