package wire_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit/wire"
)

func TestEncodeWritesEveryField(t *testing.T) {
	tests := map[string]struct {
		v    any
		want string
	}{
		"defaults, nulls and empties": {
			leaf{Need: "n", ID: "i", At: 1, Version: ptr("v"), Hidden: "h"},
			`{"need":"n","lang":"en","on":true,"speed":1,"level":null,"mode":"stop","id":"i","at":1,"text":"","doc":null,"free":{},"maybe":null,"list":[]}`,
		},
		"what is set": {
			&leaf{
				Need: "n", Lang: "de", On: ptr(false), Speed: 0.5, Level: ptr(0), Mode: "pause", ID: "i", At: 1.25,
				Text: "t", Err: ptr("e"), Doc: "d", Free: map[string]any{"b": 1, "a": nil}, Maybe: map[string]any{}, List: []int{1},
			},
			`{"need":"n","lang":"de","on":false,"speed":0.5,"level":0,"mode":"pause","id":"i","at":1.25,"text":"t","err":"e","doc":"d","free":{"a":null,"b":1},"maybe":{},"list":[1]}`,
		},
		"nested": {
			outer{Items: [][]inner{nil, {{Score: 0.5}}}, Named: map[string]inner{"b": {}, "a": {Kind: "k"}}, Ports: map[int]int{10: 1, 9: 2}},
			`{"items":[[],[{"kind":"target","score":0.5,"flag":null}]],"named":{"a":{"kind":"k","score":0,"flag":null},"b":{"kind":"target","score":0,"flag":null}},"ports":{"9":2,"10":1},"next":null}`,
		},
		"a union":           {union{Section: &bySection{"s", 3}}, `{"section":"s","value":3}`},
		"a type in an any":  {map[string]any{"v": inner{Score: 1}, "p": ptr(2)}, `{"p":2,"v":{"kind":"target","score":1,"flag":null}}`},
		"its own form":      {map[string]any{"t": time.Unix(0, 0).UTC(), "r": json.RawMessage(`{"a": 1}`)}, `{"r":{"a":1},"t":"1970-01-01T00:00:00Z"}`},
		"bytes":             {struct{ B []byte }{[]byte("hi")}, `{"B":"aGk="}`},
		"text as it is":     {[]string{"<ü&🤖\u2028>", "\"\\\n\r\t\x00\x1f/"}, `["<ü&🤖` + "\u2028" + `>","\"\\\n\r\t\u0000\u001f/"]`},
		"numbers":           {[]float64{0, 1, 0.1, 1e20, 1e21, 1e-7, 1730800000.25, -2.5}, `[0,1,0.1,100000000000000000000,1e+21,1e-07,1730800000.25,-2.5]`},
		"big ints, exactly": {[]int64{math.MaxInt64, math.MinInt64}, `[9223372036854775807,-9223372036854775808]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := wire.Encode([]byte("before "), tt.v)
			if err != nil || string(got) != "before "+tt.want {
				t.Errorf("got  %s, error %v, want %s", got, err, tt.want)
			}
		})
	}
}

func with(change func(*leaf)) leaf {
	l := leaf{Need: "n"}
	change(&l)
	return l
}

// unsendable is what Encode must not write, and why.
var unsendable = map[string]struct {
	v    any
	path string
	want wire.Reason
}{
	"above the bounds":         {with(func(l *leaf) { l.Speed = 2 }), "speed", wire.Bounds},
	"below, and not zero":      {with(func(l *leaf) { l.Speed = -1 }), "speed", wire.Bounds},
	"bounds behind a pointer":  {with(func(l *leaf) { l.Level = ptr(6) }), "level", wire.Bounds},
	"none of the choices":      {with(func(l *leaf) { l.Mode = "go" }), "mode", wire.Bounds},
	"a kind that is not right": {with(func(l *leaf) { l.Doc = 3 }), "doc", wire.BadType},
	"not a number":             {with(func(l *leaf) { l.At = math.NaN() }), "at", wire.BadJSON},
	"infinity, deep down":      {with(func(l *leaf) { l.Free = map[string]any{"a": []any{math.Inf(1)}} }), "free.a.0", wire.BadJSON},
	"bad UTF-8":                {with(func(l *leaf) { l.Text = "\xff" }), "text", wire.BadUTF8},
	"bad UTF-8 in a name":      {with(func(l *leaf) { l.Free = map[string]any{"\xff": 1} }), "free", wire.BadUTF8},
	"a channel":                {with(func(l *leaf) { l.Doc = make(chan int) }), "doc", wire.BadType},
	"a rule, deep down":        {outer{Items: [][]inner{{{Score: 2}}}}, "items.0.0.score", wire.Bounds},
	"no shape of a union":      {union{}, "", wire.Missing},
	"two shapes of a union":    {union{&byName{}, &bySection{}}, "", wire.Duplicate},
	"what refuses itself":      {pair{3, 2}, "low", wire.Bounds},
	"what could not be read":   {celsius{C: -300}, "c", wire.Bounds},
	"a form that is no JSON":   {map[string]any{"r": json.RawMessage(`{`)}, "r", wire.BadType},
}

func TestEncodeRefusesWhatDecodeWould(t *testing.T) {
	circle := map[string]any{}
	circle["a"] = circle
	for name, tt := range unsendable {
		t.Run(name, func(t *testing.T) {
			out, err := wire.Encode([]byte("before"), tt.v)
			e, ok := errors.AsType[*wire.Error](err)
			if !ok {
				t.Fatalf("wrote %s, error %v", out, err)
			}
			if e.Path != tt.path || e.Reason != tt.want {
				t.Errorf("refused by %q: %s, want %s: %s", e, e.Reason, tt.path, tt.want)
			}
			if string(out) != "before" {
				t.Errorf("dst came back as %q", out)
			}
		})
	}
	if _, err := wire.Encode(nil, circle); err == nil {
		t.Error("a map inside itself was written")
	}
	for _, v := range []any{nil, (*leaf)(nil)} {
		if out, err := wire.Encode(nil, v); err == nil {
			t.Errorf("%#v was written as %s", v, out)
		}
	}
}

func TestEncodeLeavesTheValueAlone(t *testing.T) {
	build := func() *outer {
		return &outer{
			Items: [][]inner{nil, {{Score: 0.5}}},
			Named: map[string]inner{"a": {Flag: ptr(true)}},
			Next:  &outer{Items: [][]inner{{{}}}},
		}
	}
	v := build()
	if _, err := wire.Encode(nil, v); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(v, build()) {
		t.Errorf("became %+v", v)
	}
	l := leaf{Need: "n"}
	if _, err := wire.Encode(nil, &l); err != nil || !reflect.DeepEqual(l, leaf{Need: "n"}) {
		t.Errorf("became %+v, error %v", l, err)
	}
}

// senseless is types whose tags nobody could mean.
var senseless = map[string]any{
	"an unknown word": struct {
		A int `msg:"reqired"`
	}{},
	"bounds of a string": struct {
		A string `msg:"min=1"`
	}{},
	"bounds that are no number": struct {
		A int `msg:"min=x"`
	}{},
	"choices of a number": struct {
		A int `msg:"oneof=1 2"`
	}{},
	"no choices": struct {
		A string `msg:"oneof="`
	}{},
	"a fresh number": struct {
		A int `msg:"fresh"`
	}{},
	"now as an int": struct {
		A int `msg:"now"`
	}{},
	"a nullable string": struct {
		A string `msg:"nullable"`
	}{},
	"a kind of a string": struct {
		A string `msg:"kind=string"`
	}{},
	"an unknown kind": struct {
		A any `msg:"kind=thing"`
	}{},
	"an alias without a name": struct {
		A any `msg:"alias="`
	}{},
	"a default of another type": struct {
		A int `default:"x"`
	}{},
	"a fraction as default": struct {
		A int `default:"1.5"`
	}{},
	"a default out of bounds": struct {
		A int `default:"9" msg:"max=5"`
	}{},
	"a default that is no choice": struct {
		A string `default:"c" msg:"oneof=a b"`
	}{},
	"a default of a list": struct {
		A []int `default:"[]"`
	}{},
	"a default of what must be": struct {
		A int `default:"1" msg:"required"`
	}{},
	"a json option": struct {
		A int `json:"a,string"`
	}{},
	"an alias that is taken": struct {
		A int `json:"a" msg:"alias=b"`
		B int `json:"b"`
	}{},
	"a channel":              struct{ A chan int }{},
	"an interface":           struct{ A error }{},
	"names that are floats":  struct{ A map[float64]int }{},
	"a pointer to a pointer": struct{ A **int }{},
	"an embedded pointer":    struct{ *byName }{},
	"a union with a field": struct {
		A *byName `msg:"when=name"`
		B int
	}{},
	"a union of a value": struct {
		A byName `msg:"when=name"`
	}{},
	"a union in a field": struct{ A union }{},
	"a union in a list":  []union{},
	"a union of unions": struct {
		A *union `msg:"when=name"`
	}{},
	"when and something": struct {
		A *byName `msg:"when=name,foreign"`
	}{},
}

func TestCheckRefusesTagsThatMakeNoSense(t *testing.T) {
	for name, v := range senseless {
		if err := wire.Check(reflect.TypeOf(v)); err == nil {
			t.Errorf("%s passes", name)
		}
		if err := wire.Decode([]byte(`{}`), reflect.New(reflect.TypeOf(v)).Interface()); err == nil {
			t.Errorf("%s is decoded", name)
		}
	}
	for _, v := range []any{leaf{}, outer{}, union{}, pair{}, celsius{}, map[string]any{}, time.Time{}} {
		if err := wire.Check(reflect.TypeOf(v)); err != nil {
			t.Errorf("%T: %v", v, err)
		}
	}
	if err := wire.Check(nil); err == nil {
		t.Error("nil passes")
	}
}

func TestTypeWithMoreFieldsThanTheStackHolds(t *testing.T) {
	var fields []reflect.StructField
	var b strings.Builder
	for i := range 200 {
		name := "F" + strings.Repeat("x", i)
		fields = append(fields, reflect.StructField{Name: name, Type: reflect.TypeFor[int](), Tag: `msg:"required"`})
		b.WriteString(`,"` + name + `":1`)
	}
	v := reflect.New(reflect.StructOf(fields))
	data := "{" + b.String()[1:] + "}"
	if err := wire.Decode([]byte(data), v.Interface()); err != nil || v.Elem().Field(199).Int() != 1 {
		t.Errorf("200 fields: %v", err)
	}
	data = strings.Replace(data, `,"`+fields[150].Name+`":1`, "", 1)
	if err := wire.Decode([]byte(data), v.Interface()); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("199 of 200 fields: %v", err)
	}
}
