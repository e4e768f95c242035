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
				h.final(room, "What time is it in Atlantis?")
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

// TestAVoiceThatFailsEndsTheTurnAsFailed has the voice break before the first word of an
// answer, and in the middle.
func TestAVoiceThatFailsEndsTheTurnAsFailed(t *testing.T) {
	tests := map[string]struct {
		heard string // of the first sentence; empty: the voice failed before it
		want  string // in the history
	}{
		"before the first word": {},
		"in the middle":         {heard: "Once upon", want: "Once upon —"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t, nil)
			h.final("hall", "Tell me a story.")
			h.answer("Once upon a time there was a king.")
			failed := contract.TtsStatus{Text: "Once upon a time there was a king.", UttID: &h.asks[0].ID, Reason: new("failed")}
			began := failed
			if began.Event, failed.Event = contract.TtsSpeakingStart, contract.TtsSpeakingEnd; tt.heard != "" {
				began.Reason = nil
			}
			h.take(h.c.spoke(began, "hall", h.now))
			h.pass(2 * time.Second)
			h.take(h.c.partlyHeard(contract.SpeechHeard{UttID: &h.asks[0].ID, Say: h.lines[0], Text: tt.heard}, h.now))
			h.take(h.c.spoke(failed, "hall", h.now))
			if r := h.recs[0]; len(h.recs) != 1 || r.Outcome != contract.TurnFailed || *r.Reason != "the voice failed" || (r.FirstAudio != nil) != (tt.heard != "") {
				t.Errorf("records are %+v", h.recs)
			}
			h.final("hall", "And then, in the end?")
			if past := h.asks[1].History; tt.want == "" && len(past) != 0 || tt.want != "" && (len(past) != 2 || past[1].Content != tt.want) {
				t.Errorf("history is %+v, want %q", past, tt.want)
			}
		})
	}
}

// TestWhatTheVoiceTellsWasHeardIsRemembered has a voice that is slower than most be
// stopped: by its time alone more would have been heard.
func TestWhatTheVoiceTellsWasHeardIsRemembered(t *testing.T) {
	for name, late := range map[string]bool{"told before the next question": false, "told after it": true} {
		t.Run(name, func(t *testing.T) {
			h := speaks(t, nil)
			h.pass(600 * time.Millisecond)
			h.final("hall", "Stop.")
			tell := func() {
				h.take(h.c.partlyHeard(contract.SpeechHeard{UttID: &h.asks[0].ID, Say: h.lines[0], Text: "Once upon"}, h.now))
			}
			if !late {
				tell()
			}
			h.final("hall", "What about the queen?")
			if tell(); late {
				h.answer("She is well.")
				h.final("hall", "And her horse?")
			}
			q := h.asks[len(h.asks)-1]
			if len(q.History) < 2 || q.History[1].Content != "Once upon —" {
				t.Errorf("history is %+v", q.History)
			}
		})
	}
}

// TestWithoutAVoiceTheConversationIsRemembered has no voice be installed: answers are read
// on the page.
func TestWithoutAVoiceTheConversationIsRemembered(t *testing.T) {
	h := newHousehold(t, nil)
	h.final("hall", "Tell me a story.")
	h.answer("Once upon a time there was a king.")
	for _, event := range []string{contract.TtsSpeakingStart, contract.TtsSpeakingEnd} {
		h.take(h.c.spoke(contract.TtsStatus{Event: event, Text: "Once upon a time there was a king.", UttID: &h.asks[0].ID, Reason: new(contract.TtsNoVoice)}, "hall", h.now))
	}
	if len(h.recs) != 1 || h.recs[0].Outcome != contract.TurnDone {
		t.Errorf("records are %+v", h.recs)
	}
	h.final("hall", "And then, in the end?")
	if past := h.asks[1].History; len(past) != 2 || past[1].Content != "Once upon a time there was a king." {
		t.Errorf("history is %+v", past)
	}
}
