package router

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/phrases"
)

const (
	// maxJoinGap is how long after the end of one utterance the next may begin and
	// still be its second half: people who think in the middle of a sentence rarely
	// pause for longer.
	maxJoinGap = 2 * time.Second
	// maxLateJoin is how long after the first sound of an answer somebody may still go on with
	// the question: until it is noticed that the assistant speaks.
	maxLateJoin = 700 * time.Millisecond
	// wakePhraseLength is how long before a wake event the words began that it is
	// about: the phrase itself, and the time that its detector took.
	wakePhraseLength = 2500 * time.Millisecond
)

// steer takes utterances that are about the conversation itself, such as "stop",
// "hold on" and "mm-hm". done reports that nothing is left to answer.
func (c *conversation) steer(t *turn, r *room, from origin, meant bool, now time.Time) (out []effect, done bool) {
	busy := c.busy(from.room)
	switch as := c.phraseBook.IntentOf(t.text); {
	case (as == phrases.Stop || as == phrases.Pause) && t.saidBefore(r.running):
		return []effect{t.record(contract.TurnIgnored, "said before the answer", now)}, true
	case as == phrases.Stop && (busy || r.held != nil || r.waiting != nil):
		return append(c.silenceRoom(from.room, r, "stop", now), t.record(contract.TurnDone, "stop", now)), true
	case as >= phrases.Pause && !busy && c.mayAnswer(t, r, now): // "cancel", or "one minute"
	case as == phrases.Stop && meant: // nothing goes on
		return []effect{t.record(contract.TurnDone, "stop", now)}, true
	case as == phrases.Pause && r.running != nil && c.audible(from.room):
		if r.held == nil {
			out = c.hold(from.room, r, now)
		}
		return append(out, t.record(contract.TurnDone, "hold", now)), true
	case as == phrases.Pause && (busy || meant):
		return append(c.silenceRoom(from.room, r, "hold", now), t.record(contract.TurnDone, "hold", now)), true
	case as == phrases.Resume && r.held != nil:
		return append(c.unhold(from.room, r, "go on", now), t.record(contract.TurnDone, "go on", now)), true
	case as == phrases.Resume && meant && len(r.unheard) > 0:
		return c.repeat(t, r, from, r.unheard, now), true
	case as == phrases.Repeat && meant:
		if pieces := c.lastHeard(r); len(pieces) > 0 {
			return c.repeat(t, r, from, pieces, now), true
		}
	case as == phrases.Nod && busy && !from.typed:
		return append(c.giveBack(from.room, r, "nod", now), t.record(contract.TurnIgnored, "nod", now)), true
	case as == phrases.NoIntent && c.isTooShort(t, now):
		return append(c.giveBack(from.room, r, "nod", now), t.record(contract.TurnIgnored, "too short to interrupt", now)), true
	}
	return nil, false
}

// mayAnswer reports whether an utterance may be the answer to a question of the assistant:
// that was the last it said, and the utterance began soon after.
func (c *conversation) mayAnswer(t *turn, r *room, now time.Time) bool {
	begun := now
	if t.times.SpeechStart != nil {
		begun = timeOf(*t.times.SpeechStart)
	}
	if len(r.history) == 0 || begun.Before(r.voiceEnded) {
		return false
	}
	last := r.history[len(r.history)-1]
	return strings.HasSuffix(last.reply, "?") && begun.Sub(last.at) <= c.cfg.ResponseWindow
}

// saidBefore reports whether all of t was said before another turn began, which it cannot be
// about: recognisers may take seconds.
func (t *turn) saidBefore(other *turn) bool {
	return other != nil && t.times.SpeechEnd != nil && timeOf(*t.times.SpeechEnd).Before(other.began)
}

// maxNod is how long a word may take that is heard while the assistant speaks, and is no
// more than a sign of somebody who listens.
const maxNod = 700 * time.Millisecond

// maxShortNod is how long two words may take that are a nod: who says two words says them
// in more.
const maxShortNod = 400 * time.Millisecond

// hangover is how much later than a voice its events come: its end after 260 ms of
// silence, less the 120 ms that its beginning takes to be noticed.
const hangover = 140 * time.Millisecond

