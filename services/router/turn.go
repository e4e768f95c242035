package router

import (
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
)

// turn is one thing that was said to us and what came of it.
//
//	heard ─▶ thinking ─▶ speaking ─▶ over
//	   └── a rule answers ──▲
type turn struct {
	id     string // LLMRequest.ID and utt_id of all that is said
	cause  string // message_id of the transcript
	room   string
	text   string // what the user said
	heard  contract.FinalTranscript
	times  contract.TurnRecord
	since  time.Time // of the last sign of life
	asked  bool      // of the model
	told   bool      // the response is there
	failed string    // why, when the model did not answer

	// What the model writes. Deltas may be lost, and the response may overtake
	// them, so the text is believed only as far as it came without a gap.
	cut    sentences
	seq    int    // of the last delta
	gap    bool   // a delta is missing; wait for the response
	got    string // the text up to the gap
	spoken []say  // in order
	open   int    // says without an end
}

// say is one piece handed to the voice.
type say struct {
	text  string
	over  bool // the voice is done with it
	ended bool // and came to its end
}

// delta takes one piece of the answer and returns what is ready to be spoken.
func (t *turn) delta(d contract.LLMStreamDelta) []string {
	if t.told || t.gap {
		return nil
	}
	if d.Seq != nil {
		switch {
		case *d.Seq <= t.seq:
			return nil // again
		case *d.Seq != t.seq+1:
			t.gap = true
			return nil
		}
		t.seq = *d.Seq
	}
	if d.Delta != nil {
		t.got += *d.Delta
		return t.cut.add(*d.Delta)
	}
	if d.Done {
		return t.cut.flush()
	}
	return nil
}

// response takes the whole answer and returns what was not spoken yet.
func (t *turn) response(full string) []string {
	t.told = true
	got, all := strings.TrimSpace(t.got), strings.TrimSpace(full)
	if rest, ok := strings.CutPrefix(all, got); ok {
		return append(t.cut.add(rest), t.cut.flush()...)
	}
	t.cut.rest = ""
	rest := all
	for _, s := range t.spoken { // the text was tidied after it was streamed: go on behind what was said
		if i := strings.Index(rest, s.text); i >= 0 {
			rest = rest[i+len(s.text):]
		}
	}
	return append(t.cut.add(rest), t.cut.flush()...)
}

// said is the part of the answer that was heard, for the history.
func (t *turn) said() string {
	var heard []string
	for _, s := range t.spoken {
		if s.ended {
			heard = append(heard, s.text)
		}
	}
	return strings.Join(heard, " ")
}

// ended notes that the voice came to the end of text: one say, or, of a voice
// that joins them, several.
func (t *turn) ended(text string, stopped bool) {
	joined := text != "" && !slices.ContainsFunc(t.spoken, func(s say) bool { return s.text == text })
	n := 0
	for i := range t.spoken {
		s := &t.spoken[i]
		if s.over || !joined && n > 0 || text != "" && s.text != text && !(joined && strings.Contains(text, s.text)) {
			continue
		}
		s.over, s.ended = true, !stopped
		n++
	}
	t.open = max(0, t.open-max(1, n))
}
