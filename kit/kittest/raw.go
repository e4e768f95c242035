package kittest

import (
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/internal/codec"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// PublishRaw publishes bytes as a client of another make would, AtLeastOnce and
// without an envelope; user are names and values of user properties. It fails
// the test when the broker refuses them.
func (b *Harness) PublishRaw(t testing.TB, topic, payload string, user ...string) {
	t.Helper()
	b.PublishTyped(t, topic, "", payload, user...)
}

// PublishTyped is [Harness.PublishRaw] with a content type, as that of audio is.
func (b *Harness) PublishTyped(t testing.TB, topic, contentType, payload string, user ...string) {
	t.Helper()
	p := &paho.Publish{Topic: topic, QoS: byte(msg.AtLeastOnce), Payload: []byte(payload), Properties: &paho.PublishProperties{ContentType: contentType}}
	for i := 0; i+1 < len(user); i += 2 {
		p.Properties.User.Add(user[i], user[i+1])
	}
	if _, err := b.Bus.Client().Publish(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// Retained is the M that the harness's own broker keeps for late joiners, and
// whether there is one. key fills the "+" of a keyed route; else it is empty.
func Retained[M msg.Message](t testing.TB, b *Harness, key string) (m M, kept bool) {
	t.Helper()
	topic := m.Route().Topic
	if key != "" {
		topic = strings.Replace(topic, "+", key, 1)
	}
	all := b.Broker.Retained(topic)
	if len(all) == 0 {
		return m, false
	}
	data := all[0]
	if e, err := wire.Open(data); err == nil && !m.Route().Bare {
		data = e.Data
	}
	if err := codec.Decode(&m, codec.Arrival{Payload: all[0], Data: data, Key: key}); err != nil {
		t.Fatalf("what is retained on %s is no %T: %v", topic, m, err)
	}
	return m, true
}

// Home is the data directory of the services on the harness; it goes with the
// test.
func (b *Harness) Home() kit.Home { return b.home }