// tooShortToInterrupt reports whether t is a word or two in so short a time that they may
// be no more than a nod or a cough, and no question: recognisers write those as words that
// nobody said.
func (t *turn) tooShortToInterrupt() bool {
	if t.times.SpeechStart == nil || t.times.SpeechEnd == nil || strings.HasSuffix(t.text, "?") {
		return false
	}
	took := timeOf(*t.times.SpeechEnd).Sub(timeOf(*t.times.SpeechStart)) - hangover
	switch len(phrases.Words(t.text)) {
	case 1:
		return took <= maxNod
	case 2:
		return took <= maxShortNod
	}
	return false
}

// isTooShort reports whether t is too short to interrupt what is heard in its room, and no
// word that wants something all the same: "why", "louder".
func (c *conversation) isTooShort(t *turn, now time.Time) bool {
	if t.typed || !c.audible(t.room) || !t.tooShortToInterrupt() {
		return false
	}
	return !c.phraseBook.WantsSomething(t.text) && !c.isRule(t.text, t.room, now)
}

// repeat begins a turn that says pieces once more, without the model.
func (c *conversation) repeat(t *turn, r *room, from origin, pieces []string, now time.Time) []effect {
	out := c.silenceRoom(from.room, r, "superseded", now)
	if c.tooManyTurns(r) {
		return append(out, t.record(contract.TurnFailed, "too much is said at once", now))
	}
	r.windowEnd, r.unheard = time.Time{}, nil
	c.run(t, r, now)
	t.responded = true
	return append(out, c.speak(t, "neutral", t.cause, now, pieces...)...)
}

// lastHeard is what the assistant said last in a room: the answer that is spoken,
// else the last one of the history.
func (c *conversation) lastHeard(r *room) []string {
	if r.running != nil && r.running.times.FirstAudio != nil {
		var all []string
		for _, p := range r.running.spoken {
			if !p.begun.IsZero() {
				all = append(all, p.text)
			}
		}
		return all
	}
	for i := len(r.history) - 1; i >= 0; i-- {
		if reply := strings.TrimSuffix(r.history[i].reply, " —"); reply != "" {
			return []string{reply}
		}
	}
	return nil
}

// meant reports whether an utterance without a wake phrase is for the assistant. In
// wake mode it is judged by when it was said, and not by when its text arrived.
// Start and end are of its speech, in seconds since 1970; nil is unknown.
func (c *conversation) meant(r *room, start, end *float64, now time.Time) bool {
	if c.live {
		return true
	}
	begun := now
	if start != nil {
		begun = timeOf(*start)
	}
	if end != nil && timeOf(*end).Before(r.windowBegan) {
		return false // it was said before the wake word
	}
	return !begun.After(r.windowEnd) && !r.windowEnd.IsZero() && !begun.Before(r.windowBegan.Add(-wakePhraseLength))
}

func timeOf(seconds float64) time.Time { return time.UnixMicro(int64(seconds * 1e6)) }

// wakePhrase takes a wake phrase off text. In wake mode what was said before the
// phrase is left out as well.
func (c *conversation) wakePhrase(text string) (rest string, woken bool) {
	return findWakePhrase(text, c.phrases, c.phraseBook, !c.live)
}

// continues reports whether t is the second half of what first is: both were
// spoken, one right after the other, before an answer was noticed.
func (t *turn) continues(first *turn, now time.Time) bool {
	begun := now
	if t.times.SpeechStart != nil {
		begun = timeOf(*t.times.SpeechStart)
	}
	return !t.typed && first.goesOnAt(begun)
}

// goesOnAt reports whether speech that began at a time goes on with what t is.
func (t *turn) goesOnAt(begun time.Time) bool {
	if t.typed || t.times.SpeechEnd == nil || t.times.FirstAudio != nil && begun.Sub(timeOf(*t.times.FirstAudio)) > maxLateJoin {
		return false
	}
	gap := begun.Sub(timeOf(*t.times.SpeechEnd))
	return gap >= 0 && gap <= maxJoinGap
}

// joinHalves joins two parts of a sentence. A recogniser ends the first with a full
// stop and begins the second with a capital letter.
func joinHalves(first, second string) string {
	first = strings.TrimRightFunc(first, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(".…", r) })
	if r, size := utf8.DecodeRuneInString(second); size > 0 && !strings.HasPrefix(second, "I ") && !strings.HasPrefix(second, "I'") && (len(second) == size || !isUpperAt(second, size)) {
		second = string(unicode.ToLower(r)) + second[size:]
	}
	return first + " " + second
}

// isUpperAt reports whether a capital letter stands at byte i, as in "USA".
func isUpperAt(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsUpper(r)
}
