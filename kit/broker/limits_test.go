package broker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

func sessionExpiry(seconds uint32) *packets.Properties {
	return &packets.Properties{SessionExpiryInterval: &seconds}
}

func TestLimitsAreAnsweredByTheProtocol(t *testing.T) {
	tests := map[string]struct {
		limits  Limits
		reach   func(*testing.T, *Broker) // returns when the last one is refused
		refused string
	}{
		"connections": {Limits{Connections: 2}, func(t *testing.T, b *Broker) {
			loggedIn(t, b, packets.Connect{ClientID: "1"})
			loggedIn(t, b, packets.Connect{ClientID: "2"})
			if got := connectUntrusted(t, b, packets.Connect{ClientID: "3"}).next().(*packets.Connack).ReasonCode; got != codeBusy {
				t.Errorf("CONNACK %#x, want %#x", got, codeBusy)
			}
			loggedIn(t, b, packets.Connect{ClientID: "2"}).ping() // takes the place of its old link
		}, refusedConnections},
		"sessions": {Limits{Sessions: 2}, func(t *testing.T, b *Broker) {
			for _, id := range []string{"1", "2"} {
				_ = loggedIn(t, b, packets.Connect{ClientID: id, Properties: sessionExpiry(60)}).Close()
			}
			synctest.Wait()
			if got := connectUntrusted(t, b, packets.Connect{ClientID: "3", Properties: sessionExpiry(60)}).next().(*packets.Connack).ReasonCode; got != codeQuota {
				t.Errorf("CONNACK %#x, want %#x", got, codeQuota)
			}
			loggedIn(t, b, packets.Connect{ClientID: "1"}).ping()
			loggedIn(t, b, packets.Connect{ClientID: "a tool"}).ping() // leaves nothing behind
		}, refusedSessions},
		"subscriptions of a session": {Limits{SubscriptionsPerSession: 2}, func(t *testing.T, b *Broker) {
			r := loggedIn(t, b, packets.Connect{ClientID: "1"})
			if got := r.subscribe("a", "b", "c", "#/x"); !bytes.Equal(got, []byte{1, 1, codeQuota, codeTopicFilter}) {
				t.Errorf("SUBACK % x", got)
			}
			if got := r.subscribe("a"); !bytes.Equal(got, []byte{1}) {
				t.Errorf("SUBACK % x for what it has", got)
			}
		}, refusedSubscriptions},
		"subscriptions": {Limits{Subscriptions: 2 * minSubscriptions}, func(t *testing.T, b *Broker) {
			var many []string
			for i := range 2*minSubscriptions - 1 {
				many = append(many, fmt.Sprint("a/", i))
			}
			first, r := loggedIn(t, b, packets.Connect{ClientID: "1"}), loggedIn(t, b, packets.Connect{ClientID: "2"})
			if got := first.subscribe(many...); bytes.Contains(got, []byte{codeQuota}) {
				t.Errorf("SUBACK % x", got)
			}
			got := r.subscribe(many[:minSubscriptions+1]...) // each has a share, however much the others took
			if bytes.IndexByte(got, codeQuota) != minSubscriptions {
				t.Errorf("SUBACK % x", got)
			}
			first.send(&packets.Unsubscribe{PacketID: 2, Topics: append(many[1:], "none"), Properties: &packets.Properties{}})
			first.next()
			if got := r.subscribe("b"); !bytes.Equal(got, []byte{1}) {
				t.Errorf("SUBACK % x after some were given back", got)
			}
		}, refusedSubscriptions},
		"levels of a filter": {Limits{TopicLevels: 3}, func(t *testing.T, b *Broker) {
			if got := loggedIn(t, b, packets.Connect{ClientID: "1"}).subscribe("a/b/c", "a/b/c/d"); !bytes.Equal(got, []byte{1, codeTopicFilter}) {
				t.Errorf("SUBACK % x", got)
			}
		}, refusedFilter},
		"levels of a topic": {Limits{TopicLevels: 3}, func(t *testing.T, b *Broker) {
			r := loggedIn(t, b, packets.Connect{ClientID: "1"})
			if ok, deep := r.publish("a/b/c", "", false), r.publish("a/b/c/d", "", false); ok != 0 || deep != codeTopicName {
				t.Errorf("PUBACK %#x and %#x", ok, deep)
			}
		}, refusedTopic},
		"bytes of a topic": {Limits{TopicBytes: 3}, func(t *testing.T, b *Broker) {
			r := loggedIn(t, b, packets.Connect{ClientID: "1"})
			if ok, long := r.publish("abc", "", false), r.publish("abcd", "", false); ok != 0 || long != codeTopicName {
				t.Errorf("PUBACK %#x and %#x", ok, long)
			}
		}, refusedTopic},
		"topics of the broker": {Limits{}, func(t *testing.T, b *Broker) {
			if got := loggedIn(t, b, packets.Connect{ClientID: "1"}).publish("$SYS/broker/version", "mine", true); got != codeTopicName {
				t.Errorf("PUBACK %#x, want %#x", got, codeTopicName)
			}
		}, refusedTopic},
		"retained messages": {Limits{Retained: 2}, func(t *testing.T, b *Broker) {
			r := loggedIn(t, b, packets.Connect{ClientID: "1"})
			got := []byte{r.publish("a", "1", true), r.publish("b", "1", true), r.publish("c", "1", true), r.publish("a", "2", true), r.publish("b", "", true), r.publish("d", "1", true)}
			if !bytes.Equal(got, []byte{0, 0, codeQuota, 0, 0, 0}) {
				t.Errorf("PUBACK % x", got)
			}
			ours := newRaw(t, b, packets.Connect{ClientID: "ours"})
			ours.next()
			if got := ours.publish("of/this/process", "1", true); got != 0 {
				t.Errorf("PUBACK %#x for a client of this process", got)
			}
		}, refusedRetained},
		"bytes of retained messages": {Limits{RetainedBytes: 10000}, func(t *testing.T, b *Broker) {
			r, text := loggedIn(t, b, packets.Connect{ClientID: "1"}), strings.Repeat("x", 5000)
			if a, c := r.publish("a", text, true), r.publish("b", text, true); a != 0 || c != codeQuota {
				t.Errorf("PUBACK %#x and %#x", a, c)
			}
			if got := len(b.Retained("#")); got != 1 {
				t.Errorf("%d retained", got)
			}
		}, refusedRetainedBytes},
		"a will that is retained": {Limits{Retained: 1}, func(t *testing.T, b *Broker) {
			watch := loggedIn(t, b, packets.Connect{ClientID: "2"})
			watch.subscribe("gone")
			watch.publish("a", "1", true)
			_ = loggedIn(t, b, packets.Connect{ClientID: "1", WillFlag: true, WillTopic: "gone", WillMessage: []byte("x"), WillRetain: true,
				WillProperties: &packets.Properties{}}).Close()
			watch.next()
			if got := len(b.Retained("#")); got != 1 {
				t.Errorf("%d retained", got)
			}
		}, refusedRetained},
		"open QoS 2 publications": {Limits{}, func(t *testing.T, b *Broker) {
			r := loggedIn(t, b, packets.Connect{ClientID: "1"})
			for id := range uint16(receiveMaximum) {
				r.send(&packets.Publish{PacketID: id + 1, QoS: 2, Topic: "a", Properties: &packets.Properties{}})
				r.next()
			}
			go func() { _, _ = r.Write(buildPacket(0x34, []byte{0, 1, 'a', 0x70, 0, 0})) }()
			if d := r.next().(*packets.Disconnect); d.ReasonCode != codeReceiveMaximum {
				t.Errorf("DISCONNECT %#x", d.ReasonCode)
			}
		}, refusedReceiveMaximum},
		"a will on a topic of the broker": {Limits{}, func(t *testing.T, b *Broker) {
			for _, topic := range []string{"$SYS/broker/refused/x", "$share/g/a", strings.Repeat("a/", 200)} {
				r := connectUntrusted(t, b, packets.Connect{ClientID: "1", WillFlag: true, WillTopic: topic, WillMessage: []byte("x"), WillProperties: &packets.Properties{}})
				if got := r.next().(*packets.Connack).ReasonCode; got != codeTopicName {
					t.Errorf("CONNACK %#x for a will on %.20s", got, topic)
				}
			}
		}, refusedTopic},
		"filters of one packet": {Limits{}, func(t *testing.T, b *Broker) {
			r := loggedIn(t, b, packets.Connect{ClientID: "1"})
			go func() {
				_, _ = r.Write(buildPacket(0xa2, []byte{0, 1, 0}, bytes.Repeat([]byte{0, 1, 'a'}, maxFilters+1)))
			}()
			if d := r.next().(*packets.Disconnect); d.ReasonCode != codeQuota {
				t.Errorf("DISCONNECT %#x", d.ReasonCode)
			}
		}, refusedTooManyFields},
		"user properties of one packet": {Limits{}, func(t *testing.T, b *Broker) {
			r, props := loggedIn(t, b, packets.Connect{ClientID: "1"}), bytes.Repeat([]byte{propUser, 0, 0, 0, 0}, maxUserProperties+1)
			go func() {
				_, _ = r.Write(buildPacket(0x30, []byte{0, 1, 'a', byte(len(props)&0x7f | 0x80), byte(len(props) >> 7)}, props))
			}()
			if d := r.next().(*packets.Disconnect); d.ReasonCode != codeQuota {
				t.Errorf("DISCONNECT %#x", d.ReasonCode)
			}
		}, refusedTooManyFields},
		"acknowledgements that nobody reads": {Limits{}, func(t *testing.T, b *Broker) {
			r := loggedIn(t, b, packets.Connect{ClientID: "1"})
			ask := buildPacket(0xa2, []byte{0, 1, 0}, bytes.Repeat([]byte{0, 1, 'a'}, maxFilters))
			_ = r.SetWriteDeadline(time.Now().Add(time.Minute))
			for range maxQueuedAcks/maxFilters + 10 {
				if _, err := r.Write(ask); errors.Is(err, io.ErrClosedPipe) {
					return
				}
			}
			t.Error("the link is not cut")
		}, refusedUnreadAcks},
		"packets that are too large": {Limits{}, func(t *testing.T, b *Broker) {
			r := connectUntrusted(t, b, packets.Connect{ClientID: "1"})
			limit := r.next().(*packets.Connack).Properties.MaximumPacketSize
			if limit == nil || *limit != 4<<20 {
				t.Fatalf("CONNACK says %v", limit)
			}
			go func() { _, _ = r.Write(buildPacket(0x30, make([]byte, *limit))) }()
			if d := r.next().(*packets.Disconnect); d.ReasonCode != codePacketTooLarge {
				t.Errorf("DISCONNECT %#x", d.ReasonCode)
			}
		}, refusedTooLarge},
		"bytes of packets that never end": {Limits{WaitingBytes: 1 << 20}, func(t *testing.T, b *Broker) {
			a, c := loggedIn(t, b, packets.Connect{ClientID: "1"}), loggedIn(t, b, packets.Connect{ClientID: "2"})
			_, _ = a.Write(buildPacket(0x30, make([]byte, 2<<20))[:800<<10])
			go func() { _, _ = c.Write(buildPacket(0x30, make([]byte, 2<<20))[:800<<10]) }()
			if d := c.next().(*packets.Disconnect); d.ReasonCode != codeQuota {
				t.Errorf("DISCONNECT %#x", d.ReasonCode)
			}
		}, refusedUnfinished},
	}
	for name, tt := range tests {
		runFakeTime(t, name, func(t *testing.T) {
			b := startBroker(t, Options{Limits: tt.limits})
			tt.reach(t, b)
			if got := b.Stats().Refused; got[tt.refused] == 0 {
				t.Errorf("%v counted, want %s", got, tt.refused)
			}
		})
	}
}

