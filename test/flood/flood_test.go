// Package flood throws everything that anybody on the machine can send at a
// running tars up, one kind after the other, while two other rooms ask for the
// time. It measures how long they wait, and how much memory the process keeps.
package flood

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// isSoak runs each flood for longer and holds it to the bar itself; otherwise the
// machine may be busy with other tests, and only what is far off fails.
var isSoak = os.Getenv("TARS_SOAK") != ""

// limits is what a flood is held to.
type limits struct {
	flood  time.Duration // how long it lasts
	answer time.Duration // longest wait of another room
	memory int           // MiB that may be kept
	settle time.Duration // time to give the rest back
}

func limitsOfRun() limits {
	if isSoak {
		return limits{flood: 10 * time.Second, answer: time.Second, memory: 64, settle: time.Minute}
	}
	return limits{flood: 1500 * time.Millisecond, answer: 10 * time.Second, memory: 128, settle: time.Minute}
}

// kind is one way to flood. It returns when ctx ends, and says how many packets,
// frames or connections it sent.
type kind struct {
	name string
	run  func(ctx context.Context, s *stack) int64
}

// group is what is thrown at one process.
type group struct {
	name  string
	kinds []kind
}

func floodGroups() []group {
	return []group{
		{"broker", brokerKinds()}, {"sessions", sessionKinds()}, {"lasting", lastingKinds()},
		{"bus", busKinds()}, {"page", pageKinds()},
	}
}

// onlyKind picks kinds by a part of their names: FLOOD_ONLY=retained.
var onlyKind = os.Getenv("FLOOD_ONLY")

// tableRows has the figures as docs/floods.md shows them.
var tableRows []string

// tableCell is the median and the longest wait in milliseconds.
func tableCell(w waited) string {
	text := fmt.Sprintf("%d, %d", w.median().Milliseconds(), w.most().Milliseconds())
	if w.lost > 0 {
		text += fmt.Sprintf(" and %d lost", w.lost)
	}
	return text
}

// TestFloods runs the kinds of a group against one process, so that what one of
// them leaves behind shows in the next.
func TestFloods(t *testing.T) {
	if testing.Short() {
		t.Skip("floods take a minute")
	}
	for _, group := range floodGroups() {
		kinds := slices.DeleteFunc(group.kinds, func(k kind) bool { return !strings.Contains(k.name, onlyKind) })
		if len(kinds) == 0 {
			continue
		}
		t.Run(group.name, func(t *testing.T) {
			s := startStack(t)
			calm := newBystanders(t, s)
			calm.ask(t, time.Second) // what is made at the first question is no flood's
			first := s.memory(t)
			for _, k := range kinds {
				t.Run(k.name, func(t *testing.T) { measureFlood(t, s, calm, k, limitsOfRun()) })
				if s.over() {
					t.Fatalf("tars up ended: %s", s.tail())
				}
			}
			t.Logf("RSS of tars up: %d MiB before all floods, %d after", first, s.memory(t))
		})
	}
	t.Log("\n" + strings.Join(tableRows, "\n"))
}

// measureFlood floods once.
func measureFlood(t *testing.T, s *stack, calm *bystanders, k kind, held limits) {
	before := s.memory(t)
	s.resetPeak(t)
	logged := s.logged()
	ctx, end := context.WithTimeout(t.Context(), held.flood)
	defer end()
	sent := make(chan int64, 1)
	go func() { sent <- k.run(ctx, s) }()
	waits := calm.ask(t, held.flood)
	end()
	n := <-sent
	peak := s.peak(t)
	after, settled := s.settle(t, before+held.memory, held.settle)
	t.Logf("%s: %d sent; answers on the bus %s, on a page %s; RSS %d MiB before, %d at most, %d after %s; %d KiB logged",
		k.name, n, waits.bus, waits.page, before, peak, after, settled.Round(100*time.Millisecond), (s.logged()-logged)>>10)
	tableRows = append(tableRows, fmt.Sprintf("| %s | %d | %s | %s | %d → %d → %d |", k.name, n, tableCell(waits.bus), tableCell(waits.page), before, peak, after))
	if n == 0 {
		if isSoak {
			t.Error("nothing was sent")
		}
		t.Skip("this machine was too busy to flood anything")
	}
	for where, w := range map[string]waited{"on the bus": waits.bus, "on a page": waits.page} {
		if w.answers() == 0 || w.lost > 0 || w.most() > held.answer {
			t.Errorf("another room %s: %s, want all within %s", where, w, held.answer)
		}
	}
	if after > before+held.memory {
		t.Errorf("RSS is %d MiB, was %d before, want at most %d more", after, before, held.memory)
	}
}
