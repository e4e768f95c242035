package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/gotars/tars/kit/wire"
)

// FuzzDecode holds wire to what encoding/json takes: nothing more, but for the
// coercions. What is taken can be sent and taken again, and stays the same.
func FuzzDecode(f *testing.F) {
	for packet := range hostile {
		if len(packet) < 1000 {
			f.Add([]byte(packet))
		}
	}
	f.Add([]byte(`{"need":"n","query":"q","doc":{"a":[1,"2",null,true]},"list":[1,"2",3.0],"on":"yes"}`))
	f.Add([]byte(`{"items":[[{"score":"0.5"}]],"named":{"a":{"score":1}},"ports":{"1":2},"next":{"next":null}}`))
	f.Add([]byte(`{"name":"a"}`))
	f.Add([]byte(`{"section":"s","value":"3"}`))
	f.Add([]byte(`{"low":1,"high":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, build := range []func() any{
			func() any { return new(leaf) }, func() any { return new(outer) }, func() any { return new(union) },
			func() any { return new(pair) }, func() any { return new(celsius) }, func() any { return new(map[string]any) },
		} {
			v := build()
			if err := wire.Decode(data, v); err != nil {
				if _, ok := errors.AsType[*wire.Error](err); !ok {
					t.Fatalf("%T refused with %T: %v", v, err, err)
				}
				continue
			}
			if !json.Valid(data) {
				t.Fatalf("%T took what is no JSON", v)
			}
			once, err := wire.Encode(nil, v)
			if err != nil {
				t.Fatalf("%T: taken but not sent: %v", v, err)
			}
			w := build()
			if err := wire.Decode(once, w); err != nil {
				t.Fatalf("%T: sent but not taken: %v: %s", v, err, once)
			}
			if twice, err := wire.Encode(nil, w); err != nil || !bytes.Equal(once, twice) {
				t.Fatalf("%T: sent as %s, then as %s, error %v", v, once, twice, err)
			}
		}
	})
}

// FuzzOpen holds that what opens can be sealed, and opens as the same again.
func FuzzOpen(f *testing.F) {
	for packet := range hostile {
		if len(packet) < 1000 {
			f.Add([]byte(packet))
		}
	}
	f.Add([]byte(`{"id":"i","type":"t","ts":1.5,"source":"s","data":{"a":1}}`))
	f.Add([]byte(`{"message_id":"m","text":"x"}`))
	f.Add([]byte(`{"type":"t","ts":0,"data":{}}`))
	f.Fuzz(func(t *testing.T, packet []byte) {
		e, err := wire.Open(packet)
		if err != nil {
			return
		}
		sealed, err := wire.Seal(nil, e, json.RawMessage(e.Data))
		if err != nil {
			t.Fatalf("opened but not sealed: %v", err)
		}
		again, err := wire.Open(sealed)
		if err != nil || again.Bare || again.ID != e.ID || again.Type != e.Type || again.Source != e.Source {
			t.Fatalf("opened as %+v, then as %+v, error %v", e, again, err)
		}
		if again.TS != e.TS && e.TS != 0 { // a zero time is sealed as the current one
			t.Fatalf("opened at %v, then at %v", e.TS, again.TS)
		}
	})
}
