package router

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

func TestOneMicrophoneAnswers(t *testing.T) {
	for i := range 20 {
		h := newHousehold(t, nil)
		louder, other := "hall", "kitchen"
		if i%2 == 0 {
			louder, other = other, louder
		}
		for _, room := range []string{"hall", "kitchen"} {
			h.event(room, contract.WakeEventSpeechStart, map[bool]float64{true: 0.3, false: 0.1}[room == louder])
			h.pass(100 * time.Millisecond)
		}
		h.pass(time.Second)
		rooms := []string{"hall", "kitchen"}
		if i%4 < 2 {
			slices.Reverse(rooms)
		}
		h.final(rooms[0], "What time is it in Atlantis?")
		h.pass(400 * time.Millisecond)
		h.final(rooms[1], "What time is it, in Atlantis?")
		asked := 0
		for _, line := range h.log {
			if strings.Contains(line, "ask ") {
				asked++
				if inHall := !strings.Contains(line, ": "); inHall != (louder == "hall") {
					t.Errorf("try %d: %q, but the louder room is %s", i, line, louder)
				}
			}
		}
		if asked != 1 {
			t.Errorf("try %d: asked %d times: %q (the quieter room is %s)", i, asked, h.log, other)
		}
	}
}

// A voice that is quiet in one microphone may have pauses there, or end sooner, that it has
// not in the other.
func TestOneMicrophoneAnswersWhateverPausesTheOtherHears(t *testing.T) {
	whole := "Thank you, please hold while I connect you."
	tests := map[string]struct {
		hear func(h *household)
		want []string
	}{
		"a pause in the quieter one": {func(h *household) {
			h.event("hall", contract.WakeEventSpeechStart, 0.3)
			h.event("kitchen", contract.WakeEventSpeechStart, 0.1)
			h.pass(800 * time.Millisecond)
			h.event("kitchen", contract.WakeEventSpeechEnd, 0.1)
			h.event("kitchen", contract.WakeEventSpeechStart, 0.1)
			h.pass(2 * time.Second)
			h.event("hall", contract.WakeEventSpeechEnd, 0.3)
			h.event("kitchen", contract.WakeEventSpeechEnd, 0.1)
			h.final("kitchen", whole)
			h.pass(300 * time.Millisecond)
			h.final("hall", whole)
		}, []string{"kitchen: ignored heard better in hall", "ask " + whole}},
		"the quieter one takes a pause for the end": {func(h *household) {
			h.event("hall", contract.WakeEventSpeechStart, 0.3)
			h.event("kitchen", contract.WakeEventSpeechStart, 0.1)
			h.pass(800 * time.Millisecond)
			h.event("kitchen", contract.WakeEventSpeechEnd, 0.1)
			h.pass(400 * time.Millisecond)
			h.final("kitchen", "Thank you.")
			h.pass(1800 * time.Millisecond)
			h.event("hall", contract.WakeEventSpeechEnd, 0.3)
			h.pass(600 * time.Millisecond)
			h.final("hall", whole)
		}, []string{"kitchen: ignored heard better in hall", "ask " + whole}},
		"the louder one is read first": {func(h *household) {
			h.event("kitchen", contract.WakeEventSpeechStart, 0.1)
			h.event("hall", contract.WakeEventSpeechStart, 0.3)
			h.pass(800 * time.Millisecond)
			h.event("hall", contract.WakeEventSpeechEnd, 0.3)
			h.event("hall", contract.WakeEventSpeechStart, 0.3)
			h.pass(2 * time.Second)
			h.event("hall", contract.WakeEventSpeechEnd, 0.3)
			h.event("kitchen", contract.WakeEventSpeechEnd, 0.1)
			h.final("hall", whole)
			h.pass(300 * time.Millisecond)
			h.final("kitchen", whole)
		}, []string{"kitchen: ignored heard better in hall", "ask " + whole}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t, nil)
			tt.hear(h)
			slices.Sort(h.log)
			slices.Sort(tt.want)
			h.expect(tt.want...)
		})
	}
}

func TestOtherWordsInAnotherRoomAreAnsweredThere(t *testing.T) {
	h := newHousehold(t, nil)
	h.voice("hall")
	h.voice("kitchen")
	h.pass(time.Second)
	h.final("hall", "What is the capital of France?")
	h.final("kitchen", "How do I boil an egg?")
	h.expect("kitchen: ask How do I boil an egg?", "ask What is the capital of France?")

	h = newHousehold(t, nil) // nothing comes from the other room
	h.voice("hall")
	h.voice("kitchen")
	h.pass(time.Second)
	h.quiet("kitchen")
	h.final("hall", "What is the capital of France?")
	h.expect()
	h.pass(2 * time.Second)
	h.expect("ask What is the capital of France?")

	h = newHousehold(t, nil) // somebody speaks on in the other room
	h.voice("hall")
	h.voice("kitchen")
	h.pass(time.Second)
	h.final("hall", "What is the capital of France?")
	h.pass(2 * time.Second)
	h.expect()
	h.pass(3 * time.Second)
	h.expect("ask What is the capital of France?")

	h = newHousehold(t, nil) // it was a noise
	h.voice("hall")
	h.voice("kitchen")
	h.final("hall", "What is the capital of France?")
	h.dropped("kitchen", "no_words")
	h.expect("ask What is the capital of France?")
}

// A transcript may wait for seconds for that of another room, and somebody stops it meanwhile.
func TestAStopIsForWhatStillWaitsForAnotherMicrophone(t *testing.T) {
	for name, stop := range map[string]func(*household){
		"typed":  func(h *household) { h.typed("hall", "stop") },
		"spoken": func(h *household) { h.final("hall", "Stop.") },
	} {
		h := newHousehold(t, nil)
		for _, room := range []string{"hall", "kitchen"} {
			h.event(room, contract.WakeEventSpeechStart, 0.1)
		}
		h.pass(time.Second)
		h.quiet("hall")
		h.final("hall", "Tell me a story.")
		h.expect()
		stop(h)
		h.expect("interrupted stop", "done stop")
		h.quiet("kitchen")
		h.pass(5 * time.Second)
		if len(h.asks) > 0 {
			t.Errorf("%s: it was asked all the same", name)
		}
	}
}
