package wire_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/gotars/tars/kit/wire"
)

// schemas is types and what is said of them, in the order of their fields.
var schemas = map[string]struct {
	of   any
	want string
}{
	"bounds, choices and defaults": {struct {
		Speed float64 `json:"speed" default:"1" msg:"min=0.1,max=1"`
		Level *int    `json:"level" msg:"min=0"`
		Mode  string  `json:"mode" msg:"required,oneof=pause stop"`
		Maybe *string `json:"maybe" msg:"oneof=a b"`
		On    *bool   `json:"on" default:"true"`
		Skip  string  `json:"-"`
	}{}, `{"type":"object","properties":{
		"speed":{"type":"number","default":1,"minimum":0.1,"maximum":1},
		"level":{"type":["integer","null"],"minimum":0},
		"mode":{"type":"string","enum":["pause","stop"]},
		"maybe":{"type":["string","null"],"enum":["a","b",null]},
		"on":{"type":"boolean","default":true}},
		"required":["mode"],"additionalProperties":false}`},
	"what is filled in, and what is foreign": {struct {
		ID      string  `json:"id" msg:"fresh"`
		At      float64 `json:"at" msg:"now"`
		Version *string `json:"version" msg:"foreign"`
	}{}, `{"type":"object","properties":{"id":{"type":"string"},"at":{"type":"number"},"version":{"type":["string","null"],"readOnly":true}},"additionalProperties":false}`},
	"a second name": {struct {
		At float64 `json:"at" msg:"now,alias=ts"`
	}{}, `{"type":"object","properties":{"at":{"type":"number"},"ts":{"type":"number"}},"additionalProperties":false,
		"allOf":[{"oneOf":[{"required":["at"]},{"required":["ts"]},{"not":{"anyOf":[{"required":["at"]},{"required":["ts"]}]}}]}]}`},
	"a second name of what must be": {struct {
		Text string `json:"text" msg:"required,alias=query"`
	}{}, `{"type":"object","properties":{"text":{"type":"string"},"query":{"type":"string"}},"additionalProperties":false,
		"allOf":[{"oneOf":[{"required":["text"]},{"required":["query"]}]}]}`},
	"free JSON": {struct {
		Any  any            `json:"any"`
		Null any            `json:"null" msg:"nullable"`
		Doc  any            `json:"doc" msg:"nullable,kind=object|bool"`
		Map  map[string]any `json:"map"`
		List []any          `json:"list" msg:"nullable"`
	}{}, `{"type":"object","properties":{
		"any":{"type":["object","string","array","number","boolean"]},"null":{},"doc":{"type":["object","boolean","null"]},
		"map":{"type":"object"},"list":{"type":["array","null"],"items":{}}},"additionalProperties":false}`},
	"nested": {struct {
		Items [][]inner   `json:"items"`
		Ports map[int]int `json:"ports"`
	}{}, `{"type":"object","properties":{
		"items":{"type":"array","items":{"type":"array","items":{"type":"object","properties":{
			"kind":{"type":"string","default":"target"},"score":{"type":"number","maximum":1},"flag":{"type":["boolean","null"]}},
			"required":["score"],"additionalProperties":false}}},
		"ports":{"type":"object","propertyNames":{"pattern":"^[+-]?[0-9]+$"},"additionalProperties":{"type":"integer"}}},
		"additionalProperties":false}`},
	"a union, whose first shape wins": {union{}, `{"oneOf":[
		{"allOf":[{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false},{"required":["name"]}]},
		{"allOf":[{"type":"object","properties":{"section":{"type":"string"},"value":{"type":"integer","maximum":9}},"required":["section"],"additionalProperties":false},
			{"required":["section"]},{"not":{"anyOf":[{"required":["name"]}]}}]}]}`},
	"unsigned": {struct {
		B uint16 `msg:"max=9"`
		C uint
	}{}, `{"type":"object","properties":{"B":{"type":"integer","minimum":0,"maximum":9},"C":{"type":"integer","minimum":0}},"additionalProperties":false}`},
	"bytes and forms of their own": {struct {
		Bytes []byte
		Time  time.Time
	}{}, `{"type":"object","properties":{"Bytes":{"type":["string","null"],"contentEncoding":"base64"},"Time":{}},"additionalProperties":false}`},
	"no fields": {struct{}{}, `{"type":"object","additionalProperties":false}`},
}

func TestSchema(t *testing.T) {
	for name, tt := range schemas {
		t.Run(name, func(t *testing.T) {
			got, err := wire.Schema(reflect.TypeOf(tt.of))
			if err != nil {
				t.Fatal(err)
			}
			want, err := json.Marshal(json.RawMessage(tt.want)) // without the white space
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// samples travels as bytes.
type samples struct{ PCM []byte }

func (s samples) MarshalBinary() ([]byte, error) { return s.PCM, nil }

func TestWhatHasNoSchema(t *testing.T) {
	for name, v := range map[string]any{
		"bytes":                samples{},
		"a type inside itself": outer{},
		"a channel":            make(chan int),
		"nothing":              nil,
	} {
		if s, err := wire.Schema(reflect.TypeOf(v)); err == nil {
			t.Errorf("%s: %s", name, s)
		}
	}
}
