package wire

import (
	"cmp"
	"encoding/base64"
	stdjson "encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Encode appends v with all its fields to dst, and refuses what Decode would
// refuse; then dst comes back as it was. It does not change v, nor anything v
// points to: what it fills in appears in the bytes only.
func Encode(dst []byte, v any) ([]byte, error) {
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Pointer {
		rv = rv.Elem()
	}
	if !rv.IsValid() {
		return dst, fmt.Errorf("encode %T: nil is no message", v)
	}
	sh, err := shapeOf(rv.Type())
	if err != nil {
		return dst, err
	}
	out, refusal := sh.encode(dst, rv)
	if refusal != nil {
		return dst, refusal
	}
	return out, nil
}

// encode appends a whole payload.
func (sh *shape) encode(dst []byte, rv reflect.Value) ([]byte, *Error) {
	inner, from := sh, len(dst)
	if sh.plan != nil && sh.plan.cases != nil {
		c, err := sh.plan.set(rv)
		if err != nil {
			return dst, err
		}
		inner, rv = c.shape, rv.FieldByIndex(c.index).Elem()
	}
	dst, err := inner.append(dst, rv, 0)
	if err != nil {
		return dst, err
	}
	if sh.unmarshal || sh.validates || inner.unmarshal || inner.validates {
		return dst, sh.decode(dst[from:], reflect.New(sh.typ).Elem())
	}
	return dst, nil
}

// set finds the one case of a union that is not nil.
func (p *plan) set(rv reflect.Value) (*unionCase, *Error) {
	var found *unionCase
	for n := range p.cases {
		if rv.FieldByIndex(p.cases[n].index).IsNil() {
			continue
		}
		if found != nil {
			return nil, refuse(Duplicate, "both %s and %s are set", found.key, p.cases[n].key)
		}
		found = &p.cases[n]
	}
	if found == nil {
		return nil, refuse(Missing, "none of %s is set", p.caseKeys())
	}
	return found, nil
}

// append appends one value by its shape.
func (sh *shape) append(dst []byte, rv reflect.Value, depth int) ([]byte, *Error) {
	if depth > maxDepth { // containers stand at most maxDepth deep
		return dst, tooDeep()
	}
	if k := rv.Kind(); (k == reflect.Pointer || k == reflect.Interface) && sh.kind != kCustom {
		if rv.IsNil() {
			return sh.appendNil(dst)
		}
		rv = rv.Elem()
	}
	if sh.marshals || sh.kind == kCustom {
		return sh.appendCustom(dst, rv, depth)
	}
	switch sh.kind {
	case kString:
		if s := rv.String(); utf8.ValidString(s) {
			return appendString(dst, s), nil
		}
		return dst, refuse(BadUTF8, "not UTF-8")
	case kBool:
		return strconv.AppendBool(dst, rv.Bool()), nil
	case kInt:
		return strconv.AppendInt(dst, rv.Int(), 10), nil
	case kUint:
		return strconv.AppendUint(dst, rv.Uint(), 10), nil
	case kFloat:
		x := rv.Float()
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return dst, refuse(BadJSON, "no finite number")
		}
		return appendFloat(dst, x), nil
	case kBytes:
		dst = append(dst, '"')
		return append(base64.StdEncoding.AppendEncode(dst, rv.Bytes()), '"'), nil
	case kAny:
		return appendAny(dst, rv, depth)
	default:
		if depth == maxDepth {
			return dst, tooDeep()
		}
		return sh.appendContainer(dst, rv, depth)
	}
}

func (sh *shape) appendContainer(dst []byte, rv reflect.Value, depth int) ([]byte, *Error) {
	if (sh.kind == kSlice || sh.kind == kMap) && rv.IsNil() && sh.nullable && !sh.ptr {
		return append(dst, "null"...), nil
	}
	switch sh.kind {
	case kStruct:
		return sh.plan.append(dst, rv, depth)
	case kMap:
		return sh.appendMap(dst, rv, depth)
	}
	dst = append(dst, '[')
	for n := range rv.Len() {
		var err *Error
		if dst, err = sh.elem.append(comma(dst, '['), rv.Index(n), depth+1); err != nil {
			return dst, err.under(strconv.Itoa(n))
		}
	}
	return append(dst, ']'), nil
}

