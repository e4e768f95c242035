package timer_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/timer"
)

// house is a house with timers, a voice that says what it is told, and a clock that can be
// set. Its time begins at midnight, on Saturday, 1 January 2000.
type house struct {
	*kittest.Harness
	said  *kittest.Watcher[contract.TtsSay]
	state *kittest.Watcher[contract.TimerState]
	clock *wallClock
	mod   kit.Module
}

// wallClock is the clock that people and servers set.
type wallClock struct {
	mu    sync.Mutex
	moved time.Duration
}

func (c *wallClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Round(0).Add(c.moved)
}

func (c *wallClock) set(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved += by
}

// run runs f as a subtest in a house with timers.
func run(t *testing.T, name string, f func(*testing.T, *house)) {
	t.Helper()
	dir := t.TempDir()
	kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
		h := &house{Harness: b, clock: &wallClock{}, said: kittest.Watch[contract.TtsSay](b), state: kittest.Watch[contract.TimerState](b)}
		begin := time.Now()
		cfg := timer.Config{Path: dir + "/timers.json", Ring: time.Minute, Snooze: 9 * time.Minute, Zone: "UTC", Max: 100}
		h.mod = timer.Module.With(fx.Replace(cfg), fx.Replace(timer.Clock{Now: h.clock.now, Steady: func() time.Duration { return time.Since(begin) }}))
		b.Add(t, voice())
		b.Add(t, h.mod)
		f(t, h)
	})
}

// speaks is a voice that takes a second for each line.
func voice() kit.Module {
	v := new(speaker)
	return kit.Service[*speaker]("voice", fx.Supply(v), fx.Invoke(func(b *kit.Bus) { v.bus = b }))
}

type speaker struct{ bus *kit.Bus }

func (v *speaker) Handlers() []kit.Handler {
	return []kit.Handler{kit.On(v.say), kit.Sends[contract.TtsStatus]()}
}

func (v *speaker) say(ctx context.Context, m contract.TtsSay) error {
	if err := v.bus.Publish(ctx, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: m.Text, UttID: m.UttID}); err != nil {
		return err
	}
	time.Sleep(time.Second)
	return v.bus.Publish(ctx, contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: m.Text, UttID: m.UttID})
}

// ask says something in a room, and returns the answer; a dash is none, as it is not about
// timers.
func (h *house) ask(t *testing.T, room, text string) string {
	t.Helper()
	return h.askAs(t, room, contract.TimerUtterance{Text: text})
}

func (h *house) askAs(t *testing.T, room string, m contract.TimerUtterance) string {
	t.Helper()
	if m.Lang == "" {
		m.Lang = "en"
	}
	r, err := kit.Ask(kit.WithBaggage(t.Context(), "room", room), h.Bus, m)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Handled {
		return "-"
	}
	return r.Text
}

// heard are the lines that were said since the last call.
func (h *house) heard() (lines []string) {
	h.Settle()
	for _, m := range h.said.All() {
		lines = append(lines, m.Text)
	}
	return lines
}
