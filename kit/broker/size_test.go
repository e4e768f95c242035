package broker

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	mochi "github.com/mochi-mqtt/server/v2/packets"
)

// connectLimited connects as one session that takes news at a window of 2 and, unless
// limit is 0, in packets of so many bytes.
func connectLimited(t *testing.T, b *Broker, qos byte, limit uint32) rawClient {
	t.Helper()
	expiry, window := uint32(60), uint16(2)
	c := packets.Connect{ClientID: "tight", Properties: &packets.Properties{SessionExpiryInterval: &expiry, ReceiveMaximum: &window}}
	if limit > 0 {
		c.Properties.MaximumPacketSize = &limit
	}
	r := newRaw(t, b, c)
	if ack := r.next().(*packets.Connack); !ack.SessionPresent {
		r.send(&packets.Subscribe{PacketID: 1, Subscriptions: []packets.SubOptions{{Topic: "news", QoS: qos}}, Properties: &packets.Properties{}})
		r.next()
	}
	return r
}

func publishTexts(t *testing.T, pub *peer, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if err := pub.publish(t.Context(), &paho.Publish{Topic: "news", QoS: 1, Payload: []byte(s)}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTooLargeIsAsGoodAsAcknowledged(t *testing.T) {
	const limit = 100
	large := slices.Repeat([]string{strings.Repeat("x", limit)}, 5)
	tests := map[string]struct {
		qos  byte // of the subscription
		meet func(*testing.T, *Broker, *peer, byte) rawClient
		want int64 // dropped
	}{
		"while connected": {qos: 1, want: 5, meet: func(t *testing.T, b *Broker, pub *peer, qos byte) rawClient {
			r := connectLimited(t, b, qos, limit)
			publishTexts(t, pub, large...)
			return r
		}},
		"at QoS 0": {qos: 0, want: 5, meet: func(t *testing.T, b *Broker, pub *peer, qos byte) rawClient {
			r := connectLimited(t, b, qos, limit)
			publishTexts(t, pub, large...)
			return r
		}},
		"while away": {qos: 1, want: 5, meet: func(t *testing.T, b *Broker, pub *peer, qos byte) rawClient {
			_ = connectLimited(t, b, qos, limit).Close()
			publishTexts(t, pub, large...)
			return connectLimited(t, b, qos, limit)
		}},
		"sent before, and the client takes less now": {qos: 1, want: 5, meet: func(t *testing.T, b *Broker, pub *peer, qos byte) rawClient {
			r := connectLimited(t, b, qos, 0)
			publishTexts(t, pub, large...)
			r.next()
			r.next()
			return connectLimited(t, b, qos, limit)
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t, Options{Addr: tcp})
			pub := newPeer(t, b, "pub", 16)
			r := tt.meet(t, b, pub, tt.qos)
			for i := range 3 { // one more than the window
				text := fmt.Sprint("fits ", i)
				publishTexts(t, pub, text)
				p := r.next().(*packets.Publish)
				if string(p.Payload) != text || p.Duplicate {
					t.Fatalf("got %q, duplicate %t, want %q for the first time", p.Payload, p.Duplicate, text)
				}
				if p.QoS > 0 {
					r.send(&packets.Puback{PacketID: p.PacketID, Properties: &packets.Properties{}})
				}
			}
			r.send(&packets.Pingreq{})
			r.next() // what was sent before is processed
			if got := b.Dropped(); got != tt.want {
				t.Errorf("%d dropped, want %d", got, tt.want)
			}
			if cl, _ := b.srv.Clients.Get("tight"); cl.State.Inflight.Len() != 0 {
				t.Errorf("%d in flight, want none", cl.State.Inflight.Len())
			}
			_ = r.Close()
			r = connectLimited(t, b, tt.qos, 0)
			publishTexts(t, pub, "after")
			if p := r.next().(*packets.Publish); string(p.Payload) != "after" {
				t.Errorf("%d bytes came again", len(p.Payload))
			}
		})
	}
}

// QoS 2 packet by packet, as in TestExactlyOnce.
func TestTooLargeAtQoS2IsAsGoodAsReleased(t *testing.T) {
	b := startBroker(t, Options{Addr: tcp})
	r, props := connectLimited(t, b, 2, 100), &packets.Properties{}
	pub := newRaw(t, b, packets.Connect{ClientID: "pub"})
	pub.next()
	for i, text := range append(slices.Repeat([]string{strings.Repeat("x", 100)}, 3), "fits") {
		id := uint16(i + 1)
		pub.send(&packets.Publish{Topic: "news", QoS: 2, PacketID: id, Payload: []byte(text), Properties: props})
		pub.next()
		pub.send(&packets.Pubrel{PacketID: id, Properties: props})
		pub.next()
	}
	if p := r.next().(*packets.Publish); string(p.Payload) != "fits" || p.QoS != 2 {
		t.Errorf("got %d bytes at QoS %d, want what fits", len(p.Payload), p.QoS)
	}
}

// The limit is kept to the byte, and a message is never altered to fit.
func TestPacketSizeIsExact(t *testing.T) {
	message := &paho.Publish{Topic: "news", QoS: 1, Payload: []byte("text"), Properties: &paho.PublishProperties{
		ContentType: "text/plain", ResponseTopic: "answers", CorrelationData: []byte{1, 2}, MessageExpiry: new(uint32(60)),
		User: paho.UserProperties{{Key: "trace", Value: "0123456789"}},
	}}
	b := startBroker(t, Options{Addr: tcp})
	pub := newPeer(t, b, "pub", 16)
	var bytesSent int
	for _, tt := range []struct {
		short    int
		received bool
	}{{short: -1000, received: true}, {short: 0, received: true}, {short: 1, received: false}, {short: 20, received: false}} {
		r := connectLimited(t, b, 1, uint32(bytesSent-tt.short))
		if err := pub.publish(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		publishTexts(t, pub, "next")
		p := r.next().(*packets.Publish)
		if got := string(p.Payload) == "text"; got != tt.received {
			t.Errorf("%d bytes less than its size: received %t, want %t", tt.short, got, tt.received)
		}
		if tt.received {
			if len(p.Properties.User) != 1 {
				t.Errorf("user properties %v", p.Properties.User)
			}
			var out bytes.Buffer
			_, _ = p.WriteTo(&out)
			bytesSent = out.Len()
			r.send(&packets.Puback{PacketID: p.PacketID, Properties: &packets.Properties{}})
			p = r.next().(*packets.Publish)
		}
		r.send(&packets.Puback{PacketID: p.PacketID, Properties: &packets.Properties{}})
		r.send(&packets.Pingreq{})
		r.next()
		_ = r.Close()
	}
}

func TestSizeIsThatOfTheEncodedPacket(t *testing.T) {
	full := mochi.Properties{
		PayloadFormatFlag: true, PayloadFormat: 1, MessageExpiryInterval: 60, ContentType: "text/plain", ResponseTopic: "answers",
		CorrelationData: []byte{1, 2, 3}, TopicAliasFlag: true, TopicAlias: 1, SubscriptionIdentifier: []int{1, 200_000_000},
		User: slices.Repeat([]mochi.UserProperty{{Key: "trace", Val: "0123456789"}}, 20),
	}
	for name, props := range map[string]mochi.Properties{"bare": {}, "all properties": full} {
		p := mochi.Packet{
			ProtocolVersion: 5, FixedHeader: mochi.FixedHeader{Type: mochi.Publish, Qos: 1}, PacketID: 1, TopicName: "a/topic",
			Properties: props, Mods: mochi.Mods{AllowResponseInfo: true},
		}
		empty := encodedSize(p)
		for _, around := range []int{0, 1 << 7, 1 << 14, 1 << 21} { // where the length takes one byte more
			for n := max(0, around-empty-5); n <= max(0, around-empty+5); n++ {
				p.Payload, p.Mods.MaxSize = make([]byte, n), 0
				var out bytes.Buffer
				if err := p.PublishEncode(&out); err != nil {
					t.Fatal(err)
				}
				for limit, want := range map[int]bool{0: false, 10: true, out.Len() - 1: true, out.Len(): false} {
					p.Mods.MaxSize = uint32(limit)
					if got := encodedSize(p); got != out.Len() || maxEncodedSize(p) < got || tooLarge(p) != want {
						t.Fatalf("%s, payload of %d, limit %d: size %d, at most %d, too large %t; it is %d",
							name, n, limit, got, maxEncodedSize(p), tooLarge(p), out.Len())
					}
				}
			}
		}
	}
}

// A takeover and the discarding that goes on in the old connection do not wait
// for each other.
func TestTakeoverAmidTooLarge(t *testing.T) {
	b := startBroker(t, Options{Addr: tcp})
	pub := newPeer(t, b, "pub", 16)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 500 {
			_ = pub.publish(t.Context(), &paho.Publish{Topic: "news", QoS: 1, Payload: make([]byte, 200)})
		}
	}()
	var r rawClient
	for range 20 {
		r = connectLimited(t, b, 1, 100)
	}
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("stuck")
	}
	publishTexts(t, pub, "fits")
	if p := r.next().(*packets.Publish); string(p.Payload) != "fits" {
		t.Errorf("got %d bytes", len(p.Payload))
	}
}
