package conformance_test

import (
	"testing"

	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest/conformance"
)

func TestEmbeddedBroker(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	conformance.Run(t, conformance.Broker{URL: "mqtt://" + srv.Addr(), Lacks: map[conformance.Promise]string{
		conformance.OversizeWindow: "mochi keeps in flight what it does not write: 64 messages above MQTT_MAX_PACKET make a link deaf until the next one",
	}})
}
