package router

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// What goes wrong in a household within a day, one case for each.

func TestAnAnnouncementThatSomebodySpeaksIntoIsNotForgotten(t *testing.T) {
	h := newHousehold(t, nil)
	h.status("hall", "timer", contract.TtsSpeakingStart, "Your tea is ready.")
	h.voice("hall")
	h.pass(time.Second)
	h.expect("duck", "pause")
	h.status("hall", "timer", contract.TtsPaused, "") // as the voice tells of the pause
	h.pass(time.Second)
	h.quiet("hall")
	h.dropped("hall", "no_words")
	h.expect("resume", "unduck")
}

// TestTheMicrophoneThatHeardWorseSpeaksOn has two rooms hear one person while the
// assistant speaks in both.
func TestTheMicrophoneThatHeardWorseSpeaksOn(t *testing.T) {
	for name, order := range map[string][]string{"the better one is read first": {"hall", "kitchen"}, "the worse one is read first": {"kitchen", "hall"}} {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t, nil)
			h.status("kitchen", "timer", contract.TtsSpeakingStart, "Your tea is ready.")
			h.event("hall", contract.WakeEventSpeechStart, 0.3)
			h.event("kitchen", contract.WakeEventSpeechStart, 0.1)
			h.pass(time.Second)
			for _, room := range order {
				h.final(room, "What time is it in Tokyo?")
				h.pass(100 * time.Millisecond)
			}
			if h.duck["kitchen"] {
				t.Error("the voice in the kitchen stays low")
			}
			if len(h.recs) != 1 || h.recs[0].Outcome != contract.TurnIgnored || *h.recs[0].Room != "kitchen" {
				t.Errorf("%d turns are over: %+v", len(h.recs), h.recs)
			}
		})
	}
}

func TestAWakePhraseAloneIsATurn(t *testing.T) {
	h := newHousehold(t, nil)
	h.final("hall", "Hey Tars.")
	h.expect("say Hmm?", "done wake")
	h.n++
	f := contract.FinalTranscript{Text: "Hey Tars.", UttID: new("typed")}
	f.MessageID = "typed"
	h.take(h.c.heard(f, origin{room: "hall", typed: true}, h.now))
	h.expect("ignored no words")
}
