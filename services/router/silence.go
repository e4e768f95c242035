package router

import (
	"time"

	"github.com/gotars/tars/contract"
)

// maxQueueWait is how long what is said waits for a voice that speaks to others all the
// time. Three dozen people would have to be answered before it.
const maxQueueWait = 10 * time.Minute

// giveUp ends turns of which nothing more is heard, because the model or the voice does
// not work for them any more, and says so where it can.
func (c *conversation) giveUp(now time.Time) (out []effect) {
	for _, t := range c.turnsByAge() {
		if t.responded && !t.pausedAt.IsZero() { // it waits for somebody
			t.lastSign = now
		}
		quiet := now.Sub(t.lastSign) >= c.cfg.LLMTimeout
		switch {
		case !t.pausedAt.IsZero() && now.Sub(t.pausedAt) >= maxHeld:
			out = append(out, c.interrupt(t, "held for too long", now)...)
		case !t.responded && quiet && t.written: // only the response was lost
			t.responded, t.lastSign = true, now
			out = append(out, c.closeIfDone(t, now)...)
		case !t.responded && quiet:
			t.responded, t.failure, t.lastSign = true, "the model did not answer", now
			out = append(out, effect{t.room, t.cause, contract.LLMCancel{ID: t.id}})
			out = append(out, c.apologise(t, t.cause, now)...)
		case t.responded && c.isVoiceSilent(t, now):
			stop := contract.TtsControl{Action: contract.TtsStop, Reason: new("silent"), ID: &t.id} // nobody waits any more for what it may still say
			out = append(out, effect{t.room, t.cause, stop})
			out = append(out, c.closeTurn(t, contract.TurnFailed, "the voice was silent", now)...)
		}
	}
	return out
}

// isVoiceSilent reports whether the voice does nothing for t any more. A piece that it
// speaks takes its time; one that waits at a loudspeaker for what is said to others there
// is not forgotten while the voice works at all.
func (c *conversation) isVoiceSilent(t *turn, now time.Time) bool {
	last, longest := t.lastSign, c.cfg.VoiceTimeout
	if p := t.speaking(); p != nil {
		longest += time.Duration(2 * float64(len([]rune(p.text))) / spokenRate * float64(time.Second)) // at half of the usual pace
	} else if now.Sub(last) < maxQueueWait {
		last = latest(last, c.voiceSign)
	}
	return now.Sub(last) >= longest
}

// speaking is the piece that the voice says now, nil for none.
func (t *turn) speaking() *piece {
	for i := range t.spoken {
		if p := &t.spoken[i]; !p.over && !p.begun.IsZero() {
			return p
		}
	}
	return nil
}

// apologise says that there is no answer, or no more of one that has begun.
func (c *conversation) apologise(t *turn, cause string, now time.Time) []effect {
	text := c.cfg.Apology
	if t.answerPieces() > 0 {
		text = c.cfg.BrokenOff
	}
	t.splitter.Discard()
	if text == "" {
		return c.closeIfDone(t, now)
	}
	return c.sayNotice(t, text, cause, now)
}

// tellCut says that an answer ends before its end.
func (c *conversation) tellCut(t *turn, why, cause string, now time.Time) []effect {
	text := c.cfg.CutShort
	switch why {
	case contract.LLMCutFilter:
		t.failure, text = "the provider of the model ended the answer", c.cfg.BrokenOff
	case contract.LLMCutBroken:
		t.failure, text = "the answer broke off", c.cfg.BrokenOff
		if t.answerPieces() == 0 {
			text = c.cfg.Apology
		}
	}
	if text == "" || t.answerPieces() == 0 && why != contract.LLMCutBroken { // one of which nothing can be said is shown
		return nil
	}
	return c.sayNotice(t, text, cause, now)
}

// sayNotice says something about an answer behind what was said of it.
func (c *conversation) sayNotice(t *turn, text, cause string, now time.Time) []effect {
	out := c.speak(t, "neutral", cause, now, text)
	t.spoken[len(t.spoken)-1].notice = true
	return out
}

// voiceFailures are the reasons with which the voice ends a piece that it could not say.
var voiceFailures = map[string]string{"failed": "the voice failed", "shutdown": "the voice was shut down"}

// noteVoiceFailure notes that the voice could not say a piece of t, when s tells that.
func (t *turn) noteVoiceFailure(s contract.TtsStatus) {
	if why := voiceFailures[textOf(s.Reason)]; why != "" && t.failure == "" {
		t.failure = why
	}
}
