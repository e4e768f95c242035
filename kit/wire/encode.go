package wire

import (
	"cmp"
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

// Encode appends v with all its fields to dst, and refuses what [Decode] would
// refuse; then dst comes back as it was. It does not change v, nor anything v
// points to: what it fills in appears in the bytes only.
func Encode(dst []byte, v any) ([]byte, error) {
	w := newWriter()
	defer writers.Put(w)
	if err := w.payload(v); err != nil {
		return dst, err
	}
	return append(dst, w.b...), nil
}

// writer appends JSON. After a refusal what it wrote is worthless.
type writer struct {
	b       []byte
	depth   int
	foreign bool   // foreign fields too
	err     *Error // the first refusal
}

// writers keeps buffers, so that a message costs one allocation of its own size.
var writers = sync.Pool{New: func() any { return new(writer) }}

func newWriter() *writer {
	w := writers.Get().(*writer)
	*w = writer{b: w.b[:0]}
	return w
}

// payload writes a whole payload.
func (w *writer) payload(v any) error {
	rv := reflect.Indirect(reflect.ValueOf(v))
	if !rv.IsValid() {
		return fmt.Errorf("encode %T: nil is no message", v)
	}
	sh, err := shapeOf(rv.Type())
	if err != nil {
		return err
	}
	from := len(w.b)
	w.writeValue(sh, rv)
	if w.err == nil && sh.decodeOnSend {
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

func (w *writer) open(c byte) {
	if w.depth >= maxDepth {
		w.refuse(tooDeep())
	}
	w.depth++
	w.b = append(w.b, c)
}

func (w *writer) close(c byte) {
	w.depth--
	w.b = append(w.b, c)
}

// comma stands before every member and item but the first.
func (w *writer) comma() {
	if c := w.b[len(w.b)-1]; c != '{' && c != '[' {
		w.b = append(w.b, ',')
	}
}

// name writes a name with its quotes and colon.
func (w *writer) name(quoted []byte) {
	w.comma()
	w.b = append(w.b, quoted...)
}

// writeValue writes one value by its shape.
func (w *writer) writeValue(sh *shape, rv reflect.Value) {
	if (sh.ptr || rv.Kind() == reflect.Interface) && !rv.IsNil() {
		rv = rv.Elem()
	}
	switch {
	case rv.Kind() != reflect.Pointer && (sh.marshals || sh.kind == kCustom):
		w.writeCustom(rv)
	case rv.Kind() != reflect.Pointer && sh.kind == kText:
		w.writeMarshaledText(rv)
	case isNil(rv):
		w.writeNull(sh, rv)
	case sh.kind == kBool:
		w.b = strconv.AppendBool(w.b, rv.Bool())
	case sh.kind == kInt:
		w.refuse(sh.checkBounds(float64(rv.Int())))
		w.b = strconv.AppendInt(w.b, rv.Int(), 10)
	case sh.kind == kUint:
		w.refuse(sh.checkBounds(float64(rv.Uint())))
		w.b = strconv.AppendUint(w.b, rv.Uint(), 10)
	case sh.kind == kFloat:
		if x := rv.Float(); math.IsNaN(x) || math.IsInf(x, 0) {
			w.refuse(newError(BadJSON, "no finite number"))
		}
		w.refuse(sh.checkBounds(rv.Float()))
		w.b = appendFloat(w.b, rv.Float())
	case sh.kind == kString:
		w.refuse(sh.checkChoice(rv.String()))
		w.text(rv.String())
	case sh.kind == kStruct:
		w.writeStruct(sh.plan, rv)
	case sh.kind == kSlice:
		w.writeList(sh, rv)
	case sh.kind == kMap:
		w.writeMap(sh, sh.elem, rv)
	case rv.Kind() == reflect.Map:
		w.writeMap(sh, freeJSON, rv)
	default:
		w.writeAny(sh, rv)
	}
}

// writeNull writes what is nil.
func (w *writer) writeNull(sh *shape, rv reflect.Value) {
	switch {
	case sh.nullable:
		w.b = append(w.b, "null"...)
	case rv.Kind() == reflect.Map:
		w.b = append(w.b, "{}"...)
	case rv.Kind() == reflect.Slice:
		w.b = append(w.b, "[]"...)
	default:
		w.refuse(newError(Null, "must not be null"))
	}
}

func (w *writer) text(s string) {
	if !utf8.ValidString(s) {
		w.refuse(newError(BadUTF8, "not UTF-8"))
	}
	w.b = appendString(w.b, s)
}

// writeAny writes what an any holds by the shape of its own type.
func (w *writer) writeAny(sh *shape, rv reflect.Value) {
	own, err := shapeOf(rv.Type())
	if err != nil {
		w.refuse(newError(BadType, "%v", err))
		return
	}
	from := len(w.b)
	w.writeValue(own, rv)
	if w.err == nil && w.b[from] != 'n' {
		w.refuse(sh.checkKind(w.b[from]))
	}
}

// writeCustom writes what MarshalJSON says, if that is JSON.
func (w *writer) writeCustom(rv reflect.Value) {
	out, err := stdjson.Marshal(makeAddressable(rv).Interface())
	if err != nil {
		w.refuse(newError(BadType, "%v", err))
		return
	}
	r := newReader(out)
	r.depth = w.depth
	r.skip()
	w.refuse(r.err)
	w.b = append(w.b, out...)
}

func (w *writer) writeList(sh *shape, rv reflect.Value) {
	w.open('[')
	for n := 0; n < rv.Len() && w.err == nil; n++ {
		w.comma()
		w.writeValue(sh.elem, rv.Index(n))
		if w.err != nil {
			w.err.prefixPath(strconv.Itoa(n))
		}
	}
	w.close(']')
}

// writeMap writes names in order, so that equal maps make equal bytes.
func (w *writer) writeMap(sh, elem *shape, rv reflect.Value) {
	type entry struct {
		name string
		key  reflect.Value
	}
	entries := make([]entry, 0, rv.Len())
	for _, key := range rv.MapKeys() {
		e := entry{key.String(), key}
		if sh.key != nil {
			var err *Error
			e.name, err = marshalText(key)
			w.refuse(err)
		} else if key.CanInt() {
			e.name = strconv.FormatInt(key.Int(), 10)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if sh.key == nil && a.key.CanInt() {
			return cmp.Compare(a.key.Int(), b.key.Int())
		}
		return cmp.Compare(a.name, b.name)
	})
	w.open('{')
	for n := 0; n < len(entries) && w.err == nil; n++ {
		w.comma()
		w.text(entries[n].name)
		if w.err == nil {
			w.b = append(w.b, ':')
			w.writeValue(elem, rv.MapIndex(entries[n].key))
			w.err.prefixPath(entries[n].name)
		}
	}
	w.close('}')
}

func (w *writer) writeStruct(p *plan, rv reflect.Value) {
	if p.union {
		w.writeUnion(p, rv)
		return
	}
	w.open('{')
	for n := 0; n < len(p.fields) && w.err == nil; n++ {
		f := &p.fields[n]
		fv := rv.FieldByIndex(f.index)
		if f.foreign && !w.foreign || f.omitempty && isNil(fv) {
			continue
		}
		w.name(f.quoted)
		if f.needsFill(fv) {
			w.b = f.appendFill(w.b)
		} else {
			w.writeValue(&f.shape, fv)
			w.err.prefixPath(f.name)
		}
	}
	w.close('}')
}

// needsFill reports whether a default, a fresh id or the time stands in for fv.
func (f *field) needsFill(fv reflect.Value) bool {
	if !f.fills() || !fv.IsZero() {
		return false
	}
	return f.ptr || f.kind == kString || f.now || f.kind != kBool && !f.inBounds(0)
}

// appendFill appends what stands in for nothing.
func (f *field) appendFill(dst []byte) []byte {
	switch {
	case f.fresh:
		return append(appendID(append(dst, '"')), '"')
	case f.now:
		return appendFloat(dst, unixNow())
	default:
		return append(dst, f.def...)
	}
}

// writeUnion writes the one variant that is not nil.
func (w *writer) writeUnion(p *plan, rv reflect.Value) {
	var set *field
	for n := range p.fields {
		f := &p.fields[n]
		if rv.FieldByIndex(f.index).IsNil() {
			continue
		}
		if set != nil {
			w.refuse(newError(Duplicate, "both %s and %s are set", set.when, f.when))
		}
		set = f
	}
	if set == nil {
		w.refuse(newError(Missing, "none of %s is set", p.keys()))
		return
	}
	w.writeValue(&set.shape, rv.FieldByIndex(set.index))
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
