package broker

import (
	"bytes"

	"github.com/mochi-mqtt/server/v2/packets"
)

// tooLarge reports whether the PUBLISH p, in the state in which OnPacketEncode
// gets it, is larger than what the client takes.
func tooLarge(p packets.Packet) bool {
	limit := int(p.Mods.MaxSize)
	return limit > 0 && maxEncodedSize(p) > limit && encodedSize(p) > limit
}

// maxEncodedSize is no less than size, and costs nothing.
func maxEncodedSize(p packets.Packet) int {
	const (
		fixed           = 64 // header, id, lengths, and properties of a fixed size; 32 with all of them
		perUser         = 5
		perSubscription = 5
	)
	props := &p.Properties
	n := fixed + len(p.TopicName) + len(p.Payload) + len(props.ContentType) + len(props.ResponseTopic) +
		len(props.CorrelationData) + perSubscription*len(props.SubscriptionIdentifier)
	for _, u := range props.User {
		n += perUser + len(u.Key) + len(u.Val)
	}
	return n
}

// encodedSize is the length of the PUBLISH p with all its properties. mochi leaves out
// user properties that do not fit, which alters a message.
func encodedSize(p packets.Packet) int {
	payload := len(p.Payload)
	p.Payload, p.Mods.MaxSize = nil, 0
	var head bytes.Buffer
	if p.PublishEncode(&head) != nil {
		return 0 // mochi will say what is wrong with it
	}
	rest := p.FixedHeader.Remaining + payload
	n := 2 + rest // the first byte, and the shortest length
	for more := rest >> 7; more > 0; more >>= 7 {
		n++
	}
	return n
}

// memoryCost is about what p takes of memory while it waits.
func memoryCost(p packets.Packet) int64 {
	const perUser = 32
	return int64(maxEncodedSize(p)+perUser*len(p.Properties.User)) + messageOverhead
}
