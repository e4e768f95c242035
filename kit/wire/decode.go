package wire

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/segmentio/encoding/json"
)

// Decode fills the value v points to from one JSON value, or returns an *Error;
// then v is undefined. Fields that are no part of the JSON keep what they hold.
// Nothing in v points into data afterwards.
func Decode(data []byte, v any) error {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return fmt.Errorf("decode into %T: not a pointer", v)
	}
	sh, err := shapeOf(rv.Type().Elem())
	if err != nil {
		return err
	}
	r := newReader(data)
	r.document(sh, rv.UnsafePointer())
	if r.err != nil {
		return r.err
	}
	return nil
}

// document reads one value and nothing else.
func (r *reader) document(sh *shape, p unsafe.Pointer) {
	r.space()
	r.value(sh, p)
	r.finish()
}

// finish refuses what is left.
func (r *reader) finish() {
	r.space()
	if r.i < len(r.b) {
		r.refuse(refuse(BadJSON, "bytes after the value, from byte %d", r.i))
	}
}

// value reads one value into rv.
func (r *reader) value(sh *shape, p unsafe.Pointer) {
	c := r.peek()
	if c == 'n' && (sh.ptr || sh.kind != kCustom) {
		r.null(sh, p)
		return
	}
	if sh.ptr {
		to := reflect.New(sh.typ).UnsafePointer()
		*(*unsafe.Pointer)(p) = to
		p = to
	}
	if sh.first != 0 && c != sh.first {
		r.mistyped(sh)
		return
	}
	switch sh.kind {
	case kAny:
		r.free(sh, p)
	case kCustom:
		r.custom(sh, p)
	case kBool:
		*(*bool)(p) = r.boolean()
	case kInt, kUint, kFloat:
		r.numeral(sh, p)
	case kString:
		text := r.text()
		*(*string)(p) = text
		if sh.oneof != nil {
			r.check(sh.choice(text))
		}
	case kBytes:
		*(*[]byte)(p) = r.base64()
	case kPart:
		*(*[]byte)(p) = r.skip()
	case kStruct:
		r.structure(sh, p)
	case kMap:
		r.table(sh, p)
	case kSlice:
		r.list(sh, p)
	}
	if sh.validates && r.err == nil {
		r.check(sh.blame(sh.at(p).Interface().(interface{ Validate() error }).Validate(), Bounds))
	}
}

// at is a pointer to what stands at p.
func (sh *shape) at(p unsafe.Pointer) reflect.Value { return reflect.NewAt(sh.typ, p) }

// clear empties what stands at p.
func (sh *shape) clear(p unsafe.Pointer) {
	if sh.ptr {
		*(*unsafe.Pointer)(p) = nil
	} else {
		sh.at(p).Elem().SetZero()
	}
}

// check refuses what was just read, if err says so.
func (r *reader) check(err *Error) {
	if err != nil {
		r.refuse(err)
	}
}

func (r *reader) null(sh *shape, p unsafe.Pointer) {
	r.literal("null")
	if !sh.nullable {
		r.refuse(refuse(Null, "must not be null"))
	}
	sh.clear(p)
}

// mistyped passes a value to see that it is one, and refuses it.
func (r *reader) mistyped(sh *shape) {
	raw := r.skip()
	r.refuse(refuse(BadType, "%s is no %s", clip(raw), kinds[sh.kind].name))
}

// free reads what has no shape.
func (r *reader) free(sh *shape, p unsafe.Pointer) {
	raw := r.skip()
	if r.err == nil {
		sh.clear(p)
		r.check(sh.allows(raw[0]))
		r.check(sh.blame(json.Unmarshal(raw, sh.at(p).Interface()), BadType))
	}
}

// custom lets a type read itself.
func (r *reader) custom(sh *shape, p unsafe.Pointer) {
	raw := r.skip()
	if r.err != nil {
		return
	}
	sh.clear(p)
	if u, ok := sh.at(p).Interface().(stdjson.Unmarshaler); ok {
		r.check(sh.blame(u.UnmarshalJSON(raw), BadType))
		return
	}
	r.check(sh.blame(json.Unmarshal(raw, sh.at(p).Interface()), BadType))
}

func (r *reader) list(sh *shape, p unsafe.Pointer) {
	rv := sh.at(p).Elem()
	rv.Set(reflect.MakeSlice(sh.typ, 0, 4))
	for more := r.open(']'); more; more = r.next(']') {
		n := rv.Len()
		rv.Grow(1)
		rv.SetLen(n + 1)
		r.value(sh.elem, rv.Index(n).Addr().UnsafePointer())
		if r.err != nil {
			r.err.under(strconv.Itoa(n))
		}
	}
}

func (r *reader) table(sh *shape, p unsafe.Pointer) {
	rv := sh.at(p).Elem()
	rv.Set(reflect.MakeMap(sh.typ))
	name := reflect.New(sh.typ.Key()).Elem()
	elem := reflect.New(sh.typ.Elem())
	for more := r.open('}'); more; more = r.next('}') {
		key := r.key()
		if name.CanInt() {
			n, err := strconv.Atoi(string(key))
			if err != nil {
				r.refuse(refuse(BadType, "the name is no integer"))
			}
			name.SetInt(int64(n))
		} else {
			name.SetString(string(key))
		}
		elem.Elem().SetZero()
		r.value(sh.elem, elem.UnsafePointer())
		r.within(key)
		rv.SetMapIndex(name, elem.Elem())
	}
}

