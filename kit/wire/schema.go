package wire

import (
	"encoding"
	stdjson "encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
)

// Schema is the JSON Schema of t, from the tags that [Decode] reads: what a
// receiver accepts in the form in which it is sent. Neither the coercions of
// [Decode] nor what UnmarshalJSON and Validate say can be put into a schema; a
// value that marshals itself may be anything. The words are those that draft 7
// and 2020-12 share, so an AsyncAPI document can hold it. A type that travels as
// bytes has none, and is an error.
func Schema(t reflect.Type) ([]byte, error) {
	if t != nil && (t.Implements(binaryMarshaler) || reflect.PointerTo(t).Implements(binaryMarshaler)) {
		return nil, fmt.Errorf("%s travels as bytes, not as JSON", t)
	}
	sh, err := shapeOf(t)
	if err != nil {
		return nil, err
	}
	d := schemaBuilder{open: map[*plan]bool{}}
	s, err := d.shape(sh)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	return stdjson.Marshal(s)
}

var binaryMarshaler = reflect.TypeFor[encoding.BinaryMarshaler]()

// schema is one JSON Schema.
type schema struct {
	Type       typeNames          `json:"type,omitempty"`
	Encoding   string             `json:"contentEncoding,omitempty"`
	Pattern    string             `json:"pattern,omitempty"`
	Enum       []any              `json:"enum,omitempty"`
	Default    stdjson.RawMessage `json:"default,omitempty"`
	Minimum    *float64           `json:"minimum,omitempty"`
	Maximum    *float64           `json:"maximum,omitempty"`
	Items      *schema            `json:"items,omitempty"`
	Properties properties         `json:"properties,omitempty"`
	Names      *schema            `json:"propertyNames,omitempty"`
	Required   []string           `json:"required,omitempty"`
	Additional any                `json:"additionalProperties,omitempty"` // false, or a schema
	AllOf      []*schema          `json:"allOf,omitempty"`
	AnyOf      []*schema          `json:"anyOf,omitempty"`
	OneOf      []*schema          `json:"oneOf,omitempty"`
	Not        *schema            `json:"not,omitempty"`
	ReadOnly   bool               `json:"readOnly,omitempty"` // taken, never sent
}

// typeNames are one or several JSON types.
type typeNames []string

// MarshalJSON writes one without brackets.
func (ws typeNames) MarshalJSON() ([]byte, error) {
	if len(ws) == 1 {
		return stdjson.Marshal(ws[0])
	}
	return stdjson.Marshal([]string(ws))
}

// properties is an object that keeps the order of the fields.
type properties []property

type property struct {
	name   string
	schema *schema
}

// MarshalJSON writes the object.
func (ps properties) MarshalJSON() ([]byte, error) {
	var w writer
	w.open('{')
	for _, p := range ps {
		text, err := stdjson.Marshal(p.schema)
		if err != nil {
			return nil, err
		}
		w.comma()
		w.b = append(appendString(w.b, p.name), ':')
		w.b = append(w.b, text...)
	}
	w.close('}')
	return w.b, nil
}

// schemaBuilder builds the schema of one message. open are the structs around the
// present one: a struct inside itself would need a schema with a name, and is refused.
type schemaBuilder struct{ open map[*plan]bool }

func (d *schemaBuilder) shape(sh *shape) (s *schema, err error) {
	s = &schema{}
	if word := kinds[sh.kind].name; word != "" {
		s.Type = typeNames{word}
	}
	switch sh.kind {
	case kAny:
		s.Type = sh.schemaTypes()
	case kUint:
		s.Minimum = new(float64)
	case kSlice:
		s.Items, err = d.shape(sh.elem)
	case kMap:
		s.Additional, err = d.shape(sh.elem)
		if sh.key == nil && sh.typ.Key().Kind() != reflect.String {
			s.Names = &schema{Pattern: "^[+-]?[0-9]+$"}
		}
	case kStruct:
		err = d.structure(s, sh.plan)
	case kCustom:
		if sh.first == '"' {
			s.Encoding = "base64"
		} else { // it marshals itself
			s.Type = nil
		}
	}
	sh.addBounds(s)
	if s.Type != nil && sh.nullable {
		s.Type = append(s.Type, "null")
		if s.Enum != nil {
			s.Enum = append(s.Enum, nil)
		}
	}
	return s, err
}

// schemaTypes is what an any may hold; nil is anything.
func (sh *shape) schemaTypes() (ws typeNames) {
	holds := sh.allowedKinds
	if holds == nil && !sh.nullable {
		holds = kindWords
	}
	for _, word := range holds {
		if word == "bool" {
			word = "boolean"
		}
		ws = append(ws, word)
	}
	return ws
}

// addBounds adds bounds and choices.
func (sh *shape) addBounds(s *schema) {
	if !math.IsInf(sh.min, 0) {
		s.Minimum = &sh.min
	}
	if !math.IsInf(sh.max, 0) {
		s.Maximum = &sh.max
	}
	for _, choice := range sh.oneof {
		s.Enum = append(s.Enum, choice)
	}
}

func (d *schemaBuilder) structure(s *schema, p *plan) error {
	if d.open[p] {
		return fmt.Errorf("it contains itself")
	}
	d.open[p] = true
	defer delete(d.open, p)
	if p.union {
		return d.union(s, p)
	}
	s.Additional = false
	for n := range p.fields {
		f := &p.fields[n]
		inner, err := d.shape(&f.shape)
		if err != nil {
			return err
		}
		inner.Default, inner.ReadOnly = f.def, f.foreign
		names := append([]string{f.name}, f.aliases...)
		var one []*schema
		for _, name := range names {
			s.Properties = append(s.Properties, property{name, inner})
			one = append(one, &schema{Required: []string{name}})
		}
		switch {
		case len(names) == 1 && f.required:
			s.Required = append(s.Required, f.name)
		case len(names) > 1 && f.required:
			s.AllOf = append(s.AllOf, &schema{OneOf: one})
		case len(names) > 1: // at most one of them
			s.AllOf = append(s.AllOf, &schema{OneOf: append(one, &schema{Not: &schema{AnyOf: slices.Clone(one)}})})
		}
	}
	return nil
}

// union allows the first variant whose key is there: a later one lacks the keys of
// those before it.
func (d *schemaBuilder) union(s *schema, p *plan) error {
	s.Type = nil // the variants say it
	var before []*schema
	for n := range p.fields {
		f := &p.fields[n]
		inner, err := d.shape(&f.shape)
		if err != nil {
			return err
		}
		inner.Type = typeNames{"object"} // the pointer that holds it cannot be null on the wire
		all := []*schema{inner, {Required: []string{f.when}}}
		if before != nil {
			all = append(all, &schema{Not: &schema{AnyOf: slices.Clone(before)}})
		}
		s.OneOf = append(s.OneOf, &schema{AllOf: all})
		before = append(before, &schema{Required: []string{f.when}})
	}
	return nil
}
