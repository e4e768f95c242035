package wire

import (
	"cmp"
	stdjson "encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// kind is what JSON a Go type takes.
type kind byte

const (
	kAny    kind = iota // any, and map[string]any
	kCustom             // what its own MarshalJSON and UnmarshalJSON say
	kBool
	kInt
	kUint
	kFloat
	kString
	kText // a string, by MarshalText and UnmarshalText
	kRawPart
	kStruct
	kMap
	kSlice
)

// kinds says how JSON calls each kind, and the byte it must begin with.
var kinds = [...]struct {
	name  string
	first byte
}{
	kBool: {"boolean", 0}, kInt: {"integer", 0}, kUint: {"integer", 0}, kFloat: {"number", 0},
	kString: {"string", '"'}, kText: {"string", '"'}, kCustom: {"string", 0},
	kStruct: {"object", '{'}, kMap: {"object", '{'}, kSlice: {"array", '['},
}

// shape is a compiled type: what reflect says of it and what the tags of the field
// demand in which it stands. It is immutable once shapeOf returned it.
type shape struct {
	kind         kind
	first        byte         // of its JSON; 0: several
	typ          reflect.Type // without the pointer
	ptr          bool
	nullable     bool
	plan         *plan  // of a struct
	elem         *shape // of a slice or map
	key          *shape // of a map whose names are texts of their own kind; else nil
	marshals     bool   // has MarshalJSON
	unmarshals   bool   // has UnmarshalJSON
	validates    bool   // has Validate
	decodeOnSend bool   // a value inside it has one of these, so what is sent is decoded once to apply them
	min, max     float64
	oneof        []string // what a string may be; nil: anything
	allowedKinds []string // what an any may be; nil: anything
}

// freeJSON is the shape of a value that may be any JSON.
var freeJSON = &shape{kind: kAny, typ: reflect.TypeFor[any](), nullable: true, min: math.Inf(-1), max: math.Inf(1)}

// plan is a compiled struct.
type plan struct {
	fields []field
	byName map[string]int // aliases too
	union  bool           // the fields are the variants of a union, of which one is set
}

var shapes sync.Map // reflect.Type to *shape

var (
	marshaler   = reflect.TypeFor[stdjson.Marshaler]()
	unmarshaler = reflect.TypeFor[stdjson.Unmarshaler]()
	validator   = reflect.TypeFor[interface{ Validate() error }]()
)

// shapeOf returns the compiled form of t and compiles it the first time.
func shapeOf(t reflect.Type) (*shape, error) {
	if t == nil {
		return nil, fmt.Errorf("nil is no message")
	}
	if sh, ok := shapes.Load(t); ok {
		return sh.(*shape), nil
	}
	c := compiler{whole: t, plans: map[reflect.Type]*plan{}}
	sh, err := c.shape(t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	shapes.Store(t, sh)
	return sh, nil
}

// compiler holds the structs at work, so that a type may contain itself.
type compiler struct {
	whole reflect.Type
	plans map[reflect.Type]*plan
}

func (c *compiler) shape(t reflect.Type) (*shape, error) {
	sh := &shape{typ: t, min: math.Inf(-1), max: math.Inf(1)}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		sh.typ, sh.ptr, sh.nullable = t, true, true
	}
	if t.Kind() == reflect.Struct {
		if err := checkEmbedded(t); err != nil {
			return nil, err
		}
	}
	sh.marshals = implementsAll(t, marshaler)
	sh.unmarshals = reflect.PointerTo(t).Implements(unmarshaler)
	sh.validates = reflect.PointerTo(t).Implements(validator)
	sh.decodeOnSend = sh.marshals || sh.unmarshals || sh.validates
	if t.Kind() != reflect.Struct && (sh.marshals || sh.unmarshals) {
		sh.kind = kCustom
		return sh, nil
	}
	if text, err := sh.travelsAsText(); text || err != nil {
		sh.kind, sh.first, sh.decodeOnSend = kText, '"', true
		return sh, err
	}
	var err error
	switch t.Kind() {
	case reflect.String:
		sh.kind = kString
	case reflect.Bool:
		sh.kind = kBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		sh.kind = kInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		sh.kind = kUint
	case reflect.Float32, reflect.Float64:
		sh.kind = kFloat
	case reflect.Interface:
		if t.NumMethod() != 0 {
			err = fmt.Errorf("%s cannot be received", t)
		}
	case reflect.Slice, reflect.Map:
		err = c.container(sh)
	case reflect.Struct:
		err = c.structure(sh)
	default:
		err = fmt.Errorf("%s has no JSON form", t)
	}
	sh.first = cmp.Or(sh.first, kinds[sh.kind].first)
	return sh, err
}

// container compiles a slice or a map.
func (c *compiler) container(sh *shape) (err error) {
	sh.kind = kSlice
	if sh.typ.Kind() == reflect.Map {
		sh.kind = kMap
		if err := c.mapKeys(sh); err != nil {
			return err
		}
	}
	elem := sh.typ.Elem()
	switch {
	case sh.typ == reflect.TypeFor[rawPart]():
		sh.kind = kRawPart
	case sh.kind == kSlice && elem.Kind() == reflect.Uint8: // base64 text
		sh.kind, sh.first, sh.nullable = kCustom, '"', true
	case sh.kind == kMap && elem == freeJSON.typ && sh.typ.Key().Kind() == reflect.String:
		sh.kind, sh.allowedKinds = kAny, []string{"object"}
	case elem == freeJSON.typ:
		sh.elem = freeJSON
	default:
		sh.elem, err = c.shape(elem)
		sh.decodeOnSend = sh.decodeOnSend || err == nil && sh.elem.decodeOnSend
	}
	return err
}

// mapKeys compiles the keys of a map: strings, ints, or what says its own text.
func (c *compiler) mapKeys(sh *shape) error {
	t := sh.typ.Key()
	key := &shape{typ: t}
	switch text, err := key.travelsAsText(); {
	case t.Kind() == reflect.String:
	case err != nil:
		return fmt.Errorf("%s: %w", sh.typ, err)
	case text:
		sh.key, sh.decodeOnSend = key, true
	case t.Kind() != reflect.Int:
		return fmt.Errorf("%s: names must be strings, ints, or have MarshalText and UnmarshalText", sh.typ)
	}
	return nil
}

func (c *compiler) structure(sh *shape) error {
	sh.kind = kStruct
	if p := c.plans[sh.typ]; p != nil { // inside itself
		sh.plan, sh.decodeOnSend = p, true
		return nil
	}
	p := &plan{byName: map[string]int{}}
	c.plans[sh.typ] = p
	sh.plan = p
	if err := c.fields(sh, sh.typ, nil, 0); err != nil {
		return err
	}
	variants := 0
	for n := range p.fields {
		if p.fields[n].when != "" {
			variants++
		}
	}
	p.union = variants > 0
	switch {
	case p.union && variants < len(p.fields):
		return fmt.Errorf("%s: a union has no field beside its variants", sh.typ)
	case p.union && sh.typ != c.whole:
		return fmt.Errorf("%s is a union, which stands only for a whole payload", sh.typ)
	case len(p.fields) == 0 && (sh.marshals || sh.unmarshals): // time.Time and its like
		delete(c.plans, sh.typ)
		sh.kind = kCustom
		if !sh.marshals || !sh.unmarshals {
			return fmt.Errorf("%s has no exported field and only one of MarshalJSON and UnmarshalJSON: what is sent could not be read", sh.typ)
		}
	case len(p.fields) == 0 && isHidden(sh.typ) && !(sh.typ == c.whole && travelsOutsideJSON(sh.typ)):
		return fmt.Errorf("%s has no exported field and no MarshalJSON or MarshalText, so it would travel as {}", sh.typ)
	}
	return nil
}

// isHidden reports whether all that a struct holds is unexported.
func isHidden(t reflect.Type) bool {
	for sf := range t.Fields() {
		if sf.IsExported() || sf.Anonymous && sf.Type.Kind() == reflect.Struct && !isHidden(sf.Type) {
			return false
		}
	}
	return t.NumField() > 0
}

// travelsOutsideJSON reports whether a message travels as bytes, in its topic or in its
// properties, and not in its JSON.
func travelsOutsideJSON(t reflect.Type) bool {
	_, key := reflect.PointerTo(t).MethodByName("SetKey")
	_, header := reflect.PointerTo(t).MethodByName("SetHeader")
	return implementsAll(t, binaryMarshaler) || key || header
}

func (c *compiler) fields(sh *shape, t reflect.Type, index []int, offset uintptr) error {
	for sf := range t.Fields() {
		index := append(slices.Clip(index), sf.Index...)
		offset := offset + sf.Offset
		name, opts, _ := strings.Cut(sf.Tag.Get("json"), ",")
		var err error
		switch {
		case sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct:
			err = c.fields(sh, sf.Type, index, offset)
		case name == "-":
		case sf.Anonymous && name == "":
			err = fmt.Errorf("only a struct can be embedded")
		case sf.IsExported():
			f := field{name: cmp.Or(name, sf.Name), index: index, offset: offset}
			err = c.field(sh, f, sf, opts)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", sf.Name, err)
		}
	}
	return nil
}

func (c *compiler) field(sh *shape, f field, sf reflect.StructField, opts string) error {
	inner, err := c.shape(sf.Type)
	if err != nil {
		return err
	}
	f.shape = *inner
	if err := f.parseTags(sf.Tag, opts); err != nil {
		return err
	}
	f.quoted = append(appendString(nil, f.name), ':')
	p := sh.plan
	for _, n := range append([]string{f.name}, f.aliases...) {
		if _, taken := p.byName[n]; taken {
			return fmt.Errorf("name %q is taken", n)
		}
		p.byName[n] = len(p.fields)
	}
	sh.decodeOnSend = sh.decodeOnSend || f.decodeOnSend
	p.fields = append(p.fields, f)
	return nil
}

// keys are the names that choose the variants of a union.
func (p *plan) keys() (keys []string) {
	for _, f := range p.fields {
		keys = append(keys, f.when)
	}
	return keys
}
