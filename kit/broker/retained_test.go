package broker

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

// MQTT 5, 4.8.2: a shared subscription gets no retained messages.
func TestGroupsGetNoRetainedMessages(t *testing.T) {
	runFakeTime(t, "at the subscription, and at the next", func(t *testing.T) {
		b := startBroker(t, Options{})
		r := loggedIn(t, b, packets.Connect{ClientID: "1"})
		r.publish("state/a", "on", true)
		for range 2 {
			r.subscribe("$share/g/state/+")
			r.ping()
		}
		if got := r.subscribe("state/+"); !bytes.Equal(got, []byte{1}) {
			t.Errorf("SUBACK % x", got)
		}
		if p := r.next().(*packets.Publish); string(p.Payload) != "on" || !p.Retain {
			t.Errorf("got %q", p.Payload)
		}
	})
}

// What is retained stays, unless it is given an expiry; then nothing is left.
func TestRetainedMessagesStay(t *testing.T) {
	runFakeTime(t, "over a day", func(t *testing.T) {
		b, minute := startBroker(t, Options{}), uint32(60)
		r := loggedIn(t, b, packets.Connect{ClientID: "1"})
		r.publish("state", "on", true)
		r.send(&packets.Publish{PacketID: 1, QoS: 1, Topic: "news/of/today", Payload: []byte("x"), Retain: true,
			Properties: &packets.Properties{MessageExpiry: &minute}})
		r.next()
		_ = r.Close()
		if s := b.Stats(); s.Retained != 2 || s.RetainedBytes == 0 {
			t.Errorf("%+v, want two messages", s)
		}
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		if got := b.Retained("state"); len(got) != 1 {
			t.Error("the state is gone")
		}
		if s := b.Stats(); s.Retained != 1 || len(b.Retained("news/#")) != 0 {
			t.Errorf("%+v, want one message", s)
		}
	})
}
