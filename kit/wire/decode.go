package wire

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"unsafe"

	"github.com/segmentio/encoding/json"
)

// Decode fills the value v points to from one JSON value, or returns an [*Error];
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
	r.skipSpace()
	r.readValue(sh, p)
	r.expectEnd()
}

// readValue reads one value into what p points to.
//
// What p is holds for every unsafe.Pointer of this file: it points to an allocated
// value of exactly the type that sh was made of, or to a field or an element of
// one by the offset or the size that reflect gave when the shape was made. Decode
// checks that once, when it takes the shape from the type of what it is given. The
// pointer is kept in a variable of that type all along, so the garbage collector
// sees it. Setting by reflect.Value would check the type again for each field.
func (r *reader) readValue(sh *shape, p unsafe.Pointer) {
	c := r.peek()
	if c == 'n' && (sh.nullable || sh.kind != kCustom) {
		r.readNull(sh, p)
		return
	}
	if sh.ptr {
		to := reflect.New(sh.typ).UnsafePointer()
		*(*unsafe.Pointer)(p) = to
		p = to
	}
	if sh.first != 0 && c != sh.first {
		r.refuseType(sh, r.skip())
		return
	}
	switch sh.kind {
	case kAny, kCustom:
		r.readUnshaped(sh, p)
	case kRawPart:
		*(*[]byte)(p) = r.skip()
	case kBool:
		*(*bool)(p) = r.readBool(sh)
	case kInt, kUint, kFloat:
		r.readNumber(sh, p)
	case kString:
		text := r.text()
		*(*string)(p) = text
		r.refuse(sh.checkChoice(text))
	case kText:
		r.readText(sh, p)
	case kStruct:
		r.readStruct(sh, p)
	case kMap:
		r.readMap(sh, p)
	case kSlice:
		r.readList(sh, p)
	}
	if sh.validates && r.err == nil {
		r.refuse(sh.refusal(sh.at(p).Interface().(interface{ Validate() error }).Validate(), Bounds))
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

func (r *reader) readNull(sh *shape, p unsafe.Pointer) {
	r.literal("null")
	if !sh.nullable {
		r.refuse(newError(Null, "must not be null"))
	}
	sh.clear(p)
}

// refuseType refuses a value, already skipped, for its JSON type.
func (r *reader) refuseType(sh *shape, raw []byte) {
	r.refuse(newError(BadType, "%s is no %s", clipText(raw), kinds[sh.kind].name))
}

// readUnshaped reads an any, or a value with an UnmarshalJSON of its own.
func (r *reader) readUnshaped(sh *shape, p unsafe.Pointer) {
	raw := r.skip()
	if r.err == nil {
		r.refuse(sh.checkKind(raw[0]))
		sh.at(p).Elem().SetZero()
		r.refuse(sh.refusal(json.Unmarshal(raw, sh.at(p).Interface()), BadType))
	}
}

func (r *reader) readList(sh *shape, p unsafe.Pointer) {
	rv := sh.at(p).Elem()
	rv.Set(reflect.MakeSlice(sh.typ, 0, 4))
	for r.enter(); r.more(']'); {
		n := rv.Len()
		rv.Grow(1)
		rv.SetLen(n + 1)
		r.readValue(sh.elem, rv.Index(n).Addr().UnsafePointer())
		if r.err != nil {
			r.err.prefixPath(strconv.Itoa(n))
		}
	}
}

func (r *reader) readMap(sh *shape, p unsafe.Pointer) {
	rv := sh.at(p).Elem()
	rv.Set(reflect.MakeMap(sh.typ))
	name := reflect.New(sh.typ.Key()).Elem()
	elem := reflect.New(sh.typ.Elem())
	for r.enter(); r.more('}'); {
		key := r.key()
		if sh.key != nil {
			r.refuse(sh.key.unmarshalText(name.Addr(), string(key)))
			if r.err == nil && rv.MapIndex(name).IsValid() {
				r.refuse(newError(Duplicate, "given twice"))
			}
		} else if name.Kind() == reflect.String {
			name.SetString(string(key))
		} else if n, err := strconv.Atoi(string(key)); err == nil {
			name.SetInt(int64(n))
		} else {
			r.refuse(newError(BadType, "the name is no integer"))
		}
		elem.Elem().SetZero()
		r.readValue(sh.elem, elem.UnsafePointer())
		r.prefixPath(key)
		rv.SetMapIndex(name, elem.Elem())
	}
}

// readStruct reads an object into a struct.
func (r *reader) readStruct(sh *shape, p unsafe.Pointer) {
	if sh.plan.union {
		r.readUnion(sh.plan, p)
		return
	}
	var buf [64]bool
	seen := buf[:]
	if len(sh.plan.fields) > len(buf) {
		seen = make([]bool, len(sh.plan.fields))
	}
	next, absent := 0, len(sh.plan.fields)
	for r.enter(); r.more('}'); {
		n := r.fieldNumber(sh.plan, next)
		if n < 0 {
			return
		}
		f := &sh.plan.fields[n]
		if seen[n] {
			r.refuse(newError(Duplicate, "given twice"))
		}
		seen[n] = true
		next = n + 1
		absent--
		r.readValue(&f.shape, unsafe.Add(p, f.offset))
		r.err.prefixPath(f.name)
	}
	if r.err == nil && absent > 0 {
		r.fillAbsent(sh.plan, p, seen)
	}
	if r.err == nil && sh.unmarshals {
		r.unmarshalSelf(sh, p, seen)
	}
}

// fieldNumber passes the name of a field and returns its number. Most senders keep the
// order, so that it is the next one.
func (r *reader) fieldNumber(p *plan, next int) int {
	if next < len(p.fields) && bytes.HasPrefix(r.b[r.i:], p.fields[next].quoted) {
		r.i += len(p.fields[next].quoted)
		r.skipSpace()
		return next
	}
	key := r.key()
	if n, known := p.byName[string(key)]; known {
		return n
	}
	r.refuse(newError(Unknown, "no such field"))
	r.prefixPath(key)
	return -1
}

// fillAbsent gives absent fields what they get.
func (r *reader) fillAbsent(plan *plan, p unsafe.Pointer, seen []bool) {
	for n := range plan.fields {
		if seen[n] {
			continue
		}
		f := &plan.fields[n]
		to := unsafe.Add(p, f.offset)
		switch {
		case f.required:
			r.refuse(newError(Missing, "is missing").prefixPath(f.name))
		case f.fills():
			fill := newReader(f.appendFill(nil))
			fill.readValue(&f.shape, to)
		default:
			f.clear(to)
		}
	}
}

// unmarshalSelf calls the UnmarshalJSON of a struct with the canonical form of what was
// read.
func (r *reader) unmarshalSelf(sh *shape, p unsafe.Pointer, seen []bool) {
	w := writer{foreign: true}
	w.open('{')
	for n := range sh.plan.fields {
		f := &sh.plan.fields[n]
		if seen[n] || f.fills() {
			w.name(f.quoted)
			w.writeValue(&f.shape, sh.at(p).Elem().FieldByIndex(f.index))
		}
		f.clear(unsafe.Add(p, f.offset))
	}
	w.close('}')
	r.refuse(w.err)
	if r.err == nil {
		r.refuse(sh.refusal(sh.at(p).Interface().(stdjson.Unmarshaler).UnmarshalJSON(w.b), Bounds))
	}
}

// readUnion reads the first variant whose key is there.
func (r *reader) readUnion(plan *plan, p unsafe.Pointer) {
	start := *r
	chosen := len(plan.fields)
	for r.enter(); r.more('}'); {
		key := r.key()
		r.skip()
		for n := range chosen {
			if plan.fields[n].when == string(key) {
				chosen = n
				break
			}
		}
	}
	if r.err != nil {
		return
	}
	if chosen == len(plan.fields) {
		r.refuse(newError(Missing, "none of %s is there", plan.keys()))
		return
	}
	for n := range plan.fields {
		plan.fields[n].clear(unsafe.Add(p, plan.fields[n].offset))
	}
	*r = start
	f := &plan.fields[chosen]
	r.readValue(&f.shape, unsafe.Add(p, f.offset))
}