// Fifty clients take everything and read nothing, at QoS 0 and 1, connected and
// away.
func TestSlowClientsAreBounded(t *testing.T) {
	for name, tt := range map[string]struct {
		qos  byte
		away bool
	}{"QoS 0": {0, false}, "QoS 1": {1, false}, "QoS 1 while away": {1, true}} {
		runFakeTime(t, name, func(t *testing.T) {
			const total, each, size = 4 << 20, 1 << 20, 10000
			b := startBroker(t, Options{Limits: Limits{WaitingBytes: total, WaitingBytesPerClient: each}})
			for i := range 50 {
				r := loggedIn(t, b, packets.Connect{ClientID: fmt.Sprint(i), Properties: sessionExpiry(60)})
				r.subscribe("flood")
				if tt.away {
					_ = r.Close()
				}
			}
			quick, ours := loggedIn(t, b, packets.Connect{ClientID: "quick"}), newRaw(t, b, packets.Connect{ClientID: "ours"})
			quick.subscribe("#")
			ours.next()
			ours.subscribe("flood")
			pub := loggedIn(t, b, packets.Connect{ClientID: "pub"})
			for i := range uint16(500) {
				p := packets.Publish{QoS: tt.qos, Topic: "flood", Payload: bytes.Repeat([]byte("x"), size), Properties: &packets.Properties{}}
				if tt.qos > 0 {
					p.PacketID = i + 1
				}
				pub.send(&p)
				if tt.qos > 0 {
					pub.next()
				}
				for _, r := range []rawClient{quick, ours} {
					got := r.next().(*packets.Publish)
					if got.QoS > 0 {
						r.send(&packets.Puback{PacketID: got.PacketID, Properties: &packets.Properties{}})
					}
				}
			}
			synctest.Wait()
			s := b.Stats()
			if s.WaitingBytes > total+50*minWaitingBytes+each || s.WaitingBytes < total/2 {
				t.Errorf("%d bytes wait, the limit is %d", s.WaitingBytes, total)
			}
			if s.Refused[refusedWaiting] == 0 || b.Dropped() == 0 {
				t.Errorf("%v counted, %d dropped", s.Refused, b.Dropped())
			}
		})
	}
}

