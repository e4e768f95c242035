package router

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// works has llm tell that the last request is worked on.
func (h *household) works() {
	h.take(h.c.working(contract.LLMProgress{ID: h.asks[len(h.asks)-1].ID, State: contract.LLMThinking}, h.now))
}

// ends has the model end its answer before its end.
func (h *household) ends(seq int, why string) {
	h.take(h.c.delta(contract.LLMStreamDelta{ID: h.asks[len(h.asks)-1].ID, Seq: &seq, Done: true, Cut: &why}, h.now))
}

func TestSilenceIsFilled(t *testing.T) {
	tests := map[string]struct {
		happens func(h *household)
		want    []string
	}{
		"once, and the answer follows": {func(h *household) {
			h.works()
			h.works()
			h.says("hall", "One moment.", "")
			h.answer("Once upon a time there was a king.")
			h.says("hall", "Once upon a time there was a king.", "")
		}, []string{"say One moment.", "say Once upon a time there was a king.", "done"}},
		"again in a long silence, with other words": {func(h *household) {
			h.works()
			h.says("hall", "One moment.", "")
			h.pass(11 * time.Second)
			h.works()
			h.says("hall", "Still at it.", "")
			h.pass(11 * time.Second)
			h.works()
			h.answer("Once upon a time there was a king.")
			h.says("hall", "Once upon a time there was a king.", "")
		}, []string{"say One moment.", "say Still at it.", "say Once upon a time there was a king.", "done"}},
		"for as long as it is worked on": {func(h *household) {
			for range 20 {
				h.pass(40 * time.Second)
				h.works()
				h.says("hall", "One moment.", "")
				h.says("hall", "Still at it.", "")
			}
			h.answer("Once upon a time there was a king.")
			h.says("hall", "Once upon a time there was a king.", "")
		}, []string{"say One moment.", "say Still at it.", "say One moment.", "say Still at it.", "say One moment.", "say Still at it.", "say One moment.", "say Still at it.", "say Once upon a time there was a king.", "done"}},
		"not while the answer is spoken": {func(h *household) {
			h.delta(1, "Once upon a time there was a king. He")
			h.works()
			h.answer("Once upon a time there was a king. He slept well.")
			h.says("hall", "Once upon a time there was a king.", "")
			h.says("hall", "He slept well.", "")
		}, []string{"say Once upon a time there was a king.", "say He slept well.", "done"}},
		"and what is complete before that is said": {func(h *household) {
			h.delta(1, "Once upon a time there was a king. He slept well.")
			h.works()
			h.answer("Once upon a time there was a king. He slept well.")
			h.says("hall", "Once upon a time there was a king.", "")
			h.says("hall", "He slept well.", "")
		}, []string{"say Once upon a time there was a king.", "say He slept well.", "done"}},
		"and when the answer takes the place of it, that is no failure": {func(h *household) {
			h.works()
			h.answer("Once upon a time there was a king.")
			h.says("hall", "One moment.", "replaced")
			h.says("hall", "Once upon a time there was a king.", "")
		}, []string{"say One moment.", "say Once upon a time there was a king.", "done"}},
		"and an answer that fails then is no answer": {func(h *household) {
			h.works()
			h.says("hall", "One moment.", "")
			h.response("", "no key")
			h.says("hall", "Sorry.", "")
		}, []string{"say One moment.", "say Sorry.", "failed no key"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t, func(c *Config) { c.Filler = "One moment.|Still at it." })
			h.final("hall", "Tell me a story.")
			h.log = nil
			tc.happens(h)
			h.expect(tc.want...)
			if len(h.c.turns) > 0 {
				t.Fatal("the turn goes on")
			}
			for _, e := range h.c.rooms["hall"].history {
				if e.reply != "" && e.reply != "Once upon a time there was a king." && e.reply != "Once upon a time there was a king. He slept well." {
					t.Errorf("the history has %q", e.reply)
				}
			}
		})
	}
}

