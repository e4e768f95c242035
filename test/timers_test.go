package test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/router"
	"github.com/gotars/tars/services/timer"
)

// timerHouse is a router, a voice that takes a second for each line, and a model that is
// asked. Its time begins at midnight, on Saturday, 1 January 2000.
type timerHouse struct {
	*kittest.Harness
	asked *kittest.Watcher[contract.LLMRequest]
	said  *kittest.Watcher[contract.TtsSay]
	turns *kittest.Watcher[contract.TurnRecord]
}

func inTimerHouse(t *testing.T, name string, live bool, f func(*testing.T, *timerHouse), timers ...kit.Module) {
	t.Helper()
	cfg, err := kit.FromEnv[router.Config]("router")
	if err != nil {
		t.Fatal(err)
	}
	cfg.LiveModeDefault = live
	kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
		h := &timerHouse{b, kittest.Watch[contract.LLMRequest](b), kittest.Watch[contract.TtsSay](b), kittest.Watch[contract.TurnRecord](b)}
		v := new(slowVoice)
		b.Add(t, kit.Service[*slowVoice]("voice", fx.Supply(v), fx.Invoke(func(b *kit.Bus) { v.bus = b })))
		b.Add(t, router.Module.With(fx.Replace(cfg)))
		for _, m := range timers {
			b.Add(t, m)
		}
		b.Settle()
		f(t, h)
	})
}

func timersOf(t *testing.T) kit.Module {
	return timer.Module.With(fx.Replace(timer.Config{Path: t.TempDir() + "/timers.json", Ring: time.Minute, Snooze: 9 * time.Minute, Zone: "UTC", Max: 100}))
}

type slowVoice struct{ bus *kit.Bus }

func (v *slowVoice) Handlers() []kit.Handler {
	return []kit.Handler{kit.On(v.say), kit.Sends[contract.TtsStatus]()}
}

func (v *slowVoice) say(ctx context.Context, m contract.TtsSay) error {
	status := contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: m.Text, UttID: m.UttID, SystemAnnounce: m.SystemAnnounce}
	if err := v.bus.Publish(ctx, status); err != nil {
		return err
	}
	time.Sleep(time.Second)
	status.Event = contract.TtsSpeakingEnd
	return v.bus.Publish(ctx, status)
}

// hears has somebody say something in the kitchen.
func (h *timerHouse) hears(t *testing.T, text string) {
	t.Helper()
	f := contract.FinalTranscript{Text: text, UttID: new("utt-" + kit.NewID()[:8])}
	f.MessageID = kit.NewID()
	if err := h.Bus.Publish(kit.WithBaggage(t.Context(), "room", "kitchen"), f); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond)
	h.Settle()
}

func (h *timerHouse) lines() (lines []string) {
	h.Settle()
	for _, m := range h.said.All() {
		lines = append(lines, m.Text)
	}
	return lines
}

func TestTimersAreAskedBeforeTheModel(t *testing.T) {
	inTimerHouse(t, "a request", true, func(t *testing.T, h *timerHouse) {
		h.hears(t, "Set a pasta timer for ten minutes.")
		if lines := h.lines(); !slices.Equal(lines, []string{"Pasta timer set for 10 minutes."}) || len(h.asked.All()) > 0 {
			t.Errorf("said %q", lines)
		}
		h.hears(t, "Set a timer.")
		h.hears(t, "One minute.") // also a way to say: hold on
		if lines := h.lines(); !slices.Equal(lines, []string{"For how long?", "Timer set for 1 minute."}) || len(h.asked.All()) > 0 {
			t.Errorf("said %q", lines)
		}
		for _, r := range h.turns.All() {
			if r.Outcome != contract.TurnDone {
				t.Errorf("a turn is %+v", r)
			}
		}
		h.hears(t, "What is the timer service?")
		if q := h.asked.All(); len(q) != 1 || q[0].Text != "What is the timer service?" || len(q[0].History) != 6 {
			t.Errorf("the model is asked %+v", q)
		}
	}, timersOf(t))

	none := func(t *testing.T, h *timerHouse) {
		h.hears(t, "Set a pasta timer for ten minutes.")
		if q := h.asked.All(); len(q) != 1 {
			t.Errorf("the model is asked %+v", q)
		}
	}
	inTimerHouse(t, "without the service the model is asked at once", true, none)
	inTimerHouse(t, "a service that hangs is not waited for", true, none,
		kit.Service[deafTimers]("timer", kit.As(kit.Identity{ClientID: contract.TimerClient}), fx.Supply(deafTimers{})))
	inTimerHouse(t, "one that stopped is not asked", true, func(t *testing.T, h *timerHouse) {
		h.Stop(t, "timer")
		h.Settle()
		offered := kittest.Watch[contract.TimerUtterance](h.Harness)
		none(t, h)
		offered.None(t)
	}, timersOf(t))
}

// deafTimers are ready, and answer nothing.
type deafTimers struct{}

func (deafTimers) Handlers() []kit.Handler {
	return []kit.Handler{kit.On(func(context.Context, contract.TimerUtterance) error { return nil }, kit.Name("deaf"))}
}

// TestWhatIsSaidWhileATimerRings has people speak into the pauses of what rings.
func TestWhatIsSaidWhileATimerRings(t *testing.T) {
	tests := map[string]struct {
		say     string
		live    bool
		over    bool   // it rings no more
		outcome string // of the turn
		asked   bool   // the model
	}{
		"stop, without a wake phrase":         {"Stop.", false, true, contract.TurnDone, false},
		"stop, in live mode":                  {"Stop.", true, true, contract.TurnDone, false},
		"okay, without a wake phrase":         {"Okay.", false, true, contract.TurnDone, false},
		"okay, in live mode":                  {"Okay, okay.", true, true, contract.TurnDone, false},
		"snooze, without a wake phrase":       {"Snooze.", false, true, contract.TurnDone, false},
		"the timer by name":                   {"Hey TARS, stop the pasta timer.", false, true, contract.TurnDone, false},
		"what is not meant for us":            {"I think that was the door bell.", false, false, contract.TurnIgnored, false},
		"a hum":                               {"Mm-hmm.", false, false, contract.TurnIgnored, false},
		"something else that is meant for us": {"Hey TARS, what is the capital of France?", false, false, "", true},
	}
	for name, tt := range tests {
		inTimerHouse(t, name, tt.live, func(t *testing.T, h *timerHouse) {
			h.hears(t, "Hey TARS, set a pasta timer for one minute.")
			h.said.All()
			time.Sleep(58500*time.Millisecond + 1300*time.Millisecond) // it rings for a second, and pauses for two
			h.turns.All()
			if lines := h.lines(); !slices.Contains(lines, "Your pasta timer is done.") {
				t.Fatalf("said %q", lines)
			}
			h.hears(t, tt.say)
			time.Sleep(time.Second)
			h.Settle()
			turns := h.turns.All()
			if tt.outcome != "" && (len(turns) != 1 || turns[0].Outcome != tt.outcome) {
				t.Errorf("the turns are %+v, want one that is %s", turns, tt.outcome)
			}
			if asked := len(h.asked.All()) > 0; asked != tt.asked {
				t.Errorf("the model was asked: %v", asked)
			}
			h.lines()
			time.Sleep(15 * time.Second)
			if over := !strings.Contains(strings.Join(h.lines(), " "), "is done"); over != tt.over {
				t.Errorf("it is over: %v, want %v", over, tt.over)
			}
		}, timersOf(t))
	}
}