// What the tags tell a person is what the zero value does.
func TestDefaultLimitsAreThoseOfTheTags(t *testing.T) {
	l := DefaultLimits()
	v := reflect.ValueOf(l)
	for i := range v.NumField() {
		want, f := v.Type().Field(i).Tag.Get("default"), v.Field(i)
		got := strconv.FormatInt(f.Int(), 10)
		if d, ok := f.Interface().(time.Duration); ok {
			parsed, err := time.ParseDuration(want)
			if got = want; err != nil || parsed != d {
				got = d.String()
			}
		}
		if got != want {
			t.Errorf("%s is %s, the tag says %s", v.Type().Field(i).Name, got, want)
		}
	}
	none, short := l, l
	none.Sessions, short.SessionExpiry = 0, time.Millisecond
	if none.Validate() == nil || short.Validate() == nil || l.Validate() != nil {
		t.Error("Validate takes what cannot work, or refuses the defaults")
	}
}

// mochi's own queue of a client can be measured, which conn.awaitRoom relies on.
func TestLengthOfMochisQueue(t *testing.T) {
	b := startBroker(t, Options{})
	loggedIn(t, b, packets.Connect{ClientID: "1"})
	cl, _ := b.srv.Clients.Get("1")
	if c := cl.Net.Conn.(*conn); c.outbound.Kind() != reflect.Chan || c.outbound.Cap() != mochiQueueLength {
		t.Error("it is no channel of that length any more")
	}
}
