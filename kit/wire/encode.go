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
	"strings"
	"sync"
	"unicode/utf8"
)

// Encode appends v with all its fields to dst, and refuses what Decode would
// refuse; then dst comes back as it was. It does not change v, nor anything v
// points to: what it fills in appears in the bytes only.
func Encode(dst []byte, v any) ([]byte, error) {
	w := newWriter()
	defer w.free()
	if err := w.payload(v); err != nil {
		return dst, err
	}
	return append(dst, w.b...), nil
}

// writers keeps buffers, so that a message costs one allocation of its own size.
var writers = sync.Pool{New: func() any { return new(writer) }}

// writer appends JSON. After a refusal what it wrote is worthless.
type writer struct {
	b       []byte
	depth   int
	foreign bool   // foreign fields too
	err     *Error // the first refusal
}

func newWriter() *writer {
	w := writers.Get().(*writer)
	*w = writer{b: w.b[:0]}
	return w
}

func (w *writer) free() { writers.Put(w) }

// payload writes a whole payload.
func (w *writer) payload(v any) error {
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Pointer {
		rv = rv.Elem()
	}
	if !rv.IsValid() {
		return fmt.Errorf("encode %T: nil is no message", v)
	}
	sh, err := shapeOf(rv.Type())
	if err != nil {
		return err
	}
	from := len(w.b)
	w.value(sh, rv)
	if w.err == nil && sh.recheck {
		r := newReader(w.b[from:])
		r.document(sh, reflect.New(sh.typ).UnsafePointer())
		w.err = r.err
	}
	if w.err != nil {
		return w.err
	}
	return nil
}

func (w *writer) refuse(err *Error) {
	if w.err == nil {
		w.err = err
	}
}

// check refuses what is being written, if err says so.
func (w *writer) check(err *Error) {
	if err != nil {
		w.refuse(err)
	}
}

func (w *writer) bounds(sh *shape, n float64) {
	if !sh.inside(n) {
		w.refuse(sh.outside(n))
	}
}

func (w *writer) open(c byte) {
	if w.depth >= maxDepth {
		w.refuse(tooDeep())
	}
	w.depth++
	w.b = append(w.b, c)
}

// comma stands before every member and item but the first.
func (w *writer) comma() {
	if c := w.b[len(w.b)-1]; c != '{' && c != '[' {
		w.b = append(w.b, ',')
	}
}

func (w *writer) close(c byte) {
	w.depth--
	w.b = append(w.b, c)
}

// value writes one value by its shape.
func (w *writer) value(sh *shape, rv reflect.Value) {
	if k := rv.Kind(); k == reflect.Pointer || k == reflect.Interface {
		if rv.IsNil() {
			w.null(sh)
			return
		}
		rv = rv.Elem()
	}
	if sh.marshals || sh.kind == kCustom {
		w.custom(rv)
		return
	}
	switch sh.kind {
	case kAny:
		w.any(sh, rv)
	case kBool:
		w.b = strconv.AppendBool(w.b, rv.Bool())
	case kInt:
		w.bounds(sh, float64(rv.Int()))
		w.b = strconv.AppendInt(w.b, rv.Int(), 10)
	case kUint:
		w.bounds(sh, float64(rv.Uint()))
		w.b = strconv.AppendUint(w.b, rv.Uint(), 10)
	case kFloat:
		w.float(sh, rv.Float())
	case kString:
		w.check(sh.choice(rv.String()))
		w.text(rv.String())
	case kBytes:
		w.b = base64.StdEncoding.AppendEncode(append(w.b, '"'), rv.Bytes())
		w.b = append(w.b, '"')
	case kStruct:
		w.structure(sh, rv)
	case kMap:
		w.table(sh, sh.elem, rv)
	case kSlice:
		w.list(sh, rv)
	}
}

func (w *writer) null(sh *shape) {
	if !sh.nullable {
		w.refuse(refuse(Null, "must not be null"))
	}
	w.b = append(w.b, "null"...)
}

func (w *writer) float(sh *shape, x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		w.refuse(refuse(BadJSON, "no finite number"))
		return
	}
	w.bounds(sh, x)
	w.b = appendFloat(w.b, x)
}

func (w *writer) text(s string) {
	if !utf8.ValidString(s) {
		w.refuse(refuse(BadUTF8, "not UTF-8"))
	}
	w.b = appendString(w.b, s)
}

