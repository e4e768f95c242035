package timer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

func TestWhatNobodyStopsEndsAfterAMinute(t *testing.T) {
	run(t, "a minute", func(t *testing.T, h *house) {
		h.ask(t, "kitchen", "Set a timer for one minute")
		time.Sleep(61 * time.Second)
		if lines := h.heard(); len(lines) != 1 {
			t.Errorf("at its time %q is said", lines)
		}
		time.Sleep(56 * time.Second)
		if lines := h.heard(); len(lines) < 15 {
			t.Errorf("in 56 s it is said %d times", len(lines))
		}
		time.Sleep(5 * time.Second)
		h.heard()
		time.Sleep(time.Minute)
		if lines := h.heard(); len(lines) > 0 {
			t.Errorf("after more than a minute %q is said", lines)
		}
		if got := h.ask(t, "kitchen", "What timers do I have?"); got != "You have no timers." {
			t.Errorf("there are still: %s", got)
		}
	})
}

func TestWhoeverStopsTheVoiceStopsTheRinging(t *testing.T) {
	stop := func(room string, reason *string, id bool) func(*testing.T, *house, string) {
		return func(t *testing.T, h *house, utt string) {
			c := contract.TtsControl{Action: contract.TtsStop, Reason: reason}
			if id {
				c.ID = &utt
			}
			if err := h.Bus.Publish(kit.WithBaggage(t.Context(), "room", room), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := map[string]struct {
		do   func(*testing.T, *house, string)
		over bool
	}{
		"the word stop":               {stop("kitchen", new("stop"), true), true},
		"the button of the page":      {stop("", new("user"), false), true},
		"stop in another room":        {stop("hall", new("stop"), false), false},
		"somebody who speaks into it": {stop("kitchen", new("interrupted"), true), false},
		"the router": {func(t *testing.T, h *house, _ string) {
			command(t, h, "kitchen", contract.TimerCommand{Action: contract.TimerStop})
		}, true},
		"the router of another room": {func(t *testing.T, h *house, _ string) {
			command(t, h, "hall", contract.TimerCommand{Action: contract.TimerStop})
		}, false},
		"who asks to turn it off":       {func(t *testing.T, h *house, _ string) { h.ask(t, "kitchen", "Turn off the alarm") }, true},
		"who cancels it by its name":    {func(t *testing.T, h *house, _ string) { h.ask(t, "kitchen", "Stop the tea timer") }, true},
		"who cancels another":           {func(t *testing.T, h *house, _ string) { h.ask(t, "kitchen", "Stop the pasta timer") }, false},
		"who cancels it from elsewhere": {func(t *testing.T, h *house, _ string) { h.ask(t, "hall", "Stop the tea timer") }, true},
	}
	for name, tt := range tests {
		run(t, name, func(t *testing.T, h *house) {
			h.ask(t, "kitchen", "Set a pasta timer for one hour")
			h.ask(t, "kitchen", "Set a tea timer for one minute")
			time.Sleep(59 * time.Second)
			h.said.All()
			m, _ := h.said.Next(t)
			tt.do(t, h, *m.UttID)
			time.Sleep(15 * time.Second)
			h.heard()
			time.Sleep(15 * time.Second)
			if over := len(h.heard()) == 0; over != tt.over {
				t.Errorf("it is over: %v, want %v", over, tt.over)
			}
		})
	}
}

func command(t *testing.T, h *house, room string, c contract.TimerCommand) contract.TimerResult {
	t.Helper()
	r, err := kit.Ask(kit.WithBaggage(t.Context(), "room", room), h.Bus, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSnooze(t *testing.T) {
	tests := map[string]struct {
		say, answer string
		want        time.Duration
	}{
		"as long as usual":    {"Snooze", "I will ring again in 9 minutes.", 9 * time.Minute},
		"as long as one says": {"Five more minutes", "5 minutes left on the timer for 5 minutes.", 5 * time.Minute},
		"in other words":      {"Let me sleep ten more minutes", "I will ring again in 10 minutes.", 10 * time.Minute},
	}
	for name, tt := range tests {
		run(t, name, func(t *testing.T, h *house) {
			h.ask(t, "bedroom", "Set a timer for one minute")
			time.Sleep(61 * time.Second)
			if got := h.ask(t, "bedroom", tt.say); got != tt.answer {
				t.Errorf("answered by %q, want %q", got, tt.answer)
			}
			begin := time.Now()
			h.heard()
			time.Sleep(tt.want - time.Second)
			if lines := h.heard(); len(lines) > 0 {
				t.Errorf("it rings before: %q", lines)
			}
			h.said.Next(t)
			if late := time.Since(begin) - tt.want; late.Abs() > 200*time.Millisecond {
				t.Errorf("it rings %s after its time", late)
			}
		})
	}
}

// TestTheClockIsSet sets the clock while things wait: a length takes as long as it takes, and
// a time is one of the clock.
func TestTheClockIsSet(t *testing.T) {
	tests := map[string]struct {
		say  string
		by   time.Duration
		want time.Duration // from when the clock is set
	}{
		"a timer, an hour forward": {"Set a timer for ten minutes", time.Hour, 10 * time.Minute},
		"a timer, a day back":      {"Set a timer for ten minutes", -24 * time.Hour, 10 * time.Minute},
		"an alarm, forward":        {"Set an alarm for 0:30", 20 * time.Minute, 10 * time.Minute},
		"an alarm, back":           {"Set an alarm for 0:10", -5 * time.Minute, 15 * time.Minute},
	}
	for name, tt := range tests {
		run(t, name, func(t *testing.T, h *house) {
			h.ask(t, "kitchen", tt.say)
			h.clock.set(tt.by)
			begin := time.Now()
			time.Sleep(tt.want - time.Second)
			if lines := h.heard(); len(lines) > 0 {
				t.Errorf("it rings before: %q", lines)
			}
			h.said.Next(t)
			if late := time.Since(begin) - tt.want; late.Abs() > 200*time.Millisecond {
				t.Errorf("it rings %s after its time", late)
			}
		})
	}
	run(t, "an alarm that is skipped is told at once", func(t *testing.T, h *house) {
		h.ask(t, "kitchen", "Set an alarm for 0:30")
		h.clock.set(time.Hour)
		time.Sleep(time.Second)
		if lines := h.heard(); len(lines) != 1 || !strings.HasPrefix(lines[0], "I was away when your alarm") {
			t.Errorf("said %q", lines)
		}
	})
}

func TestARestartKeepsEverything(t *testing.T) {
	run(t, "what was missed is told once", func(t *testing.T, h *house) {
		h.ask(t, "kitchen", "Set a tea timer for five minutes")
		h.ask(t, "hall", "Remind me in six minutes to call my mother")
		h.ask(t, "hall", "Set a pasta timer for an hour")
		h.ask(t, "bedroom", "Wake me every day at 0:02")
		h.Stop(t, "timer")
		time.Sleep(30 * time.Minute)
		h.said.All()
		h.Add(t, h.mod)
		time.Sleep(4 * time.Second)
		lines := h.heard()
		want := []string{"I was away when your tea timer was due, today at 12:05 AM.", "I was away when I should have reminded you, today at 12:06 AM: call your mother."}
		for _, w := range want {
			if n := strings.Count(strings.Join(lines, "\n"), w); n != 1 {
				t.Errorf("%q is said %d times in %q", w, n, lines)
			}
		}
		if len(lines) != 3 {
			t.Errorf("said %q", lines)
		}
		if got := h.ask(t, "kitchen", "How long is left on the pasta timer?"); !strings.HasPrefix(got, "29 minutes and 5") {
			t.Errorf("answered %q", got)
		}
		if got := h.ask(t, "bedroom", "When does my alarm ring?"); got != "Alarm, every day at 12:02 AM." {
			t.Errorf("answered %q", got)
		}
		h.heard()
		time.Sleep(5 * time.Minute)
		if lines := h.heard(); len(lines) > 0 {
			t.Errorf("it is told again: %q", lines)
		}
	})
	run(t, "what rings goes on", func(t *testing.T, h *house) {
		h.ask(t, "kitchen", "Set a tea timer for one minute")
		time.Sleep(70 * time.Second)
		h.Stop(t, "timer")
		h.said.All()
		h.Add(t, h.mod)
		time.Sleep(10 * time.Second)
		if lines := h.heard(); len(lines) == 0 || lines[0] != "Your tea timer is done." {
			t.Errorf("said %q", lines)
		}
		time.Sleep(50 * time.Second)
		h.heard()
		time.Sleep(time.Minute)
		if lines := h.heard(); len(lines) > 0 {
			t.Errorf("it rings for longer than a minute: %q", lines)
		}
	})
}

func TestCommands(t *testing.T) {
	run(t, "set, list and cancel", func(t *testing.T, h *house) {
		set := command(t, h, "kitchen", contract.TimerCommand{Action: contract.TimerSet, When: new("10 minutes"), Name: new("tea")})
		if len(set.Timers) != 1 || set.Timers[0].Kind != contract.TimerKind || *set.Timers[0].Seconds != 600 || *set.Timers[0].Room != "kitchen" {
			t.Fatalf("set %+v", set)
		}
		command(t, h, "", contract.TimerCommand{Action: contract.TimerSet, When: new("every weekday at 7")})
		command(t, h, "", contract.TimerCommand{Action: contract.TimerSet, When: new("tomorrow at noon"), About: new("call Anna")})
		all := command(t, h, "", contract.TimerCommand{Action: contract.TimerList})
		if len(all.Timers) != 3 || all.Timers[1].Kind != contract.ReminderKind || all.Timers[2].Kind != contract.AlarmKind || *all.Timers[2].Repeat != "mon,tue,wed,thu,fri" {
			t.Errorf("list is %+v", all.Timers)
		}
		for name, c := range map[string]contract.TimerCommand{
			"no time":         {Action: contract.TimerSet, When: new("a horse")},
			"no time at all":  {Action: contract.TimerSet},
			"half a time":     {Action: contract.TimerSet, When: new("tomorrow")},
			"no such timer":   {Action: contract.TimerCancel, ID: new("x")},
			"nothing to find": {Action: contract.TimerCancel},
		} {
			if r := command(t, h, "", c); r.Error == nil {
				t.Errorf("%s: %+v", name, r)
			}
		}
		command(t, h, "", contract.TimerCommand{Action: contract.TimerCancel, Name: new("tea")})
		command(t, h, "", contract.TimerCommand{Action: contract.TimerCancel, ID: new("*")})
		h.Settle()
		states := h.state.All()
		if last := states[len(states)-1]; len(last.Timers) != 0 {
			t.Errorf("at the end there are %+v", last)
		}
	})
}