func TestAFillerIsInterruptedAndCountsAsNoAnswer(t *testing.T) {
	h := newHousehold(t, func(c *Config) { c.Filler = "One moment." })
	h.final("hall", "Tell me a story.")
	h.works()
	id := h.asks[0].ID
	h.take(h.c.spoke(contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "One moment.", UttID: &id}, "hall", h.now))
	if first := h.c.turns[id].times; first.FirstAudio != nil || first.FirstSay != nil {
		t.Error("the filler counts as the begin of the answer")
	}
	if !h.c.audible("hall") {
		t.Error("the voice is not known to speak, so its echo would be taken for words")
	}
	h.log = nil
	h.final("hall", "Stop.")
	if h.c.turns[id] != nil {
		t.Error("the turn goes on")
	}
}

func TestHalfASentenceIsNotSaid(t *testing.T) {
	tests := map[string]struct {
		happens func(h *household)
		want    []string
	}{
		"when the answer is too long": {func(h *household) {
			h.delta(1, "There was a king. He lived in a wood near the")
			h.ends(2, contract.LLMCutLength)
			h.cutResponse("There was a king. He lived in a wood near the", contract.LLMCutLength)
			h.says("hall", "There was a king.", "")
			h.says("hall", "Say go on.", "")
		}, []string{"say There was a king.", "say Say go on.", "done"}},
		"when the answer is too long, and its last sentence is whole": {func(h *household) {
			h.delta(1, "There was a king. He lived in a wood.")
			h.ends(2, contract.LLMCutLength)
			h.cutResponse("There was a king. He lived in a wood.", contract.LLMCutLength)
			h.says("hall", "There was a king.", "")
			h.says("hall", "He lived in a wood.", "")
			h.says("hall", "Say go on.", "")
		}, []string{"say There was a king.", "say He lived in a wood.", "say Say go on.", "done"}},
		"unless there is no other": {func(h *household) {
			h.delta(1, "It lived in a wood near the")
			h.ends(2, contract.LLMCutLength)
			h.cutResponse("It lived in a wood near the", contract.LLMCutLength)
			h.says("hall", "It lived in a wood near the", "")
			h.says("hall", "Say go on.", "")
		}, []string{"say It lived in a wood near the", "say Say go on.", "done"}},
		"when the deltas were lost": {func(h *household) {
			h.cutResponse("There was a king. He lived in a wood near the", contract.LLMCutLength)
			h.says("hall", "There was a king.", "")
			h.says("hall", "Say go on.", "")
		}, []string{"say There was a king.", "say Say go on.", "done"}},
		"when the line goes dead": {func(h *household) {
			h.delta(1, "There was a king. He li")
			h.ends(2, contract.LLMCutBroken)
			h.response("", "connection lost")
			h.says("hall", "There was a king.", "")
			h.says("hall", "I lost the rest.", "")
		}, []string{"say There was a king.", "say I lost the rest.", "failed connection lost"}},
		"when the line goes dead in the first word": {func(h *household) {
			h.delta(1, "The kitc")
			h.ends(2, contract.LLMCutBroken)
			h.response("", "connection lost")
			h.says("hall", "Sorry.", "")
		}, []string{"say Sorry.", "failed connection lost"}},
		"when the server gives up": {func(h *household) {
			h.delta(1, "There was a king. He li")
			h.ends(2, contract.LLMCutBroken)
			h.cutResponse("There was a king. He li", contract.LLMCutBroken)
			h.says("hall", "There was a king.", "")
			h.says("hall", "I lost the rest.", "")
		}, []string{"say There was a king.", "say I lost the rest.", "failed the answer broke off"}},
		"when the server gives up in the first word": {func(h *household) {
			h.delta(1, "The kitc")
			h.ends(2, contract.LLMCutBroken)
			h.cutResponse("The kitc", contract.LLMCutBroken)
			h.says("hall", "Sorry.", "")
		}, []string{"say Sorry.", "failed the answer broke off"}},
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
