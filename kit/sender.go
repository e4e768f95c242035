package kit

import (
	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit/internal/topic"
)

// senderKey is the user property that says who sent a message and to where, when
// its own subscription would bring it back: No Local of MQTT works within one
// connection, and a bus has several.
const senderKey = "from_client"

// senderMark is the value that names this client as the sender of a message to a topic.
// The topic is part of it: who takes a message and publishes it elsewhere, properties and
// all, is another sender.
func (b *Bus) senderMark(topic string) string { return b.id.ClientID + " " + topic }

// markSender adds the mark to a message that a subscription of this client would bring
// back.
func (b *Bus) markSender(to string, props *paho.UserProperties) {
	for _, filter := range b.conns.echoes {
		if topic.Matches(filter, to) {
			props.Add(senderKey, b.senderMark(to))
			return
		}
	}
}
