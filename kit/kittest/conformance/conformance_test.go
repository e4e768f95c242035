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
	conformance.Run(t, conformance.Broker{URL: "mqtt://" + srv.Addr()})
}
