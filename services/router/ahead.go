package router

import (
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/phrases"
)

// probable takes what somebody said who has probably finished. The model begins its answer,
// and nothing of that is known to anybody until the transcript is here: where somebody goes
// on, it is withdrawn without a trace.
func (c *conversation) probable(p contract.ProbableTranscript, from origin, now time.Time) []effect {
	r := c.roomAt(from.room, now)
	text, ok := c.willAskModel(p, r, from, now)
	if !ok {
		return c.withdrawAhead(from.room)
	}
	var out []effect
	if r.ahead != p.UttID { // a later one with the same id takes the place of the one before
		out = c.withdrawAhead(from.room)
	}
	r.ahead = p.UttID
	return append(out, effect{from.room, "", contract.LLMAhead{ID: p.UttID, Text: text, History: c.history(r, now)}})
}

// willAskModel returns what the model will be asked when p becomes the transcript, and
// whether it will. Nothing is asked ahead in a room in which something goes on, where words
// may steer that.
func (c *conversation) willAskModel(p contract.ProbableTranscript, r *room, from origin, now time.Time) (text string, ok bool) {
	if !c.cfg.AskAhead || c.busy(from.room) || r.held != nil || len(c.turns) >= maxTurns {
		return "", false
	}
	text, woken := c.wakePhrase(p.Text)
	if !woken && (!c.meant(r, r.speechStart, r.speechEnd, now) || c.mayBeOwnVoice(from.room, r, now)) {
		return "", false
	}
	if text == "" || c.phraseBook.IntentOf(text) != phrases.NoIntent || c.isRule(text, from.room, now) {
		return "", false
	}
	return text, true
}

// isRule reports whether text is answered without the model.
func (c *conversation) isRule(text, room string, now time.Time) bool {
	switch normalize(text) {
	case normalize(c.cfg.LiveModeEnterPhrase), normalize(c.cfg.LiveModeExitPhrase):
		return true
	}
	if _, _, ok := readVolume(text, c.volumes.in(room)); ok {
		return true
	}
	if _, ok := c.readMovement(text); ok {
		return true
	}
	_, ok := answerByRule(text, now)
	return ok
}

// takeAhead has a turn go on with the answer that was begun ahead, if it was begun for it.
func (c *conversation) takeAhead(t *turn, r *room) {
	if r.ahead == t.id {
		t.ahead, r.ahead = true, ""
	}
}

// endAhead withdraws the answer that was begun ahead, when the turn needs none.
func (t *turn) endAhead() []effect {
	if !t.ahead {
		return nil
	}
	t.ahead = false
	return []effect{{t.room, "", contract.LLMAhead{ID: t.id}}}
}

// withdrawAhead withdraws the answer that was begun ahead in a room, if there is one.
func (c *conversation) withdrawAhead(name string) []effect {
	r := c.rooms[name]
	if r == nil || r.ahead == "" {
		return nil
	}
	id := r.ahead
	r.ahead = ""
	return []effect{{name, "", contract.LLMAhead{ID: id}}}
}
