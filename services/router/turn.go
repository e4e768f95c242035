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
	typed     bool // and not spoken
	replaced  bool // a longer request took its place: it leaves no trace
	times     contract.TurnRecord
	began     time.Time // zero: it did not
	lastSign  time.Time // when the model or the voice last did something for it
	asked     bool      // the model has its request
	offered   offer     // to the timers
	ahead     bool      // the model may have begun the answer, see ahead.go; it is not asked yet
	pausedAt  time.Time // since when the voice is silent; zero: it is not
	responded bool      // the whole answer is here, or will not come
	failure   string    // why there is no answer; empty when there is one

	// What the model writes. Deltas are AtMostOnce and may be lost, and the response
	// may overtake them, so deltas are spoken only up to the first gap; the response
	// brings the rest.
	splitter   speech.Splitter
	lastSeq    int     // of the last delta
	written    bool    // the model has written all of it
	hasGap     bool    // a delta is missing: wait for the response
	streamed   string  // text of the deltas up to the gap
	spoken     []piece // in order
	unfinished int     // pieces that the voice has not finished

	fillers    int       // that were said while there was no answer
	fillerNext time.Time // before it no other one is said
	usesTools  bool      // tools were called for the answer
	workSign   time.Time // when it was told last that it is worked on; zero: there was a word since
	workCause  string    // message_id of that
}

// piece is one TtsSay of the answer.
type piece struct {
	say    string // message_id
	text   string
	begun  time.Time // when it began to be heard; zero: it did not
	heard  string    // what was heard of it when it was cut short
	told   bool      // the voice told what was heard of it
	notice bool      // it says something about the answer, and is no part of it
	filler bool      // it says that the answer is worked on: a notice that comes before its end
	over   bool      // the voice is done with it, or dropped it
	ended  bool      // it was spoken to its end

	endedAt time.Time
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
	var ready []string
	if d.Delta != nil {
		t.streamed += *d.Delta
		ready = t.speakable(t.splitter.Add(*d.Delta))
	}
	if d.Done {
		t.written = true
		ready = append(ready, t.lastPieces(d.Cut, len(ready) > 0)...)
	}
	return ready
}

// speakable are those of pieces of which a voice can say something: an emoji or the
// address of a link is shown only.
func (t *turn) speakable(pieces []string) []string {
	return slices.DeleteFunc(pieces, func(p string) bool { return speech.Speakable(p, t.heard.Lang) == "" })
}

// lastPieces are those that the splitter holds at the end of the answer. Of an answer that
// ends before its end, half a sentence is left out, unless there is nothing else of it.
func (t *turn) lastPieces(cut *string, ready bool) []string {
	pieces := t.speakable(t.splitter.Flush())
	n := len(pieces)
	if cut == nil || n == 0 || speech.EndsSentence(pieces[n-1]) {
		return pieces
	}
	if n == 1 && !ready && t.answerPieces() == 0 && *cut != contract.LLMCutBroken {
		return pieces
	}
	return pieces[:n-1]
}

// answerPieces is how many pieces of the answer itself were handed to the voice.
func (t *turn) answerPieces() (n int) {
	for _, p := range t.spoken {
		if !p.filler {
			n++
		}
	}
	return n
}

// audible reports whether something of the turn was heard, the answer or a filler.
func (t *turn) audible() bool {
	return t.times.FirstAudio != nil || slices.ContainsFunc(t.spoken, func(p piece) bool { return !p.begun.IsZero() })
}

// isNextFiller reports whether the next piece that begins with text is a filler.
func (t *turn) isNextFiller(text string) bool {
	for _, p := range t.spoken {
		if !p.over && p.begun.IsZero() && (text == "" || p.text == text) {
			return p.filler
		}
	}
	return false
}

// response takes the whole answer and returns what was not spoken yet.
func (t *turn) response(full string, cut *string) []string {
	t.responded = true
	if t.written && cut != nil && !t.hasGap { // the half sentence at its end was left out
		return nil
	}
	got, all := strings.TrimSpace(t.streamed), strings.TrimSpace(full)
	if rest, ok := strings.CutPrefix(all, got); ok {
		return t.rest(rest, cut)
	}
	t.splitter.Discard()
	rest := all
	for _, s := range t.spoken { // the response differs from the deltas, for example in white space: go on after what was spoken
		if i := strings.Index(rest, s.text); i >= 0 && !s.notice {
			rest = rest[i+len(s.text):]
		}
	}
	return t.rest(rest, cut)
}