// any writes what an any holds by the shape of its own type.
func (w *writer) any(sh *shape, rv reflect.Value) {
	from := len(w.b)
	if sh.typ.Kind() == reflect.Map {
		w.table(sh, free, rv)
	} else if own, err := shapeOf(rv.Type()); err == nil {
		w.value(own, rv)
	} else {
		w.refuse(refuse(BadType, "%v", err))
	}
	if w.err == nil && w.b[from] != 'n' {
		w.check(sh.allows(w.b[from]))
	}
}

// custom writes what MarshalJSON says, if that is JSON.
func (w *writer) custom(rv reflect.Value) {
	out, err := stdjson.Marshal(rv.Interface())
	if err != nil {
		w.refuse(refuse(BadType, "%v", err))
		return
	}
	r := newReader(out)
	r.depth = w.depth
	r.skip()
	w.check(r.err)
	w.b = append(w.b, out...)
}

func (w *writer) list(sh *shape, rv reflect.Value) {
	if rv.IsNil() && sh.nullable && !sh.ptr {
		w.null(sh)
		return
	}
	w.open('[')
	for n := 0; n < rv.Len() && w.err == nil; n++ {
		w.comma()
		w.value(sh.elem, rv.Index(n))
		if w.err != nil {
			w.err.under(strconv.Itoa(n))
		}
	}
	w.close(']')
}

// table writes names in order, so that equal maps make equal bytes.
func (w *writer) table(sh, elem *shape, rv reflect.Value) {
	if rv.IsNil() && sh.nullable && !sh.ptr {
		w.null(sh)
		return
	}
	keys := rv.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		if a.CanInt() {
			return cmp.Compare(a.Int(), b.Int())
		}
		return cmp.Compare(a.String(), b.String())
	})
	w.open('{')
	for _, k := range keys {
		name := k.String()
		if k.CanInt() {
			name = strconv.FormatInt(k.Int(), 10)
		}
		if !utf8.ValidString(name) {
			w.refuse(refuse(BadUTF8, "the name is not UTF-8"))
		}
		if w.err != nil {
			return
		}
		w.comma()
		w.b = append(appendString(w.b, name), ':')
		w.value(elem, rv.MapIndex(k))
		if w.err != nil {
			w.err.under(name)
		}
	}
	w.close('}')
}

func (w *writer) structure(sh *shape, rv reflect.Value) {
	if sh.plan.cases != nil {
		w.union(sh.plan, rv)
		return
	}
	w.open('{')
	for n := range sh.plan.fields {
		f := &sh.plan.fields[n]
		fv := rv.FieldByIndex(f.index)
		if f.foreign && !w.foreign || f.omitempty && isNil(fv) || w.err != nil {
			continue
		}
		w.field(f, fv)
	}
	w.close('}')
}

// field writes one member, or what stands in for it.
func (w *writer) field(f *field, fv reflect.Value) {
	w.name(f)
	switch {
	case !f.vacant(fv):
		w.value(&f.shape, fv)
		if w.err != nil {
			w.err.under(f.name)
		}
	case f.fresh:
		w.b = append(appendID(append(w.b, '"')), '"')
	case f.now:
		w.b = appendFloat(w.b, now())
	default:
		w.b = append(w.b, f.def...)
	}
}

func (w *writer) name(f *field) {
	w.comma()
	w.b = append(w.b, f.quoted...)
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

// union writes the one case that is not nil.
func (w *writer) union(p *plan, rv reflect.Value) {
	var set *unionCase
	for n := range p.cases {
		c := &p.cases[n]
		if rv.FieldByIndex(c.index).IsNil() {
			continue
		}
		if set != nil {
			w.refuse(refuse(Duplicate, "both %s and %s are set", set.key, c.key))
		}
		set = c
	}
	if set == nil {
		w.refuse(refuse(Missing, "none of %s is set", p.keys()))
		return
	}
	w.value(set.shape, rv.FieldByIndex(set.index))
}

func isNil(rv reflect.Value) bool {
	switch rv.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return rv.IsNil()
	}
	return false
}

// appendString appends s as JSON. Only what must be escaped is: receivers get
// text as it is written, and no HTML rules.
func appendString(dst []byte, s string) []byte {
	const short, stands = "\"\\\n\r\t", `"\nrt`
	dst = append(dst, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		if n := strings.IndexByte(short, c); n >= 0 {
			dst = append(dst, '\\', stands[n])
		} else {
			dst = fmt.Appendf(dst, `\u%04x`, c)
		}
	}
	return append(append(dst, s[from:]...), '"')
}

// appendFloat appends a finite number, short numbers without exponent.
func appendFloat(dst []byte, x float64) []byte {
	format := byte('f')
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, x, format, -1, 64)
}
