package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestMain lets the test binary be what the program starts of itself.
func TestMain(m *testing.M) {
	if runRole() {
		return
	}
	// A program with the race detector sleeps a second at its end.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// Every mode, at both promises and both sizes, measures every message on the
// broker of the kit.
func TestEachModeIsMeasured(t *testing.T) {
	b := &brokers{}
	defer b.stop()
	kit, err := b.embedded()
	if err != nil {
		t.Fatal(err)
	}
	hand := kit
	hand.client = "hand"
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	others := runPlan{peers: []contender{{client: "other", broker: "embedded", command: []string{self}}}}
	for _, c := range allCells() {
		if c.Services != map[bool]int{true: 6, false: 1}[c.Size > 350] {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			p := runPlan{scale: 0.02, rounds: 2}
			got := map[string][]sample{}
			arms := others.contendersOf(c, []contender{hand, kit})
			for _, a := range arms {
				s, err := p.measure(t.Context(), c, a, 0)
				if err != nil {
					t.Fatal(err)
				}
				if s.rate <= 0 || s.cpu <= 0 || s.allocs < 1 || s.rss <= 0 || asks(c) != (s.p50 > 0 && s.p99 >= s.p50) {
					t.Errorf("%s: %+v", a, s)
				}
				got[a.String()] = append(got[a.String()], s)
			}
			var out bytes.Buffer
			printCell(&out, c, arms, got)
			if n := strings.Count(out.String(), "\n"); n != 2+2*len(arms) {
				t.Errorf("printed %d lines:\n%s", n, out.String())
			}
			if other := strings.Contains(out.String(), "kit on embedded / other on embedded"); other != (c.Services == 1 && !asks(c)) {
				t.Errorf("printed\n%s", out.String())
			}
		})
	}
}

func asks(c cell) bool { return c.Mode == "ask" || c.Mode == "flood" }

// A message has the size it was asked for, whoever makes it.
func TestMessagesHaveTheirSize(t *testing.T) {
	for _, size := range []int{350, 16 << 10} {
		if n := len(publishPacket(topicIn, newID(), size)); n != size {
			t.Errorf("the driver's has %d bytes, want %d", n, size)
		}
		s := systemUnderTest{spec: spec{cell: cell{Size: size}}}
		b, err := sealSay(newID(), sayMessage[out0]{Text: s.messageText(), Lang: "en", UttID: "utt-1"})
		if err != nil || len(b) < size-40 || len(b) > size+40 {
			t.Errorf("the other has %d bytes (%v), want about %d", len(b), err, size)
		}
	}
}

// The figures of a table are medians, with their spread and their ratios.
func TestTableComparesPairs(t *testing.T) {
	arms := []contender{{client: "hand", broker: "x"}, {client: "kit", broker: "x"}}
	of := func(rates ...float64) (all []sample) {
		for _, r := range rates {
			all = append(all, sample{rate: r, cpu: 1, allocs: 1, rss: 1})
		}
		return all
	}
	var out bytes.Buffer
	printCell(&out, cell{Mode: "in", Size: 350, Services: 6}, arms, map[string][]sample{"hand on x": of(100, 200, 400), "kit on x": of(300, 100, 400)})
	for _, want := range []string{"in qos0 350B x6", "200 (100..400)", "300 (100..400)", "1.00 [3.00 0.50 1.00]"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
