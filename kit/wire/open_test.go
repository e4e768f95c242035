package wire_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit/wire"
)

// opened is packets and what they hold.
var opened = map[string]struct {
	packet, data    string
	id, typ, source string  // "?" is a fresh id
	ts              float64 // 0 is the present
	bare            bool
}{
	"an envelope": {
		packet: `{"id":"i","type":"t","ts":1.5,"source":"s","data":{"a":1}}`,
		id:     "i", typ: "t", ts: 1.5, source: "s", data: `{"a":1}`,
	},
	"what an envelope need not have": {
		packet: `{"type":"t","data":{}}`,
		id:     "?", typ: "t", data: `{}`,
	},
	"empty strings": {
		packet: `{"id":"","type":"","ts":2,"source":"","data":{}}`,
		ts:     2, data: `{}`,
	},
	"another order, spaces and escapes": {
		packet: ` { "data" : { "a" : "\u00e4" } , "ty\u0070e":"\ud83e\udd16","ts":"7", "id":"\n" } `,
		id:     "\n", typ: "🤖", ts: 7, data: `{ "a" : "\u00e4" }`,
	},
	"a bare object":                 {packet: ` {"message_id":"m","text":"x"} `, id: "m", bare: true, data: `{"message_id":"m","text":"x"}`},
	"a bare object without an id":   {packet: `{"text":"x"}`, id: "?", bare: true, data: `{"text":"x"}`},
	"a bare object whose id is odd": {packet: `{"message_id":7}`, id: "?", bare: true, data: `{"message_id":7}`},
	"an empty object":               {packet: `{}`, id: "?", bare: true, data: `{}`},
}

// unwrapped is objects that look like envelopes and are none.
var unwrapped = map[string]string{
	"no type":         `{"data":{}}`,
	"no data":         `{"type":"t"}`,
	"one key more":    `{"type":"t","data":{},"x":1}`,
	"a key twice":     `{"type":"t","data":{},"type":"t"}`,
	"data null":       `{"type":"t","data":null}`,
	"data an array":   `{"type":"t","data":[]}`,
	"data a string":   `{"type":"t","data":"{}"}`,
	"id null":         `{"id":null,"type":"t","data":{}}`,
	"id a number":     `{"id":1,"type":"t","data":{}}`,
	"ts null":         `{"ts":null,"type":"t","data":{}}`,
	"ts a word":       `{"ts":"noon","type":"t","data":{}}`,
	"source null":     `{"source":null,"type":"t","data":{}}`,
	"keys in capital": `{"Type":"t","Data":{}}`,
}

func TestWhatIsNoEnvelopeOpensBare(t *testing.T) {
	for name, packet := range unwrapped {
		e, err := wire.Open([]byte(packet))
		if err != nil || !e.Bare || string(e.Data) != packet || e.Type != "" || e.Source != "" || !freshID.MatchString(e.ID) {
			t.Errorf("%s: opened as %+v with %s, error %v", name, e, e.Data, err)
		}
	}
}

func TestOpen(t *testing.T) {
	for name, tt := range opened {
		t.Run(name, func(t *testing.T) {
			e, err := wire.Open([]byte(tt.packet))
			if err != nil {
				t.Fatal(err)
			}
			if tt.id == "?" && freshID.MatchString(e.ID) {
				tt.id = e.ID
			}
			if tt.ts == 0 && math.Abs(e.TS-float64(time.Now().Unix())) < 60 {
				tt.ts = e.TS
			}
			if e.ID != tt.id || e.Type != tt.typ || e.Source != tt.source || e.TS != tt.ts || e.Bare != tt.bare || string(e.Data) != tt.data {
				t.Errorf("opened as %+v with %s, want %+v", e, e.Data, tt)
			}
		})
	}
}

func TestOpenPointsIntoThePacket(t *testing.T) {
	packet := []byte(`{"type":"t","data":{"a":1}}`)
	e, err := wire.Open(packet)
	if err != nil || &e.Data[0] != &packet[19] {
		t.Errorf("data was copied, error %v", err)
	}
}

