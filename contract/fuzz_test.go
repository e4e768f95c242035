package contract_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/gotars/tars/kit/wire"
)

func decodeInto(packet string, v reflect.Value) error {
	e, err := wire.Open([]byte(packet))
	if err != nil {
		return err
	}
	return wire.Decode(e.Data, v.Interface())
}

func FuzzOpen(f *testing.F) {
	for _, r := range rows(f) {
		f.Add(r.packet(f))
	}
	f.Add([]byte(`{"type":"t","ts":0,"data":{}}`))
	f.Fuzz(func(t *testing.T, packet []byte) {
		e, err := wire.Open(packet)
		if err != nil {
			if _, ok := errors.AsType[*wire.Error](err); !ok {
				t.Fatalf("refused with %T", err)
			}
			return
		}
		var data map[string]any
		if err := wire.Decode(e.Data, &data); err != nil {
			t.Fatalf("opened, but its data is refused: %v", err)
		}
		sealed, err := wire.Seal(nil, e, data)
		if err != nil {
			t.Fatalf("opened, but cannot be sealed: %v", err)
		}
		again, err := wire.Open(sealed)
		if err != nil || again.Bare {
			t.Fatalf("sealed, but cannot be opened: %v, %s", err, sealed)
		}
		if again.ID != e.ID || again.Type != e.Type || again.Source != e.Source || again.TS != e.TS && e.TS != 0 { // a zero time is sealed as the current one
			t.Fatalf("opened as %+v, then as %+v", e, again)
		}
	})
}

// FuzzDecode throws bytes at every type. What is accepted can be sent, and what
// is sent is accepted and sent the same again.
func FuzzDecode(f *testing.F) {
	for _, r := range rows(f) {
		if e, err := wire.Open(r.packet(f)); err == nil {
			typ := byTopic(f, r.topic).Type().Elem()
			f.Add(uint8(slices.IndexFunc(routes, func(r route) bool { return reflect.TypeOf(r.msg) == typ })), e.Data)
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, data []byte) {
		typ := reflect.TypeOf(routes[int(n)%len(routes)].msg)
		v := reflect.New(typ)
		if err := wire.Decode(data, v.Interface()); err != nil {
			if _, ok := errors.AsType[*wire.Error](err); !ok {
				t.Fatalf("%s refused with %T: %v", typ, err, err)
			}
			return
		}
		if typ.Name() == "AudioFFT" && v.Elem().FieldByName("SampleRate").Int() == 0 {
			return // the bare form, which is taken and not sent
		}
		once, err := wire.Encode(nil, v.Interface())
		if err != nil {
			t.Fatalf("%s: taken but not sent: %v: %+v", typ, err, v.Elem())
		}
		w := reflect.New(typ)
		if err := wire.Decode(once, w.Interface()); err != nil {
			t.Fatalf("%s: sent but not taken: %v: %s", typ, err, once)
		}
		twice, err := wire.Encode(nil, w.Interface())
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s: sent as %s, then as %s, error %v", typ, once, twice, err)
		}
	})
}
