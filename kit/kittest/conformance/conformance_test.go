package conformance_test

import (
	"testing"

	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest/conformance"
)

func TestEmbeddedBroker(t *testing.T) {
	// Backlogs of services that have ended wait for the end of their sessions, and
	// add up to more than strangers may leave with the broker.
	roomy := broker.Limits{WaitingBytes: 1 << 30, WaitingBytesPerClient: 1 << 30}
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0", Limits: roomy})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	conformance.Run(t, conformance.Broker{URL: "mqtt://" + srv.Addr()})
}
