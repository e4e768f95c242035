package broker

import (
	"testing"

	"github.com/eclipse/paho.golang/packets"
)

// Who publishes is told when nobody subscribes to it.
func TestPublisherLearnsThatNobodySubscribes(t *testing.T) {
	b := startBroker(t, Options{})
	pub := newRaw(t, b, packets.Connect{ClientID: "pub"})
	pub.next()
	publish := func() byte {
		pub.send(&packets.Publish{Topic: "news", QoS: 1, PacketID: 1, Properties: &packets.Properties{}})
		return pub.next().(*packets.Puback).ReasonCode
	}
	if got := publish(); got != packets.PubackNoMatchingSubscribers {
		t.Errorf("without a subscription: reason %#x", got)
	}
	for _, filter := range []string{"news", "$share/g/+", "#"} {
		sub := newRaw(t, b, packets.Connect{ClientID: "sub"})
		sub.next()
		sub.send(&packets.Subscribe{PacketID: 1, Subscriptions: []packets.SubOptions{{Topic: filter}}, Properties: &packets.Properties{}})
		sub.next()
		if got := publish(); got != 0 {
			t.Errorf("%s subscribed: reason %#x", filter, got)
		}
		sub.send(&packets.Unsubscribe{PacketID: 2, Topics: []string{filter}, Properties: &packets.Properties{}})
		for {
			if _, ok := sub.next().(*packets.Unsuback); ok {
				break
			}
		}
		if got := publish(); got != packets.PubackNoMatchingSubscribers {
			t.Errorf("%s unsubscribed: reason %#x", filter, got)
		}
	}
}