// hostile is what nobody sends by mistake, and the reason it is refused for.
var hostile = map[string]wire.Reason{
	"":                                 wire.BadJSON,
	" ":                                wire.BadJSON,
	"nope":                             wire.BadJSON,
	"{":                                wire.BadJSON,
	`{"`:                               wire.BadJSON,
	`{"a`:                              wire.BadJSON,
	`{"a"`:                             wire.BadJSON,
	`{"a":`:                            wire.BadJSON,
	`{"a":1`:                           wire.BadJSON,
	`{"a":1,`:                          wire.BadJSON,
	`{"a":1,}`:                         wire.BadJSON,
	`{"a" 1}`:                          wire.BadJSON,
	`{a:1}`:                            wire.BadJSON,
	`{'a':1}`:                          wire.BadJSON,
	`{"a":[1,]}`:                       wire.BadJSON,
	`{"a":[1 2]}`:                      wire.BadJSON,
	`{"a":01}`:                         wire.BadJSON,
	`{"a":+1}`:                         wire.BadJSON,
	`{"a":.5}`:                         wire.BadJSON,
	`{"a":1.}`:                         wire.BadJSON,
	`{"a":1e}`:                         wire.BadJSON,
	`{"a":-}`:                          wire.BadJSON,
	`{"a":0x1}`:                        wire.BadJSON,
	`{"a":NaN}`:                        wire.BadJSON,
	`{"a":Infinity}`:                   wire.BadJSON,
	`{"a":-Infinity}`:                  wire.BadJSON,
	`{"a":1e999}`:                      wire.BadJSON,
	`{"a":tru}`:                        wire.BadJSON,
	`{"a":truee}`:                      wire.BadJSON,
	`{"a":nil}`:                        wire.BadJSON,
	"{\"a\":\"\n\"}":                   wire.BadJSON,
	"{\"a\":\"\x00\"}":                 wire.BadJSON,
	`{"a":"\x"}`:                       wire.BadJSON,
	`{"a":"\u12"}`:                     wire.BadJSON,
	`{"a":"\u12g4"}`:                   wire.BadJSON,
	`{"a":1}}`:                         wire.BadJSON,
	`{"a":1}{"a":1}`:                   wire.BadJSON,
	"{\"a\":1}\x00":                    wire.BadJSON,
	"\xef\xbb\xbf{}":                   wire.BadJSON,
	"{\"a\":\"\xff\"}":                 wire.BadUTF8,
	"{\"a\":\"\xed\xa0\x80\"}":         wire.BadUTF8,
	`{"a":"\ud800"}`:                   wire.BadUTF8,
	`{"a":"\udc00"}`:                   wire.BadUTF8,
	`{"a":"\ud800\ud800"}`:             wire.BadUTF8,
	`{"a":"\ud800x"}`:                  wire.BadUTF8,
	`{"\udfff":1}`:                     wire.BadUTF8,
	`{"a":` + strings.Repeat("[", 1e6): wire.Size,
	strings.Repeat(`{"a":`, 1e5) + strings.Repeat("}", 1e5): wire.Size,
	`{"a":` + strings.Repeat("9", 1e5) + `}`:                wire.BadJSON,
}

func TestHostileBytesAreRefused(t *testing.T) {
	for packet, want := range hostile {
		shown := packet[:min(len(packet), 40)]
		_, err := wire.Open([]byte(packet))
		if e, ok := errors.AsType[*wire.Error](err); !ok || e.Reason != want {
			t.Errorf("open %q: %v, want %s", shown, err, want)
		}
		for _, v := range []any{new(any), new(map[string]any), new(struct {
			A any `json:"a" msg:"nullable"`
		})} {
			err := wire.Decode([]byte(packet), v)
			if e, ok := errors.AsType[*wire.Error](err); !ok || e.Reason != want && e.Reason != wire.Unknown {
				t.Errorf("decode %q into %T: %v, want %s", shown, v, err, want)
			}
		}
	}
	type node struct{ Next *node }
	packet := strings.Repeat(`{"Next":`, 1e5) + "null" + strings.Repeat("}", 1e5)
	if e, ok := errors.AsType[*wire.Error](wire.Decode([]byte(packet), new(node))); !ok || e.Reason != wire.Size {
		t.Errorf("a long chain: %v", e)
	}
}

func TestWhatIsDeepComesBack(t *testing.T) {
	for depth, want := range map[int]bool{256: true, 257: false} {
		data := strings.Repeat(`{"a":`, depth-1) + "{}" + strings.Repeat("}", depth-1)
		var v map[string]any
		if err := wire.Decode([]byte(data), &v); (err == nil) != want {
			t.Errorf("depth %d: decode: %v", depth, err)
			continue
		} else if err != nil {
			continue
		}
		sealed, err := wire.Seal(nil, wire.Envelope{}, v)
		if err != nil {
			t.Errorf("depth %d: seal: %v", depth, err)
		}
		if e, err := wire.Open(sealed); err != nil || string(e.Data) != data {
			t.Errorf("depth %d: open: %v", depth, err)
		}
	}
}

func TestSeal(t *testing.T) {
	e := wire.Envelope{ID: "i", Type: "a.b", Source: "<me>", TS: 1730800000.25}
	got, err := wire.Seal([]byte("before "), e, pair{1, 2})
	want := `before {"id":"i","type":"a.b","ts":1730800000.25,"source":"<me>","data":{"low":1,"high":2}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, error %v, want %s", got, err, want)
	}
	tests := map[string]struct {
		e    wire.Envelope
		v    any
		path string
		want wire.Reason
	}{
		"a bad id":      {wire.Envelope{ID: "\xff"}, pair{}, "id", wire.BadUTF8},
		"a bad type":    {wire.Envelope{Type: "\xff"}, pair{}, "type", wire.BadUTF8},
		"a bad source":  {wire.Envelope{Source: "\xff"}, pair{}, "source", wire.BadUTF8},
		"no time":       {wire.Envelope{TS: math.NaN()}, pair{}, "ts", wire.BadJSON},
		"no object":     {wire.Envelope{}, []int{1}, "data", wire.BadType},
		"a bad payload": {wire.Envelope{}, pair{2, 1}, "low", wire.Bounds},
	}
	for name, tt := range tests {
		out, err := wire.Seal([]byte("before"), tt.e, tt.v)
		e, ok := errors.AsType[*wire.Error](err)
		if !ok || e.Path != tt.path || e.Reason != tt.want || string(out) != "before" {
			t.Errorf("%s: %v, want %s: %s; dst is %s", name, err, tt.path, tt.want, out)
		}
	}
	now, err := wire.Seal(nil, wire.Envelope{Type: "t"}, pair{})
	if opened, oerr := wire.Open(now); err != nil || oerr != nil || opened.ID != "" || math.Abs(opened.TS-float64(time.Now().Unix())) > 60 {
		t.Errorf("an empty envelope opens as %+v, errors %v, %v", opened, err, oerr)
	}
}
