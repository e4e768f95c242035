package router

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// delta has the model write the next piece of the answer to its last request.
func (h *household) delta(seq int, text string) {
	id := h.asks[len(h.asks)-1].ID
	h.take(h.c.delta(contract.LLMStreamDelta{ID: id, Seq: &seq, Delta: &text, Done: text == ""}, h.now))
}

// response has it end the answer, with an error when there is one.
func (h *household) response(reply, failure string) {
	m := contract.LLMResponse{ID: h.asks[len(h.asks)-1].ID}
	if failure != "" {
		m.Error = &failure
	} else {
		m.Reply = &reply
	}
	h.take(h.c.answered(m, h.now))
}

// cutResponse has it end before its end.
func (h *household) cutResponse(reply, why string) {
	m := contract.LLMResponse{ID: h.asks[len(h.asks)-1].ID, Reply: nilIfEmpty(reply), Cut: &why}
	h.take(h.c.answered(m, h.now))
}

// says has the voice begin and end to say text, for a reason when it could not.
func (h *household) says(room, text, reason string) {
	for _, event := range []string{contract.TtsSpeakingStart, contract.TtsSpeakingEnd} {
		m := contract.TtsStatus{Event: event, Text: text, UttID: &h.asks[len(h.asks)-1].ID, Reason: nilIfEmpty(reason), Timestamp: float64(h.now.UnixMicro()) / 1e6}
		h.take(h.c.spoke(m, room, h.now))
	}
}

