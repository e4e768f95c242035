package timer_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// TestConversations has people talk about timers, line by line: what is said, and what is
// answered. A dash is what the model is asked.
func TestConversations(t *testing.T) {
	tests := map[string][][2]string{
		"a timer is set, looked at and cancelled": {
			{"Set a timer for ten minutes.", "Timer set for 10 minutes."},
			{"How long is left?", "10 minutes left on the timer for 10 minutes."},
			{"Cancel the timer.", "The timer for 10 minutes is cancelled."},
			{"How long is left on my timer?", "You have no timers."},
		},
		"several timers are told apart by name": {
			{"Set a pasta timer for 12 minutes", "Pasta timer set for 12 minutes."},
			{"Set a tea timer for 4 minutes", "Tea timer set for 4 minutes."},
			{"How long is left on the pasta timer?", "12 minutes left on the pasta timer."},
			{"Add five minutes to the tea timer.", "9 minutes left on the tea timer."},
			{"Cancel the timer", "Which one: the tea timer or the pasta timer?"},
			{"The tea timer", "The tea timer is cancelled."},
			{"Cancel all timers", "The pasta timer is cancelled."},
		},
		"two of several are cancelled in one sentence": {
			{"Set a tea timer for 4 minutes", "Tea timer set for 4 minutes."},
			{"Set an egg timer for 6 minutes", "Egg timer set for 6 minutes."},
			{"Set a rice timer for 18 minutes", "Rice timer set for 18 minutes."},
			{"Cancel the tea timer and the egg timer", "The tea timer is cancelled. The egg timer is cancelled."},
			{"What timers do I have?", "18 minutes left on the rice timer."},
		},
		"all but one are cancelled": {
			{"Set a tea timer for 4 minutes", "Tea timer set for 4 minutes."},
			{"Set an egg timer for 6 minutes", "Egg timer set for 6 minutes."},
			{"Set a rice timer for 18 minutes", "Rice timer set for 18 minutes."},
			{"Cancel all timers except the rice timer", "2 timers cancelled."},
			{"What timers do I have?", "18 minutes left on the rice timer."},
		},
		"the alarms of some days are cancelled, and none that rings on others too": {
			{"Wake me every day at 6 am", "Alarm set every day at 6:00 AM. The first is today at 6:00 AM."},
			{"Wake me every weekday at 7 am", "Alarm set every weekday at 7:00 AM. The first is on Monday at 7:00 AM."},
			{"Cancel my weekday alarm", "The alarm on Monday at 7:00 AM is cancelled."},
			{"What alarms do I have?", "Alarm, every day at 6:00 AM."},
		},
		"a length that is missing is asked for, of what goes on": {
			{"Set a tea timer for 4 minutes", "Tea timer set for 4 minutes."},
			{"Make the tea timer a bit longer", "For how long?"},
			{"Two minutes", "6 minutes left on the tea timer."},
		},
		"what is missing is asked for": {
			{"Set a timer", "For how long?"},
			{"Ten minutes", "Timer set for 10 minutes."},
			{"Remind me tomorrow to call my mother", "At what time tomorrow?"},
			{"At noon", "I will remind you tomorrow at 12:00 PM: call your mother."},
		},
		"a number alone is of what was set last": {
			{"Set a timer for 50 minutes", "Timer set for 50 minutes."},
			{"No, 15", "Timer is set for 15 minutes."},
			{"Make it 8 instead", "Timer is set for 8 minutes."},
			{"Set an alarm for 6 am", "Alarm set for today at 6:00 AM."},
			{"Make it 20", "At what time?"},
			{"Make it 7", "Alarm is set for today at 7:00 AM."},
		},
		"a question that is not answered is forgotten": {
			{"Set a timer", "For how long?"},
			{"What is the capital of France?", "-"},
			{"Ten minutes", "-"},
		},
		"a question may be left": {
			{"Set an alarm", "At what time?"},
			{"Never mind.", "Okay, I will leave it."},
			{"At seven", "-"},
		},
		"an alarm is moved within its half of the day": {
			{"Wake me at 7 am", "Alarm set for today at 7:00 AM."},
			{"Move my alarm to 8", "Alarm is set for today at 8:00 AM."},
			{"What alarms do I have?", "Alarm, today at 8:00 AM."},
			{"Make it half past eight", "Alarm is set for today at 8:30 AM."},
			{"Push my alarm back by 15 minutes", "Alarm is set for today at 8:45 AM."},
		},
		"a misunderstanding is put right": {
			{"Set an alarm for 7", "Alarm set for today at 7:00 AM."},
			{"No, I meant 7 pm.", "Alarm is set for today at 7:00 PM."},
		},
		"another day keeps the time of the day": {
			{"Remind me tomorrow at 9 to call the dentist", "I will remind you tomorrow at 9:00 AM: call the dentist."},
			{"Move the dentist reminder to Tuesday", "Reminder, call the dentist is set for on Tuesday at 9:00 AM."},
		},
		"what is repeated is": {
			{"Wake me every weekday at 7", "Alarm set every weekday at 7:00 AM. The first is on Monday at 7:00 AM."},
			{"Move my alarm to 6:30", "Alarm is set for on Monday at 6:30 AM."},
			{"What alarms do I have?", "Alarm, every weekday at 6:30 AM."},
		},
		"a timer is paused": {
			{"Set a timer for 20 minutes", "Timer set for 20 minutes."},
			{"Pause the timer", "The timer for 20 minutes is paused, with 20 minutes left."},
			{"Resume the timer", "The timer for 20 minutes goes on, with 20 minutes left."},
		},
		"the second half of a sentence does not set a second timer": {
			{"Set a timer for ten minutes.", "Timer set for 10 minutes."},
			{"Set a timer for ten minutes and call it pasta.", "Pasta timer set for 10 minutes."},
			{"What timers do I have?", "10 minutes left on the pasta timer."},
		},
		"a timer of the same name takes the place of the first": {
			{"Set a tea timer for 4 minutes", "Tea timer set for 4 minutes."},
			{"Set the tea timer to 5 minutes", "Tea timer set for 5 minutes."},
			{"What timers do I have?", "5 minutes left on the tea timer."},
		},
		"one sentence may set several": {
			{"Set a pasta timer for 12 minutes and a tea timer for 4 minutes", "Pasta timer set for 12 minutes. Tea timer set for 4 minutes."},
		},
		"one day of what is repeated is left out": {
			{"Wake me every day at 7", "Alarm set every day at 7:00 AM. The first is today at 7:00 AM."},
			{"Skip today's alarm", "The alarm today at 7:00 AM is cancelled. Alarm, every day at 7:00 AM."},
			{"Do I have an alarm today?", "You have no alarms today."},
			{"Do I have an alarm tomorrow?", "Alarm, every day at 7:00 AM."},
		},
		"what there is none of is told": {
			{"Cancel the pasta timer", "There is no pasta timer."},
			{"What reminders do I have tomorrow?", "You have no reminders tomorrow."},
			{"Stop the timer", "No timer is running."},
			{"Snooze", "Nothing is ringing."},
			{"Remind me every other day at nine to water the plants", "I can repeat it every day, on days of the week, each month or each year, or every so many hours, and not otherwise."},
		},
		"what is not about timers is for the model": {
			{"What is the timer service?", "-"}, {"Remind me what a monad is.", "-"}, {"How long is a marathon?", "-"}, {"Time flies.", "-"},
			{"Cancel everything", "-"}, {"How much time is left?", "-"}, {"Make it 20 minutes", "-"}, {"Give me five more minutes.", "-"},
			{"Let me sleep.", "-"}, {"Stop everything", "-"}, {"Push it to 11", "-"}, {"Stop the music", "-"},
		},
		"German": {
			{"Stelle einen Timer auf zehn Minuten", "Timer auf 10 Minuten gestellt."},
			{"Wie lange läuft der Timer noch?", "Der Timer mit 10 Minuten: noch 10 Minuten."},
			{"Weck mich um halb sieben", "Wecker gestellt, heute um 06:30 Uhr."},
			{"Erinnere mich morgen um zwölf an den Arzt", "Ich erinnere dich morgen um 12:00 Uhr: Arzt."},
			{"Lösche alle Timer", "Der Timer mit 10 Minuten ist gelöscht."},
		},
	}
	for name, lines := range tests {
		run(t, name, func(t *testing.T, h *house) {
			for _, l := range lines {
				if got := h.ask(t, "kitchen", l[0]); got != l[1] {
					t.Errorf("%q is answered by %q, want %q", l[0], got, l[1])
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
}

func TestWhatRingsIsTurnedOffInManyWords(t *testing.T) {
	for _, text := range []string{"Turn off the alarm.", "Alarm off.", "Timer off.", "Stop the timer.", "Okay, thank you.", "Stell den Wecker ab.", "Mach den Timer aus.", "Alarm aus.", "Ich bin ja schon wach.", "Five more minutes.", "Noch zehn Minuten, bitte.", "Not now."} {
		run(t, text, func(t *testing.T, h *house) {
			h.ask(t, "kitchen", "Set a timer for ten minutes")
			time.Sleep(10*time.Minute + 5*time.Second)
			if lines := h.heard(); len(lines) == 0 {
				t.Fatal("it does not ring")
			}
			if got := h.askAs(t, "kitchen", contract.TimerUtterance{Text: text, Ringing: true}); got == "-" {
				t.Error("it is not for the timers")
			}
			h.heard()
			time.Sleep(time.Minute)
			if lines := h.heard(); len(lines) > 0 {
				t.Errorf("it rings on: %q", lines)
			}
		})
	}
}

func TestATimerRingsInItsRoomUntilSomebodyStopsIt(t *testing.T) {
	run(t, "stop", func(t *testing.T, h *house) {
		h.ask(t, "kitchen", "Set a pasta timer for ten minutes")
		h.ask(t, "hall", "Set a timer for an hour")
		begin := time.Now()
		time.Sleep(9*time.Minute + 55*time.Second)
		m, meta := h.said.Next(t)
		if late := time.Since(begin) - 10*time.Minute; late < 0 || late > 200*time.Millisecond {
			t.Errorf("it rings %s after its time", late)
		}
		if m.Text != "Your pasta timer is done." || meta.Baggage["room"] != "kitchen" {
			t.Errorf("%q is said in %q", m.Text, meta.Baggage["room"])
		}
		time.Sleep(10 * time.Second)
		if lines := h.heard(); len(lines) < 2 {
			t.Errorf("within ten seconds it is said again as %q", lines)
		}
		if got := h.askAs(t, "kitchen", contract.TimerUtterance{Text: "I wonder", Ringing: true}); got != "-" {
			t.Errorf("somebody else is answered by %q", got)
		}
		for _, text := range []string{"Set a timer for ten minutes.", "Cancel the pasta timer.", "Turn off the light."} { // it may not be meant for the assistant
			if got := h.askAs(t, "kitchen", contract.TimerUtterance{Text: text, Ringing: true}); got != "-" {
				t.Errorf("%q is answered by %q", text, got)
			}
		}
		if got := h.askAs(t, "kitchen", contract.TimerUtterance{Text: "Okay, thanks.", Ringing: true}); got != "" {
			t.Errorf("thanks is answered by %q", got)
		}
		h.heard()
		time.Sleep(2 * time.Minute)
		if lines := h.heard(); len(lines) > 0 {
			t.Errorf("after thanks it goes on: %q", lines)
		}
	})
}