// rest takes the rest of the answer.
func (t *turn) rest(text string, cut *string) []string {
	ready := t.speakable(t.splitter.Add(text))
	return append(ready, t.lastPieces(cut, len(ready) > 0)...)
}

// heardText is the part of the answer that was heard, for the history. One that was
// cut short ends with a dash.
func (t *turn) heardText(interrupted bool) string {
	var heard []string
	cut := interrupted && (!t.responded || t.failure != "")
	for _, s := range t.spoken {
		switch {
		case s.notice:
		case s.ended:
			heard = append(heard, s.text)
		case s.heard != "":
			heard, cut = append(heard, s.heard), true
		default:
			cut = interrupted
		}
	}
	text := strings.Join(heard, " ")
	if cut && text != "" {
		text += " —"
	}
	return text
}

// unheardPieces are those that were not heard to their end.
func (t *turn) unheardPieces() (all []string) {
	for _, s := range t.spoken {
		if !s.ended && !s.notice {
			all = append(all, s.text)
		}
	}
	return all
}

// spokenRate is how fast a voice speaks, in characters per second, where a turn has
// no sentence to tell: about 150 words a minute.
const spokenRate = 14

// pause notes that the voice fell silent, and resume that it goes on.
func (t *turn) pause(now time.Time) {
	if t.pausedAt.IsZero() {
		t.pausedAt = now
	}
}

func (t *turn) resume(now time.Time) {
	if t.pausedAt.IsZero() {
		return
	}
	for i := range t.spoken {
		if s := &t.spoken[i]; !s.over && !s.begun.IsZero() {
			s.begun = s.begun.Add(now.Sub(t.pausedAt))
		}
	}
	t.pausedAt = time.Time{}
}

// cutShort notes what was heard of the piece that is spoken when the turn ends at
// now: by the time it took, at the rate of the pieces before it.
func (t *turn) cutShort(now time.Time) {
	if !t.pausedAt.IsZero() {
		now = t.pausedAt
	}
	for i := range t.spoken {
		s := &t.spoken[i]
		if s.over || s.begun.IsZero() || s.told {
			continue
		}
		chars := int(now.Sub(s.begun).Seconds() * t.rate())
		s.heard = speech.FirstWords(s.text, chars)
	}
}

// markHeard notes what the voice tells was heard of a piece.
func (t *turn) markHeard(m contract.SpeechHeard) {
	for i := range t.spoken {
		if s := &t.spoken[i]; s.say == m.Say {
			s.heard, s.told = m.Text, true
		}
	}
}

// rate is how fast the voice spoke the pieces that ended, in characters a second.
func (t *turn) rate() float64 {
	chars, seconds := 0, 0.0
	for _, s := range t.spoken {
		if s.ended && !s.begun.IsZero() {
			chars += len([]rune(s.text))
			seconds += s.endedAt.Sub(s.begun).Seconds()
		}
	}
	if seconds < 0.5 {
		return spokenRate
	}
	return float64(chars) / seconds
}

// markBegun notes that the voice began to say text, or the next piece when it is none.
func (t *turn) markBegun(text string, now time.Time) {
	for i := range t.spoken {
		if s := &t.spoken[i]; !s.over && s.begun.IsZero() && (text == "" || s.text == text) {
			s.begun = now
			return
		}
	}
}

// markEnded notes that the voice came to the end of text. Three cases:
//
//   - text is that of one piece: the oldest such piece that is not over has ended;
//   - text is empty: the voice does not say which, so it is the oldest one;
//   - text is that of no piece: a voice of another make joins pieces, and all those
//     that text contains have ended.
//
// stopped says that it was cut short, and then its text does not count as heard.
func (t *turn) markEnded(text string, stopped bool, now time.Time) {
	joined := text != "" && !slices.ContainsFunc(t.spoken, func(s piece) bool { return s.text == text })
	n := 0
	for i := range t.spoken {
		s := &t.spoken[i]
		if s.over || !joined && n > 0 || text != "" && s.text != text && !(joined && strings.Contains(text, s.text)) {
			continue
		}
		s.over, s.ended, s.endedAt = true, !stopped, now
		n++
	}
	t.unfinished = max(0, t.unfinished-max(1, n))
}