func TestNoAnswerEndsWithoutAWordAboutIt(t *testing.T) {
	tests := map[string]struct {
		happens func(h *household)
		want    []string
	}{
		"the model refuses": {func(h *household) {
			h.response("", "no key")
			h.says("hall", "Sorry.", "")
		}, []string{"say Sorry.", "failed no key"}},
		"it stalls before its first word": {func(h *household) {
			h.pass(46 * time.Second)
			h.says("hall", "Sorry.", "")
		}, []string{"cancel", "say Sorry.", "failed the model did not answer"}},
		"it is not there": {func(h *household) {
			h.pass(46 * time.Second)
			h.says("hall", "Sorry.", "")
		}, []string{"cancel", "say Sorry.", "failed the model did not answer"}},
		"its answer is empty": {func(h *household) {
			h.delta(1, "")
			h.response("", "")
			h.says("hall", "Sorry.", "")
		}, []string{"say Sorry.", "failed empty answer"}},
		"its answer is white space": {func(h *household) {
			h.delta(1, " \n")
			h.response(" \n", "")
			h.says("hall", "Sorry.", "")
		}, []string{"say Sorry.", "failed empty answer"}},
		"its answer is an emoji, which is shown": {func(h *household) {
			h.delta(1, "👍")
			h.response("👍", "")
		}, []string{"done"}},
		"it breaks off in its first sentence": {func(h *household) {
			h.delta(1, "Once upon a")
			h.response("", "connection lost")
			h.says("hall", "Sorry.", "")
		}, []string{"say Sorry.", "failed connection lost"}},
		"it breaks off in the middle": {func(h *household) {
			h.delta(1, "Once upon a time there was a king. He had a")
			h.says("hall", "Once upon a time there was a king.", "")
			h.response("", "connection lost")
			h.says("hall", "I lost the rest.", "")
		}, []string{"say Once upon a time there was a king.", "say I lost the rest.", "failed connection lost"}},
		"it breaks off in the middle, after the mark of the end that llm sends then": {func(h *household) {
			h.delta(1, "Once upon a time there was a king. He had a")
			h.delta(2, "")
			h.response("", "connection lost")
			for _, text := range []string{"Once upon a time there was a king.", "He had a", "I lost the rest."} {
				h.says("hall", text, "")
			}
		}, []string{"say Once upon a time there was a king.", "say He had a", "say I lost the rest.", "failed connection lost"}},
		"it stalls in the middle": {func(h *household) {
			h.delta(1, "Once upon a time there was a king. He had a")
			h.says("hall", "Once upon a time there was a king.", "")
			h.pass(46 * time.Second)
			h.says("hall", "I lost the rest.", "")
		}, []string{"say Once upon a time there was a king.", "cancel", "say I lost the rest.", "failed the model did not answer"}},
		"it reaches its longest answer": {func(h *household) {
			h.delta(1, "Once upon a time there was a king. He had a")
			h.delta(2, "")
			h.cutResponse("Once upon a time there was a king. He had a", contract.LLMCutLength)
			h.says("hall", "Once upon a time there was a king.", "")
			h.says("hall", "He had a", "")
			h.says("hall", "Say go on.", "")
		}, []string{"say Once upon a time there was a king.", "say He had a", "say Say go on.", "done"}},
		"its provider ends it": {func(h *household) {
			h.delta(1, "Once upon a time there was a king.")
			h.delta(2, "")
			h.cutResponse("Once upon a time there was a king.", contract.LLMCutFilter)
			h.says("hall", "Once upon a time there was a king.", "")
			h.says("hall", "I lost the rest.", "")
		}, []string{"say Once upon a time there was a king.", "say I lost the rest.", "failed the provider of the model ended the answer"}},
		"its provider ends it before the first word": {func(h *household) {
			h.delta(1, "")
			h.cutResponse("", contract.LLMCutFilter)
			h.says("hall", "Sorry.", "")
		}, []string{"say Sorry.", "failed empty answer"}},
		"a delta and the response are lost": {func(h *household) {
			h.delta(1, "Once upon a time there was a king. He had a")
			h.says("hall", "Once upon a time there was a king.", "")
			h.delta(3, "")
			h.pass(46 * time.Second)
			h.says("hall", "I lost the rest.", "")
		}, []string{"say Once upon a time there was a king.", "cancel", "say I lost the rest.", "failed the model did not answer"}},
		"the response alone is lost, of an answer that is complete": {func(h *household) {
			h.delta(1, "Once upon a time there was a king. He had a horse.")
			h.delta(2, "")
			h.says("hall", "Once upon a time there was a king.", "")
			h.says("hall", "He had a horse.", "")
			h.pass(46 * time.Second)
		}, []string{"say Once upon a time there was a king.", "say He had a horse.", "done"}},
		"the voice fails at the first piece": {func(h *household) {
			h.answer("Once upon a time there was a king. He had a horse.")
			h.says("hall", "Once upon a time there was a king.", "failed")
			h.says("hall", "He had a horse.", "")
		}, []string{"say Once upon a time there was a king.", "say He had a horse.", "failed the voice failed"}},
		"the voice fails in the middle": {func(h *household) {
			h.answer("Once upon a time there was a king. He had a horse.")
			h.says("hall", "Once upon a time there was a king.", "")
			h.says("hall", "He had a horse.", "failed")
		}, []string{"say Once upon a time there was a king.", "say He had a horse.", "failed the voice failed"}},
		"the voice is shut down": {func(h *household) {
			h.answer("Once upon a time there was a king.")
			h.says("hall", "Once upon a time there was a king.", "shutdown")
		}, []string{"say Once upon a time there was a king.", "failed the voice was shut down"}},
		"the voice has nothing to say of it, as of a sign": {func(h *household) {
			h.answer("Once upon a time there was a king.")
			h.says("hall", "Once upon a time there was a king.", "nothing to say")
		}, []string{"say Once upon a time there was a king.", "done"}},
		"the voice is absent or hangs, and what it may still say is not wanted": {func(h *household) {
			h.answer("Once upon a time there was a king.")
			h.pass(61 * time.Second)
		}, []string{"say Once upon a time there was a king.", "stop", "failed the voice was silent"}},
		"model and voice fail": {func(h *household) {
			h.response("", "no key")
			h.says("hall", "Sorry.", "failed")
		}, []string{"say Sorry.", "failed no key"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t, func(c *Config) { c.BrokenOff, c.CutShort = "I lost the rest.", "Say go on." })
			h.final("hall", "Tell me a story.")
			h.log = nil
			tc.happens(h)
			h.expect(tc.want...)
			if len(h.c.turns) > 0 {
				t.Error("the turn goes on")
			}
		})
	}
}

