package wire

import (
	stdjson "encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// kind is what JSON a Go type takes.
type kind int

const (
	kAny kind = iota
	kString
	kBool
	kInt
	kUint
	kFloat
	kBytes  // base64 text
	kCustom // what its own MarshalJSON and UnmarshalJSON say
	kStruct
	kSlice
	kMap
)

// shape is a compiled type. It is immutable once shapeOf returned it.
type shape struct {
	kind      kind
	typ       reflect.Type // without the pointer
	ptr       bool
	nullable  bool
	plan      *plan  // of a struct
	elem      *shape // of a slice or map
	marshals  bool   // has MarshalJSON
	unmarshal bool   // has UnmarshalJSON
	validates bool   // has Validate
	ruled     bool   // something inside has bounds or choices
}

// plan is a compiled struct.
type plan struct {
	fields []field
	byName map[string]int // aliases too
	cases  []unionCase    // not nil: a union
	ruled  bool
}

// unionCase is one shape a union may take.
type unionCase struct {
	key   string // chooses it
	index []int
	shape *shape // of the struct, not of the pointer
}

type compiled struct {
	shape *shape
	err   error
}

var shapes sync.Map // reflect.Type to compiled

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
	if c, ok := shapes.Load(t); ok {
		return c.(compiled).shape, c.(compiled).err
	}
	c := compiler{plans: map[reflect.Type]*plan{}}
	sh, err := c.shape(t)
	if err != nil {
		sh, err = nil, fmt.Errorf("%s: %w", t, err)
	}
	shapes.Store(t, compiled{sh, err})
	return sh, err
}

// compiler holds the structs at work, so that a type may contain itself.
type compiler struct{ plans map[reflect.Type]*plan }

func (c *compiler) shape(t reflect.Type) (*shape, error) {
	sh := &shape{typ: t}
	if t.Kind() == reflect.Pointer {
		sh.ptr, sh.nullable, t = true, true, t.Elem()
		sh.typ = t
	}
	sh.marshals = t.Implements(marshaler)
	sh.unmarshal = reflect.PointerTo(t).Implements(unmarshaler)
	sh.validates = reflect.PointerTo(t).Implements(validator)
	if t.Kind() != reflect.Struct && (sh.marshals || sh.unmarshal) {
		sh.kind = kCustom
		return sh, nil
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
	return sh, err
}

// container compiles a slice or a map.
func (c *compiler) container(sh *shape) (err error) {
	t := sh.typ
	if t.Kind() == reflect.Slice {
		if sh.kind = kSlice; t.Elem().Kind() == reflect.Uint8 {
			sh.kind = kBytes
			return nil
		}
	} else {
		sh.kind = kMap
		if k := t.Key().Kind(); k != reflect.String && k != reflect.Int {
			return fmt.Errorf("%s: keys must be strings or ints", t)
		}
	}
	if sh.elem, err = c.shape(t.Elem()); err != nil {
		return err
	}
	if sh.elem.kind == kAny {
		sh.elem.nullable = true // free JSON
	}
	sh.ruled = sh.elem.ruled
	return noUnion(sh.elem)
}

func (c *compiler) structure(sh *shape) error {
	sh.kind = kStruct
	if p := c.plans[sh.typ]; p != nil { // inside itself
		sh.plan, sh.ruled = p, true
		return nil
	}
	p := &plan{byName: map[string]int{}}
	c.plans[sh.typ] = p
	if err := c.fields(p, sh.typ, nil); err != nil {
		return err
	}
	if len(p.fields) == 0 && p.cases == nil && (sh.marshals || sh.unmarshal) { // time.Time and its like
		delete(c.plans, sh.typ)
		sh.kind = kCustom
		return nil
	}
	if p.cases != nil && len(p.fields) > 0 {
		return fmt.Errorf("%s: a union has no field beside its shapes", p.fields[0].name)
	}
	sh.plan, sh.ruled = p, p.ruled
	return nil
}

func (c *compiler) fields(p *plan, t reflect.Type, index []int) error {
	for sf := range t.Fields() {
		at := append(append([]int(nil), index...), sf.Index...)
		name, opts, _ := strings.Cut(sf.Tag.Get("json"), ",")
		key, union := strings.CutPrefix(sf.Tag.Get("msg"), "when=")
		var err error
		switch {
		case sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct:
			err = c.fields(p, sf.Type, at)
		case name == "-":
		case sf.Anonymous && name == "" && !union:
			err = fmt.Errorf("only a struct can be embedded")
		case !sf.IsExported():
		case union:
			err = c.addCase(p, sf, key, at)
		default:
			err = c.addField(p, sf, name, opts, at)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", sf.Name, err)
		}
	}
	return nil
}

func (c *compiler) addCase(p *plan, sf reflect.StructField, key string, at []int) error {
	if key == "" || strings.ContainsAny(key, ", ") {
		return fmt.Errorf("when=%q stands alone and names one key", key)
	}
	if sf.Type.Kind() != reflect.Pointer || sf.Type.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("when stands on a pointer to a struct")
	}
	sh, err := c.shape(sf.Type.Elem())
	if err != nil {
		return err
	}
	p.cases = append(p.cases, unionCase{key, at, sh})
	return noUnion(sh)
}

func noUnion(sh *shape) error {
	if sh.plan != nil && sh.plan.cases != nil {
		return fmt.Errorf("%s is a union, which stands only for a whole payload", sh.typ)
	}
	return nil
}

func (c *compiler) addField(p *plan, sf reflect.StructField, name, opts string, at []int) error {
	f := field{name: name, index: at}
	if name == "" {
		f.name = sf.Name
	}
	sh, err := c.shape(sf.Type)
	if err == nil {
		err = noUnion(sh)
	}
	if err != nil {
		return err
	}
	f.shape = *sh
	if err := f.tags(sf.Tag, opts); err != nil {
		return err
	}
	f.quoted = append(appendString(nil, f.name), ':')
	for _, n := range append([]string{f.name}, f.aliases...) {
		if _, taken := p.byName[n]; taken {
			return fmt.Errorf("name %q is taken", n)
		}
		p.byName[n] = len(p.fields)
	}
	p.ruled = p.ruled || f.ruled || f.bounded() || f.oneof != nil
	p.fields = append(p.fields, f)
	return nil
}
