// Package conformance is the kit's promises about delivery and lifecycle as one
// suite that takes a broker. It runs on the embedded one and on Mosquitto; run
// it on yours before you trust it with a service:
//
//	func TestMyBroker(t *testing.T) {
//		conformance.Run(t, conformance.Broker{URL: "mqtt://127.0.0.1:1883"})
//	}
//
// The clock is real. The suite uses topics below conformance/ and system/, and
// clients with names of their own in every run. It sets variables, so the test
// that calls it is not parallel.
package conformance

import (
	"testing"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// Broker is what the suite runs on.
type Broker struct {
	URL   string             // as MQTT_URL has it; its user may publish and subscribe everything
	Limit uint32             // the largest packet it is configured to take; 0: that is not tried
	Lacks map[Promise]string // what it cannot keep, with the reason
}

// Promise is the name of one test of the suite.
type Promise string

// The promises.
const (
	Order              Promise = "order"
	Redelivery         Promise = "redelivery after a crash in mid-handler"
	Session            Promise = "session kept while the link is away"
	RetainedOnce       Promise = "retained state once for each process"
	SharedGroup        Promise = "each message of a group to one member"
	NoLocal            Promise = "not what the service itself sends"
	OverlappingFilters Promise = "each arrival once under filters that cover each other"
	ExactlyOnce        Promise = "what others send at QoS 2 once"
	Health             Promise = "health and will"
	Offline            Promise = "publishing without a link"
	Answers            Promise = "answers and error replies"
	Streams            Promise = "parts, end and cancel"
	Overtaking         Promise = "a cancel overtakes what waits"
	Isolation          Promise = "a full window holds up no other handler, cancel or ask"
	AskInside          Promise = "an ask from a handler in a window of one"
	Control            Promise = "control overtakes what waits in its lane"
	StopAll            Promise = "a cancel of everything ends what the broker still holds"
	ForeignAsker       Promise = "response topic and correlation data"
	DeadLetter         Promise = "dead letters"
	Dedupe             Promise = "a repeat is handled once"
	Propagation        Promise = "trace, baggage and user properties"
	Expiry             Promise = "expiry"
	Sizes              Promise = "size limits in both directions"
	OversizeWindow     Promise = "what is too large uses up no Receive Maximum"
	Takeover           Promise = "the older of two of one name ends"
	Introspection      Promise = "info and stats"
	Nobody             Promise = "asking what nobody serves ends at once"
	Texts              Promise = "texts that brokers refuse cost no link"
)

// Run runs every promise as a subtest. What the broker lacks is skipped with
// its reason.
func Run(t *testing.T, at Broker) {
	t.Helper()
	t.Setenv("MQTT_URL", at.URL)
	t.Setenv("MQTT_RECONNECT_MIN_DELAY", "100ms")
	t.Setenv("MQTT_RECONNECT_MAX_DELAY", "300ms")
	t.Setenv("LOG_LEVEL", "error")
	all := []struct {
		promise Promise
		test    func(*testing.T, Broker)
	}{
		{Order, testOrder}, {Redelivery, testRedelivery}, {Session, testSession}, {RetainedOnce, testRetainedOnce}, {SharedGroup, testSharedGroup},
		{NoLocal, testNoLocal}, {OverlappingFilters, testOverlappingFilters}, {ExactlyOnce, testExactlyOnce}, {Health, testHealth}, {Offline, testOffline},
		{Answers, testAnswers}, {Streams, testStreams}, {Overtaking, testOvertaking},
		{Isolation, testIsolation}, {AskInside, testAskInside}, {Control, testControl}, {StopAll, testStopAll}, {ForeignAsker, testForeignAsker}, {DeadLetter, testDeadLetter},
		{Dedupe, testDedupe}, {Propagation, testPropagation}, {Expiry, testExpiry}, {Sizes, testSizes}, {OversizeWindow, testOversizeWindow}, {Takeover, testTakeover}, {Introspection, testIntrospection}, {Nobody, testNobody}, {Texts, testTexts},
	}
	for _, p := range all {
		t.Run(string(p.promise), func(t *testing.T) {
			if why := at.Lacks[p.promise]; why != "" {
				t.Skip(why)
			}
			p.test(t, at)
		})
	}
}

// startHarness starts services on the broker.
func (at Broker) startHarness(t *testing.T, mods ...kit.Module) *kittest.Harness {
	t.Helper()
	return kittest.StartOn(t, at.URL, mods...)
}

// uniqueName is a service name that no session of an earlier run has.
func uniqueName(what string) string { return what + "-" + kit.NewID()[:8] }
