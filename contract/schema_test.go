package contract_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/gotars/tars/kit/wire"
)

// checker compiles the schema of each type once.
type checker map[reflect.Type]*jsonschema.Schema

func (c checker) validate(t *testing.T, typ reflect.Type, data []byte) error {
	t.Helper()
	if c[typ] == nil {
		c[typ] = compile(t, typ)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return c[typ].Validate(v)
}

// compile makes a validator of the schema of typ, by both drafts that the words
// of a schema belong to.
func compile(t *testing.T, typ reflect.Type) (s *jsonschema.Schema) {
	t.Helper()
	text, err := wire.Schema(typ)
	if err != nil {
		t.Fatal(err)
	}
	for _, draft := range []*jsonschema.Draft{jsonschema.Draft7, jsonschema.Draft2020} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.DefaultDraft(draft)
		if err := c.AddResource("schema.json", doc); err != nil {
			t.Fatal(err)
		}
		if s, err = c.Compile("schema.json"); err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
	}
	return s
}

// unseen is the invalid vectors that their schema lets pass, and the method of
// the type that refuses them.
var unseen = map[string]string{
	"bad/stt.audio_fft-missing-fft_data.json":    "UnmarshalJSON",
	"bad/stt.audio_fft-missing-sample_rate.json": "UnmarshalJSON",
	"bad/stt.audio_fft-sample_rate-below.json":   "UnmarshalJSON",
	"bad/movement.state-missing-id.json":         "Validate",
}

// verdicts is how many vectors end in which way. A packet that does not open has
// no data to validate. An invalid one without a word behind it is refused by the
// schema.
var verdicts = map[string]int{
	"valid":                  159,
	"exception":              16,
	"invalid":                872,
	"invalid, UnmarshalJSON": 3,
	"invalid, Validate":      1,
	"does not open, json":    4,
	"does not open, type":    3,
	"does not open, utf8":    1,
}

func TestVectorsKeepTheSchemas(t *testing.T) {
	c := checker{}
	got := map[string]int{}
	for _, r := range rows(t) {
		v := byTopic(t, r.topic)
		typ := v.Type().Elem()
		e, err := wire.Open(r.packet(t))
		if refused, ok := errors.AsType[*wire.Error](err); ok {
			got["does not open, "+string(refused.Reason)]++
			continue
		}
		if r.validity == "invalid" {
			passes := c.validate(t, typ, e.Data) == nil
			if passes != (unseen[r.file] != "") {
				t.Errorf("%s: passes its schema: %v (%s)", r.file, passes, r.reason)
			}
			got[strings.TrimSuffix("invalid, "+unseen[r.file], ", ")]++
			continue
		}
		got[r.validity]++
		data := r.expected(t, e)
		if err := wire.Decode(e.Data, v.Interface()); err != nil {
			t.Errorf("%s: %v", r.file, err)
		}
		for _, typ := range []reflect.Type{typ, member(v).Type()} { // a union, and the shape in it
			if err := c.validate(t, typ, data); err != nil {
				t.Errorf("%s: %s: %v", r.file, typ, err)
			}
		}
	}
	for verdict, n := range verdicts {
		if got[verdict] < n {
			t.Errorf("%d vectors end as %s, want the %d of the reference at least", got[verdict], verdict, n)
		}
	}
	for typ := range c {
		if err := c.validate(t, typ, []byte(`{"no such":"field"}`)); err == nil {
			t.Errorf("%s: an unknown field passes", typ)
		}
	}
}
