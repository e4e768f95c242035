package router

import (
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

func TestInARoomThatWantsAWakeWordNothingElseInterrupts(t *testing.T) {
	const ms = time.Millisecond
	says := func(h *household, text string) { // over the assistant's voice, for two seconds
		h.voice("hall")
		h.pass(600 * ms)
		h.partial("hall", text)
		h.pass(1400 * ms)
		h.quiet("hall")
		h.pass(400 * ms)
		h.final("hall", text)
	}
	tests := map[string]struct {
		during func(h *household)
		want   []string
	}{
		"a voice neither lowers nor pauses it": {func(h *household) {
			h.voice("hall")
			h.pass(3 * time.Second)
			h.quiet("hall")
			h.dropped("hall", "no_words")
		}, nil},
		"words are ignored":     {func(h *household) { says(h, "What about the weather in Berlin?") }, []string{"ignored no wake phrase"}},
		"a stop phrase ends it": {func(h *household) { says(h, "Okay, stop.") }, []string{"stop", "interrupted stop", "ignored no wake phrase"}}, // by its partial; the final finds nothing to stop
		"hold on pauses it":     {func(h *household) { says(h, "Hold on.") }, []string{"pause", "done hold"}},
		"the wake phrase in the words interrupts it": {func(h *household) { says(h, "Hey Tars, what about the weather?") },
			[]string{"stop", "interrupted interrupted", "ask what about the weather?"}},
		"a wake word interrupts it, and what follows needs no phrase": {func(h *household) {
			h.event("hall", contract.WakeEventWake, 0.1)
			h.status("hall", "wake-ack", contract.TtsSpeakingStart, "Hmm?")
			says(h, "What about the weather?")
		}, []string{"stop", "interrupted wake", "say Hmm?", "stop", "ask What about the weather?"}},
		"words of another room are no business of it": {func(h *household) { h.final("attic", "What about the weather?") }, []string{"attic: ask What about the weather?"}},
		"what is typed is meant for it": {func(h *household) {
			f := contract.FinalTranscript{Text: "What about the weather?", UttID: new("typed")}
			f.MessageID = "typed"
			h.take(h.c.heard(f, origin{room: "hall", typed: true}, h.now))
		}, []string{"stop", "interrupted superseded", "ask What about the weather?"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			for _, rooms := range [][]string{{"hall"}, {"*"}} {
				h := speaks(t, func(c *Config) { c.WakeToInterrupt = rooms })
				tc.during(h)
				if !slices.Equal(h.log, tc.want) {
					t.Errorf("in %v: published %q, want %q", rooms, h.log, tc.want)
				}
			}
		})
	}
}

func TestARoomThatWantsAWakeWordIsAnOtherwiseUsualOne(t *testing.T) {
	const ms = time.Millisecond
	wake := func(c *Config) { c.WakeToInterrupt = []string{"hall"} }
	tests := map[string]struct {
		begin func(h *household) // the hall is left listening
		pause time.Duration      // until somebody speaks
		asked bool
	}{
		"once the voice has faded it hears what is said":  {func(h *household) { h.finish() }, time.Second, true},
		"in its reverberation it does not":                {func(h *household) { h.finish() }, 300 * ms, false},
		"while an answer is held it does":                 {func(h *household) { h.final("hall", "Hold on.") }, time.Second, true},
		"after a stop, when the voice has faded, it does": {func(h *household) { h.final("hall", "Stop.") }, time.Second, true},
		"an announcement is not answered to, in the window of an answer": {func(h *household) {
			h.finish()
			h.pass(2 * time.Second)
			h.status("hall", "bell", contract.TtsSpeakingStart, "The door bell rings, somebody is there.")
		}, 100 * ms, false},
		"an announcement to all rooms is not either": {func(h *household) {
			h.finish()
			h.pass(2 * time.Second)
			h.status("", "bell", contract.TtsSpeakingStart, "The door bell rings, somebody is there.")
		}, 100 * ms, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			h := speaks(t, wake)
			tc.begin(h)
			h.pass(tc.pause)
			h.voice("hall")
			h.pass(time.Second)
			h.quiet("hall")
			h.pass(400 * ms)
			h.final("hall", "What about the weather?")
			if asked := len(h.asks) == 2; asked != tc.asked {
				t.Errorf("asked: %v, want %v; published %q", asked, tc.asked, h.log)
			}
		})
	}
	t.Run("what began before the voice, and goes on into it, is ignored", func(t *testing.T) {
		h := newHousehold(t, wake)
		h.final("hall", "Tell me a story.")
		h.answer("Once upon a time there was a king.")
		h.voice("hall")
		h.status("hall", h.asks[0].ID, contract.TtsSpeakingStart, "Once upon a time there was a king.")
		h.pass(2 * time.Second)
		h.quiet("hall")
		h.final("hall", "One span a time there wash a king.")
		if len(h.asks) != 1 || len(h.recs) != 1 || h.recs[0].Outcome != contract.TurnIgnored {
			t.Errorf("published %q", h.log)
		}
	})
	t.Run("while the assistant thinks words interrupt it as ever", func(t *testing.T) {
		h := newHousehold(t, wake)
		h.final("hall", "Tell me a story.")
		h.pass(3 * time.Second)
		h.voice("hall")
		h.pass(500 * ms)
		h.partial("hall", "No, tell me a joke.")
		if len(h.recs) != 1 || h.recs[0].Outcome != contract.TurnInterrupted {
			t.Errorf("published %q", h.log)
		}
	})
}

// finish has the voice say the rest of the last answer.
func (h *household) finish() {
	id := h.asks[len(h.asks)-1].ID
	h.status("hall", id, contract.TtsSpeakingEnd, "Once upon a time there was a king.")
	h.status("hall", id, contract.TtsSpeakingStart, "He had a horse.")
	h.pass(time.Second)
	h.status("hall", id, contract.TtsSpeakingEnd, "He had a horse.")
}
