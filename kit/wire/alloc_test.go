//go:build !race

package wire_test

import (
	"encoding/json"
	"testing"
)

// Under the race detector pools drop what they hold, so this counts without it.
// The kit allocates no more than a person who does not even check.
func TestTheKitAllocatesNoMoreThanByHand(t *testing.T) {
	for _, c := range costs {
		packet, err := send(c.send)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(packet) {
			t.Fatalf("%s: sent %s", c.name, packet)
		}
		kit := testing.AllocsPerRun(100, func() { _ = c.receive(packet) })
		hand := testing.AllocsPerRun(100, func() { _ = c.hand(packet) })
		if kit > hand {
			t.Errorf("%s: %v allocations to receive, by hand %v", c.name, kit, hand)
		}
		kit = testing.AllocsPerRun(100, func() { _, _ = send(c.send) })
		hand = testing.AllocsPerRun(100, func() { _, _ = sendByHand(c.send) })
		if kit > hand {
			t.Errorf("%s: %v allocations to send, by hand %v", c.name, kit, hand)
		}
	}
}
