package session

import (
	"fmt"
	"slices"
	"testing"

	"github.com/eclipse/paho.golang/packets"
)

// What was published and not acknowledged is sent again in its order, as it
// was, marked as a duplicate.
func TestPublicationsAreSentAgain(t *testing.T) {
	s := New()
	connectSession(t, s)
	for i := range 5 {
		p := &packets.Publish{QoS: 1, Topic: "t", Payload: fmt.Append(nil, i), Properties: &packets.Properties{User: []packets.User{{Key: "k", Value: "v"}}}}
		if err := s.AddToSession(t.Context(), p, make(chan packets.ControlPacket, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PacketReceived(&packets.ControlPacket{FixedHeader: packets.FixedHeader{Type: packets.PUBACK}, Content: &packets.Puback{PacketID: 3}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.ConnectionLost(nil); err != nil {
		t.Fatal(err)
	}
	out := connectSession(t, s)
	var got []string
	for range 4 {
		c, err := packets.ReadPacket(out)
		if err != nil {
			t.Fatal(err)
		}
		p := c.Content.(*packets.Publish)
		got = append(got, fmt.Sprintf("%d %s %s %v %v", p.PacketID, p.Topic, p.Payload, p.Duplicate, p.Properties.User))
	}
	if want := []string{"1 t 0 true [{k v}]", "2 t 1 true [{k v}]", "4 t 3 true [{k v}]", "5 t 4 true [{k v}]"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if out.Len() > 0 {
		t.Errorf("%d bytes more", out.Len())
	}
}

func TestStoreForgets(t *testing.T) {
	s := newPacketStore()
	for _, id := range []uint16{65535, 2, 10} {
		if err := s.Put(id, packets.PUBLISH, &packets.Pubrel{PacketID: id}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Quarantine(2); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(2); err == nil {
		t.Error("it is still there")
	}
	if err := s.Delete(2); err == nil {
		t.Error("it can be deleted twice")
	}
	if ids, err := s.List(); err != nil || !slices.Equal(ids, []uint16{65535, 10}) {
		t.Errorf("listed %v, %v", ids, err)
	}
	if err := s.Reset(); err != nil {
		t.Error(err)
	}
	if ids, _ := s.List(); len(ids) > 0 {
		t.Errorf("after a reset: %v", ids)
	}
}
