package router

import (
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech"
)

// turn is one thing that was said to us and what came of it.
//
//	heard ─▶ thinking ─▶ speaking ─▶ over
//	   └── a rule answers ──▲
type turn struct {
	id        string // LLMRequest.ID and utt_id of all that is said
	cause     string // message_id of the transcript
	room      string
	text      string // what the user said
	heard     contract.FinalTranscript
	times     contract.TurnRecord
	lastSign  time.Time // when the model or the voice last did something for it
	asked     bool      // the model has its request
	responded bool      // the whole answer is here, or will not come
	failure   string    // why there is no answer; empty when there is one

	// What the model writes. Deltas are AtMostOnce and may be lost, and the response
	// may overtake them, so deltas are spoken only up to the first gap; the response
	// brings the rest.
	splitter   speech.Splitter
	lastSeq    int     // of the last delta
	hasGap     bool    // a delta is missing: wait for the response
	streamed   string  // text of the deltas up to the gap
	spoken     []piece // in order
	unfinished int     // pieces that the voice has not finished
}

// piece is one TtsSay of the answer.
type piece struct {
	text  string
	over  bool // the voice is done with it, or dropped it
	ended bool // it was spoken to its end
}

// delta takes one piece of the answer and returns what is ready to be spoken.
func (t *turn) delta(d contract.LLMStreamDelta) []string {
	if t.responded || t.hasGap {
		return nil
	}
	if d.Seq != nil {
		switch {
		case *d.Seq <= t.lastSeq:
			return nil // a copy of one that came already
		case *d.Seq != t.lastSeq+1:
			t.hasGap = true
			return nil
		}
		t.lastSeq = *d.Seq
	}
	if d.Delta != nil {
		t.streamed += *d.Delta
		return t.splitter.Add(*d.Delta)
	}
	if d.Done {
		return t.splitter.Flush()
	}
	return nil
}

// response takes the whole answer and returns what was not spoken yet.
func (t *turn) response(full string) []string {
	t.responded = true
	got, all := strings.TrimSpace(t.streamed), strings.TrimSpace(full)
	if rest, ok := strings.CutPrefix(all, got); ok {
		return append(t.splitter.Add(rest), t.splitter.Flush()...)
	}
	t.splitter.Discard()
	rest := all
	for _, s := range t.spoken { // the response differs from the deltas, for example in white space: go on after what was spoken
		if i := strings.Index(rest, s.text); i >= 0 {
			rest = rest[i+len(s.text):]
		}
	}
	return append(t.splitter.Add(rest), t.splitter.Flush()...)
}

// heardText is the part of the answer that was spoken to its end, for the history.
func (t *turn) heardText() string {
	var heard []string
	for _, s := range t.spoken {
		if s.ended {
			heard = append(heard, s.text)
		}
	}
	return strings.Join(heard, " ")
}

// markEnded notes that the voice came to the end of text. Three cases:
//
//   - text is that of one piece: the oldest such piece that is not over has ended;
//   - text is empty: the voice does not say which, so it is the oldest one;
//   - text is that of no piece: a voice of another make joins pieces, and all those
//     that text contains have ended.
//
// stopped says that it was cut short, and then its text does not count as heard.
func (t *turn) markEnded(text string, stopped bool) {
	joined := text != "" && !slices.ContainsFunc(t.spoken, func(s piece) bool { return s.text == text })
	n := 0
	for i := range t.spoken {
		s := &t.spoken[i]
		if s.over || !joined && n > 0 || text != "" && s.text != text && !(joined && strings.Contains(text, s.text)) {
			continue
		}
		s.over, s.ended = true, !stopped
		n++
	}
	t.unfinished = max(0, t.unfinished-max(1, n))
}
