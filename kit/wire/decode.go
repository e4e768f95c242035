package wire

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

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
	if err := sh.decode(data, rv.Elem()); err != nil {
		return err
	}
	return nil
}

func (sh *shape) decode(data []byte, rv reflect.Value) *Error {
	s := &scanner{b: data}
	if sh.plan != nil && sh.plan.cases != nil {
		return sh.decodeUnion(s, rv)
	}
	err := s.whole(func(i int) (int, *Error) { return s.value(sh, i, 0) })
	if err != nil {
		return err
	}
	if s.loose {
		data, _ = s.rewrite(nil, sh, space(data, 0), 0)
	}
	sh.clear(rv)
	if err := sh.fill(data, rv); err != nil {
		return err
	}
	if sh.ruled {
		if err := sh.check(rv); err != nil {
			return err
		}
	}
	return sh.validate(rv)
}

// decodeUnion decodes into the case whose key is there.
func (sh *shape) decodeUnion(s *scanner, rv reflect.Value) *Error {
	var chosen *unionCase
	err := s.whole(func(i int) (end int, err *Error) {
		chosen, end, err = s.choose(sh.plan, i)
		return end, err
	})
	if err != nil {
		return err
	}
	for n := range sh.plan.cases {
		rv.FieldByIndex(sh.plan.cases[n].index).SetZero()
	}
	v := reflect.New(chosen.shape.typ)
	if err := chosen.shape.decode(s.b, v.Elem()); err != nil {
		return err
	}
	rv.FieldByIndex(chosen.index).Set(v)
	return sh.validate(rv)
}

// clear empties what the JSON is about to fill, so that nothing of an earlier
// message shines through.
func (sh *shape) clear(rv reflect.Value) {
	if sh.plan == nil || sh.ptr {
		rv.SetZero()
		return
	}
	for n := range sh.plan.fields {
		rv.FieldByIndex(sh.plan.fields[n].index).SetZero()
	}
}

// fill decodes bytes the scanner has passed.
func (sh *shape) fill(data []byte, rv reflect.Value) *Error {
	if u, ok := rv.Addr().Interface().(stdjson.Unmarshaler); ok {
		return sh.blame(u.UnmarshalJSON(data), Bounds)
	}
	return sh.blame(json.Unmarshal(data, rv.Addr().Interface()), BadType)
}

// validate asks the payload itself, last of all.
func (sh *shape) validate(rv reflect.Value) *Error {
	if !sh.validates || sh.ptr {
		return nil
	}
	return sh.blame(rv.Addr().Interface().(interface{ Validate() error }).Validate(), Bounds)
}

// blame turns the error of a method of the payload into a refusal. An error
// that begins with a field's name and a colon is about that field.
func (sh *shape) blame(err error, r Reason) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	name, text, ok := strings.Cut(err.Error(), ": ")
	if ok && sh.plan != nil {
		if _, known := sh.plan.byName[name]; known {
			return &Error{Path: name, Reason: r, Text: text}
		}
	}
	return &Error{Reason: r, Text: err.Error()}
}

// check tests bounds and choices.
func (sh *shape) check(rv reflect.Value) *Error {
	if sh.ptr {
		if rv.IsNil() {
			return nil
		}
		rv = rv.Elem()
	}
	switch sh.kind {
	case kStruct:
		for n := range sh.plan.fields {
			f := &sh.plan.fields[n]
			if err := f.check(rv.FieldByIndex(f.index)); err != nil {
				return err.under(f.name)
			}
		}
	case kSlice:
		for n := range rv.Len() {
			if err := sh.elem.check(rv.Index(n)); err != nil {
				return err.under(strconv.Itoa(n))
			}
		}
	case kMap:
		for it := rv.MapRange(); it.Next(); {
			if err := sh.elem.check(it.Value()); err != nil {
				return err.under(fmt.Sprint(it.Key()))
			}
		}
	}
	return nil
}

func (f *field) check(rv reflect.Value) *Error {
	if f.bounded() || f.oneof != nil {
		if f.ptr && rv.IsNil() {
			return nil
		}
		return f.rule(reflect.Indirect(rv))
	}
	if f.ruled {
		return f.shape.check(rv)
	}
	return nil
}

// rule tests one number or string.
func (f *field) rule(rv reflect.Value) *Error {
	if f.oneof != nil {
		if !slices.Contains(f.oneof, rv.String()) {
			return refuse(Bounds, "%q is not one of %s", clip([]byte(rv.String())), strings.Join(f.oneof, " "))
		}
		return nil
	}
	if n := numeric(rv); !f.inside(n) {
		return refuse(Bounds, "%s is out of bounds", appendFloat(nil, n))
	}
	return nil
}

// numeric is the number rv holds.
func numeric(rv reflect.Value) float64 {
	switch {
	case rv.CanInt():
		return float64(rv.Int())
	case rv.CanUint():
		return float64(rv.Uint())
	default:
		return rv.Float()
	}
}