func TestAVoiceThatIsAtWorkIsNotSilent(t *testing.T) {
	long := "It is a story that goes on" // spoken in one piece, as no clause begins in it
	for len(long) < 2000 {
		long += " and on"
	}
	tests := map[string]func(t *testing.T, h *household){
		"while it says one long piece": func(t *testing.T, h *household) {
			h.answer(long)
			h.status("hall", h.asks[0].ID, contract.TtsSpeakingStart, long)
			h.pass(2 * time.Minute)
		},
		"while the answer waits at a loudspeaker for that of another room": func(t *testing.T, h *household) {
			h.answer("He had a horse.")
			h.final("attic", "And you?")
			h.answer("I am fine, thank you very much.")
			for range 4 {
				h.status("attic", h.asks[1].ID, contract.TtsSpeakingStart, "I am fine, thank you very much.")
				h.pass(40 * time.Second)
			}
		},
		"while somebody else paused it": func(t *testing.T, h *household) {
			h.answer("He had a horse.")
			h.status("hall", h.asks[0].ID, contract.TtsSpeakingStart, "He had a horse.")
			h.status("hall", h.asks[0].ID, contract.TtsPaused, "")
			h.pass(5 * time.Minute)
			h.status("hall", h.asks[0].ID, contract.TtsResumed, "")
			h.pass(30 * time.Second)
		},
	}
	for name, happens := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t, func(c *Config) { c.SayMax = 4000 })
			h.final("hall", "Tell me a story.")
			happens(t, h)
			if r := h.c.rooms["hall"].running; r == nil {
				t.Fatalf("the turn is over: published %q", h.log)
			}
			h.pass(16 * time.Minute)
			if r := h.c.rooms["hall"].running; r != nil {
				t.Error("a turn of which nothing more is heard goes on for ever")
			}
		})
	}
}

func TestAPauseForEverEndsTheAnswer(t *testing.T) {
	h := speaks(t, nil)
	h.status("hall", h.asks[0].ID, contract.TtsPaused, "")
	h.pass(maxHeld + time.Second)
	h.expect("stop", "interrupted held for too long")
}

func TestWhatWasHeardOfAFailedAnswerIsRemembered(t *testing.T) {
	tests := map[string]struct {
		happens func(h *household)
		reply   string // in the history; "-": there is none
	}{
		"the model broke off": {func(h *household) {
			h.delta(1, "Once upon a time there was a king. He had a")
			h.says("hall", "Once upon a time there was a king.", "")
			h.response("", "connection lost")
			h.says("hall", "I lost the rest.", "")
		}, "Once upon a time there was a king. —"},
		"the voice failed in the middle": {func(h *household) {
			h.answer("Once upon a time there was a king. He had a horse.")
			h.says("hall", "Once upon a time there was a king.", "")
			h.says("hall", "He had a horse.", "failed")
		}, "Once upon a time there was a king. —"},
		"there was an apology alone": {func(h *household) {
			h.response("", "no key")
			h.says("hall", "Sorry.", "")
		}, "-"},
		"nothing was heard": {func(h *household) {
			h.answer("Once upon a time there was a king.")
			h.says("hall", "Once upon a time there was a king.", "failed")
		}, "-"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t, func(c *Config) { c.BrokenOff = "I lost the rest." })
			h.final("hall", "Tell me a story.")
			tc.happens(h)
			h.final("hall", "And then?")
			got := "-"
			if past := h.asks[1].History; len(past) == 2 {
				got = past[1].Content
			}
			if got != tc.reply {
				t.Errorf("remembered %q, want %q", got, tc.reply)
			}
		})
	}
	t.Run("what the voice could not say is said again on request", func(t *testing.T) {
		h := newHousehold(t, nil)
		h.final("hall", "Tell me a story.")
		h.answer("Once upon a time there was a king. He had a horse.")
		h.says("hall", "Once upon a time there was a king.", "")
		h.says("hall", "He had a horse.", "failed")
		h.log = nil
		h.final("hall", "Go on.")
		h.expect("say He had a horse.")
	})
	t.Run("a piece that could not be said was no first sound", func(t *testing.T) {
		h := newHousehold(t, nil)
		h.final("hall", "Tell me a story.")
		h.answer("Once upon a time there was a king.")
		h.says("hall", "Once upon a time there was a king.", "failed")
		if r := h.recs[0]; r.FirstAudio != nil {
			t.Errorf("record %+v", r)
		}
	})
}
