package kit

import (
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"
)

// FuzzArrival reads what a hostile client may put into a packet and beside it.
// Whatever that is, what follows the chain can be sent on.
func FuzzArrival(f *testing.F) {
	f.Add([]byte(`{"id":"1","type":"a","data":{"seq":1}}`), "trace", "t", "baggage", "room=hall", "error_to", "a/b")
	f.Add([]byte(`{"message_id":"x"}`), "traceparent", "00-\x00-01", "topic", "me", "baggage", "%zz=%")
	f.Add([]byte{0xff, 0}, "trace", "\x00", "", "", "baggage", "=")
	f.Fuzz(func(t *testing.T, payload []byte, k1, v1, k2, v2, k3, v3 string) {
		b := &Bus{cfg: Settings{MaxPacket: 4 << 20, System: "system"}}
		p := &paho.Publish{Topic: "a/b", Payload: payload, Properties: &paho.PublishProperties{}}
		for range 20 {
			for _, u := range [][2]string{{k1, v1}, {k2, v2}, {k3, v3}} {
				p.Properties.User.Add(u[0], u[1])
			}
		}
		d := b.newDelivery(p)
		if len(d.Trace) > maxTrace || !validText(d.Trace) || len(d.Baggage) > maxBaggage {
			t.Errorf("inherits trace %q and %d pairs", d.Trace, len(d.Baggage))
		}
		if key := dedupeKey(d); key != "" && !strings.Contains(key, "|") {
			t.Errorf("key %q", key)
		}
		out := &paho.Publish{Topic: "a/b", Properties: &paho.PublishProperties{}}
		b.propagate(d.Meta, out.Properties, publication{id: "x"})
		if err := b.validatePublish(out); err != nil {
			t.Errorf("cannot be sent on: %v", err)
		}
	})
}