func (sh *shape) appendNil(dst []byte) ([]byte, *Error) {
	if !sh.nullable {
		return dst, refuse(Null, "must not be null")
	}
	return append(dst, "null"...), nil
}

// appendMap writes names in order, so that equal maps make equal bytes.
func (sh *shape) appendMap(dst []byte, rv reflect.Value, depth int) ([]byte, *Error) {
	keys := rv.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		if a.CanInt() {
			return cmp.Compare(a.Int(), b.Int())
		}
		return cmp.Compare(a.String(), b.String())
	})
	dst = append(dst, '{')
	for _, k := range keys {
		name := k.String()
		if k.CanInt() {
			name = strconv.FormatInt(k.Int(), 10)
		}
		if !utf8.ValidString(name) {
			return dst, refuse(BadUTF8, "the name is not UTF-8")
		}
		dst = append(appendString(comma(dst, '{'), name), ':')
		var err *Error
		if dst, err = sh.elem.append(dst, rv.MapIndex(k), depth+1); err != nil {
			return dst, err.under(name)
		}
	}
	return append(dst, '}'), nil
}

// appendAny appends what an any holds, by the shape of its own type.
func appendAny(dst []byte, rv reflect.Value, depth int) ([]byte, *Error) {
	t := rv.Type()
	if t.Kind() == reflect.Interface {
		return append(dst, "null"...), nil
	}
	sh, err := shapeOf(t)
	if err == nil {
		err = noUnion(sh)
	}
	if err != nil {
		return dst, refuse(BadType, "%v", err)
	}
	return sh.append(dst, rv, depth)
}

// appendCustom appends what MarshalJSON says, if that is JSON.
func (sh *shape) appendCustom(dst []byte, rv reflect.Value, depth int) ([]byte, *Error) {
	out, err := stdjson.Marshal(rv.Interface())
	if err != nil {
		return dst, refuse(BadType, "%v", err)
	}
	s := &scanner{b: out}
	if err := s.whole(func(i int) (int, *Error) { return s.value(sh, i, depth) }); err != nil {
		return dst, err
	}
	return append(dst, out...), nil
}

// append appends a struct.
func (p *plan) append(dst []byte, rv reflect.Value, depth int) ([]byte, *Error) {
	dst = append(dst, '{')
	for n := range p.fields {
		f := &p.fields[n]
		fv := rv.FieldByIndex(f.index)
		if f.foreign || f.omitNil && isNil(fv) {
			continue
		}
		var err *Error
		if dst, err = f.append(append(comma(dst, '{'), f.quoted...), fv, depth); err != nil {
			return dst, err.under(f.name)
		}
	}
	return append(dst, '}'), nil
}

// append appends the value of one field, or what stands in for it.
func (f *field) append(dst []byte, fv reflect.Value, depth int) ([]byte, *Error) {
	if f.vacant(fv) {
		return f.appendFill(dst), nil
	}
	if !isNil(fv) && (f.bounded() || f.oneof != nil) {
		if err := f.rule(reflect.Indirect(fv)); err != nil {
			return dst, err
		}
	}
	from := len(dst)
	dst, err := f.shape.append(dst, fv, depth+1)
	if err == nil && f.kinds != nil && dst[from] != 'n' {
		err = f.allows(dst[from])
	}
	return dst, err
}

// vacant reports whether a default, a fresh id or the time stands in for fv.
func (f *field) vacant(fv reflect.Value) bool {
	switch {
	case !f.fills():
		return false
	case f.ptr:
		return fv.IsNil()
	case f.kind == kString, f.now:
		return fv.IsZero()
	default:
		return f.number() && fv.IsZero() && !f.inside(0)
	}
}

func isNil(rv reflect.Value) bool {
	switch rv.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return rv.IsNil()
	}
	return false
}