// structure reads an object into a struct.
func (r *reader) structure(sh *shape, p unsafe.Pointer) {
	if sh.plan.cases != nil {
		r.union(sh.plan, p)
		return
	}
	var buf [64]bool
	seen := append(buf[:0], sh.plan.none...)
	next := 0
	for more := r.open('}'); more; more = r.next('}') {
		n := r.name(sh.plan, next)
		if n < 0 {
			return
		}
		f := &sh.plan.fields[n]
		if seen[n] {
			r.refuse(refuse(Duplicate, "given twice"))
		}
		seen[n] = true
		next = n + 1
		r.value(&f.shape, unsafe.Add(p, f.offset))
		if r.err != nil {
			r.err.under(f.name)
			return
		}
	}
	if r.err == nil {
		r.fill(sh.plan, p, seen)
	}
	if r.err == nil && sh.unmarshals {
		r.reread(sh, p, seen)
	}
}

// name passes the name of a field and returns its number. Most senders keep the
// order, so that it is the next one.
func (r *reader) name(p *plan, next int) int {
	if next < len(p.fields) && bytes.HasPrefix(r.b[r.i:], p.fields[next].quoted) {
		r.i += len(p.fields[next].quoted)
		r.space()
		return next
	}
	key := r.key()
	n, known := p.byName[string(key)]
	if !known {
		r.refuse(refuse(Unknown, "no such field"))
		r.within(key)
		return -1
	}
	return n
}

// fill gives absent fields what they get.
func (r *reader) fill(plan *plan, p unsafe.Pointer, seen []bool) {
	for n := range plan.fields {
		if seen[n] {
			continue
		}
		f := &plan.fields[n]
		to := unsafe.Add(p, f.offset)
		switch {
		case f.required:
			r.refuse(refuse(Missing, "is missing").under(f.name))
		case f.fresh:
			*(*string)(to) = NewID()
		case f.now:
			f.at(to).Elem().SetFloat(now())
		case f.def != nil:
			def := newReader(f.def)
			def.value(&f.shape, to)
		default:
			f.clear(to)
		}
	}
}

// reread lets a struct read itself, from the canonical form of what is there.
func (r *reader) reread(sh *shape, p unsafe.Pointer, seen []bool) {
	w := writer{foreign: true}
	w.open('{')
	for n := range sh.plan.fields {
		f := &sh.plan.fields[n]
		to := unsafe.Add(p, f.offset)
		if seen[n] || f.fills() {
			w.name(f)
			w.value(&f.shape, sh.at(p).Elem().FieldByIndex(f.index))
		}
		f.clear(to)
	}
	w.close('}')
	if w.err != nil {
		r.refuse(w.err)
		return
	}
	r.check(sh.blame(sh.at(p).Interface().(stdjson.Unmarshaler).UnmarshalJSON(w.b), Bounds))
}

// union reads the case whose key is there.
func (r *reader) union(plan *plan, p unsafe.Pointer) {
	from, depth := r.i, r.depth
	chosen := len(plan.cases)
	for more := r.open('}'); more; more = r.next('}') {
		key := r.key()
		r.skip()
		n := slices.IndexFunc(plan.cases, func(c unionCase) bool { return c.key == string(key) })
		if n >= 0 {
			chosen = min(n, chosen)
		}
	}
	switch {
	case r.err != nil:
		return
	case chosen == len(plan.cases):
		r.refuse(refuse(Missing, "none of %s is there", plan.keys()))
		return
	}
	for _, c := range plan.cases {
		*(*unsafe.Pointer)(unsafe.Add(p, c.offset)) = nil
	}
	r.i, r.depth = from, depth
	c := plan.cases[chosen]
	r.value(c.shape, unsafe.Add(p, c.offset))
}

// allows checks the first byte of a value against the kinds an any may hold.
func (sh *shape) allows(first byte) *Error {
	is := "number"
	switch first {
	case '{':
		is = "object"
	case '"':
		is = "string"
	case '[':
		is = "array"
	case 't', 'f':
		is = "bool"
	}
	if sh.holds == nil || slices.Contains(sh.holds, is) {
		return nil
	}
	return refuse(BadType, "%s where %v is wanted", is, sh.holds)
}

// choice checks a string against what it may be.
func (sh *shape) choice(text string) *Error {
	if sh.oneof == nil || slices.Contains(sh.oneof, text) {
		return nil
	}
	return refuse(Bounds, "%q is not one of %s", clip([]byte(text)), strings.Join(sh.oneof, " "))
}

// outside refuses a number that is not inside.
func (sh *shape) outside(n float64) *Error {
	return refuse(Bounds, "%s is out of bounds", appendFloat(nil, n))
}

// blame turns the error of a method of the payload into a refusal. An error
// that begins with a field's name and a colon is about that field.
func (sh *shape) blame(err error, reason Reason) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	name, text, ok := strings.Cut(err.Error(), ": ")
	if ok && sh.plan != nil {
		if _, known := sh.plan.byName[name]; known {
			return &Error{Path: name, Reason: reason, Text: text}
		}
	}
	return &Error{Reason: reason, Text: err.Error()}
}
