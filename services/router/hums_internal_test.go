package router

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

func TestAHumLeavesTheAnswerWhole(t *testing.T) {
	for _, text := range []string{"M.H.M.", "And M.H.M.", "Mm.", "Mmhmm.", "Hmmm", "Mhm hm", "Mm-hmm, yeah.", "Ha ha ha ha."} {
		h := speaks(t, nil)
		h.voice("hall")
		h.pass(300 * time.Millisecond)
		h.partial("hall", text)
		h.pass(300 * time.Millisecond)
		h.quiet("hall")
		h.pass(300 * time.Millisecond)
		h.final("hall", text)
		h.expect("duck", "unduck", "ignored nod")
	}
}

func TestAPhraseThatAnswersAQuestionIsAnAnswer(t *testing.T) {
	tests := map[string]struct {
		question, text string
		over           bool // it is said while the question is still heard
		wait           time.Duration
		asked          bool
	}{
		"a time that is also a way to say hold on": {"For how long?", "One minute.", false, time.Second, true},
		"a choice that is also a stop phrase":      {"Shall I keep it or cancel it?", "Cancel it.", false, time.Second, true},
		"a stop over the question is a stop":       {"For how long?", "Stop.", true, 0, false},
		"after a statement it is none":             {"It rings in a minute.", "Cancel it.", false, time.Second, false},
		"long after the question it is none":       {"For how long?", "One minute.", false, 20 * time.Second, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t, nil)
			h.final("hall", "Set a timer.")
			h.answer(tc.question)
			h.status("hall", h.asks[0].ID, contract.TtsSpeakingStart, tc.question)
			h.pass(time.Second)
			if tc.over {
				h.voice("hall")
				h.pass(200 * time.Millisecond)
			}
			h.status("hall", h.asks[0].ID, contract.TtsSpeakingEnd, tc.question)
			if h.pass(tc.wait); !tc.over {
				h.voice("hall")
				h.pass(200 * time.Millisecond)
			}
			h.pass(200 * time.Millisecond)
			h.quiet("hall")
			h.pass(400 * time.Millisecond)
			h.final("hall", tc.text)
			if asked := len(h.asks) == 2; asked != tc.asked {
				t.Errorf("the model was asked: %v, want %v; published %q", asked, tc.asked, h.log)
			}
		})
	}
}
