package router

import (
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// delta takes a piece of an answer.
func (c *conversation) delta(d contract.LLMStreamDelta, now time.Time) []effect {
	t := c.turns[d.ID]
	if t == nil {
		return nil // the turn is over or was interrupted: what comes late is not spoken
	}
	t.lastSign, t.workSign = now, time.Time{}
	if t.times.FirstDelta == nil {
		t.times.FirstDelta = unixSeconds(now)
	}
	return c.speak(t, "neutral", d.MessageID, now, t.delta(d)...)
}

const (
	// fillerEvery is how long it is silent after a filler before the next one; each time for
	// twice as long.
	fillerEvery = 10 * time.Second
	// toolSilence is how long it is silent before the next one while tools are called: with
	// the time that a voice takes to begin, 1.2 s.
	toolSilence = time.Second
	// maxToolFillers is how many come so close to each other, for about half a minute.
	maxToolFillers = 12
	// workTimeout is how long word that an answer is worked on holds, which comes every 3 s.
	workTimeout = 5 * time.Second
)

// working takes word that an answer is worked on. Somebody who hears nothing is told so.
func (c *conversation) working(p contract.LLMProgress, now time.Time) []effect {
	t := c.turns[p.ID]
	if t == nil || t.responded {
		return nil
	}
	t.lastSign = now
	t.workSign, t.workCause = now, p.MessageID
	t.usesTools = t.usesTools || p.Tools > 0 || p.State == contract.LLMTool
	out := c.speak(t, "neutral", p.MessageID, now, t.speakable(t.splitter.Release())...)
	return append(out, c.fillSilence(t, now)...)
}

// fillToolTurns says another word in each turn that calls tools, when it was silent since
// the last one.
func (c *conversation) fillToolTurns(now time.Time) (out []effect) {
	for _, t := range c.turnsByAge() {
		if t.isWorking(now) {
			out = append(out, c.fillSilence(t, now)...)
		}
	}
	return out
}

// isWorking reports whether an answer is worked on with tools, and there is nothing to say.
func (t *turn) isWorking(now time.Time) bool {
	return t.usesTools && !t.responded && !t.workSign.IsZero() && now.Sub(t.workSign) <= workTimeout
}

// fillSilence says that an answer is worked on, if that is due.
func (c *conversation) fillSilence(t *turn, now time.Time) []effect {
	words := splitChoices(c.cfg.Filler)
	if len(words) == 0 || t.typed || t.unfinished > 0 || t.written || !t.pausedAt.IsZero() {
		return nil
	}
	due := t.fillerNext
	if t.usesTools && t.fillers < maxToolFillers {
		due = t.quietSince().Add(toolSilence)
	}
	if now.Before(due) {
		return nil
	}
	firstSay := t.times.FirstSay
	out := c.sayNotice(t, words[t.fillers%len(words)], t.workCause, now)
	t.spoken[len(t.spoken)-1].filler = true
	if say, ok := out[len(out)-1].m.(contract.TtsSay); ok { // no part of the conversation, for those who keep it
		say.SystemAnnounce = new(true)
		out[len(out)-1].m = say
	}
	t.times.FirstSay = firstSay
	t.fillerNext = now.Add(fillerEvery << min(t.fillers, 4))
	t.fillers++
	return out
}

// quietSince is when the last piece of t ended; zero: nothing was said.
func (t *turn) quietSince() (last time.Time) {
	for _, p := range t.spoken {
		if p.endedAt.After(last) {
			last = p.endedAt
		}
	}
	return last
}

// answered takes the whole answer.
func (c *conversation) answered(r contract.LLMResponse, now time.Time) []effect {
	t := c.turns[r.ID]
	if t == nil || t.responded {
		return nil
	}
	t.lastSign = now
	if r.Error != nil {
		t.responded, t.failure = true, *r.Error
		if *r.Error == "cancelled" {
			return c.interrupt(t, "cancelled", now)
		}
		return c.apologise(t, r.MessageID, now)
	}
	full := ""
	if r.Reply != nil {
		full = *r.Reply
	}
	out := c.speak(t, "neutral", r.MessageID, now, t.response(full, r.Cut)...)
	if t.answerPieces() == 0 && strings.TrimSpace(full) == "" { // one of an emoji alone is shown, and needs no voice
		t.failure = "empty answer"
		return append(out, c.apologise(t, r.MessageID, now)...)
	}
	if r.Cut != nil {
		out = append(out, c.tellCut(t, *r.Cut, r.MessageID, now)...)
	}
	return append(out, c.closeIfDone(t, now)...)
}

// speak hands pieces to the voice.
func (c *conversation) speak(t *turn, style, cause string, now time.Time, pieces ...string) (out []effect) {
	for _, p := range pieces {
		say := kit.NewID()
		t.spoken = append(t.spoken, piece{say: say, text: p})
		t.unfinished++
		if t.times.FirstSay == nil {
			t.times.FirstSay = unixSeconds(now)
		}
		m := contract.TtsSay{Text: p, Voice: nilIfEmpty(c.cfg.TTSVoice), Lang: &t.heard.Lang, UttID: &t.id, Style: orDefault(&style, "neutral"), STTTS: &t.heard.TS}
		m.MessageID = say
		out = append(out, effect{t.room, cause, m})
	}
	return out
}

// spoke takes what the voice is doing.
func (c *conversation) spoke(s contract.TtsStatus, room string, now time.Time) []effect {
	c.voiceSign = now
	t := c.turns[textOf(s.UttID)]
	if t == nil {
		return c.otherSpeech(s, room, now)
	}
	t.lastSign = now
	switch s.Event {
	case contract.TtsSpeakingStart:
		if s.Reason != nil { // nothing of it is heard: the voice failed, or there is nothing to say
			return nil
		}
		if t.times.FirstAudio == nil && !t.isNextFiller(s.Text) {
			t.times.FirstAudio = &s.Timestamp
		}
		t.markBegun(s.Text, now)
		c.noteVoice(t.room)
		return c.duck(t.room, c.roomAt(t.room, now), now)
	case contract.TtsStopped: // somebody else stopped it: the rest is not wanted
		return c.interrupt(t, "stopped", now)
	case contract.TtsPaused:
		t.pause(now)
	case contract.TtsResumed:
		t.resume(now)
	case contract.TtsSpeakingEnd:
		t.noteVoiceFailure(s)
		t.markEnded(s.Text, s.Reason != nil && *s.Reason != contract.TtsNoVoice, now)
		c.noteVoiceEnded(t.room, now)
		out := c.closeIfDone(t, now)
		if c.turns[t.id] == nil { // the answer is over: what follows it needs no wake phrase
			c.roomAt(t.room, now).awaitReply(now, c.cfg.ResponseWindow) // of the turn: a voice of another make does not tell the room
		}
		return out
	}
	return nil
}

// partlyHeard takes from the voice how much was heard of a piece that it did not speak to
// its end. The turn may be over by then, and in the history.
func (c *conversation) partlyHeard(m contract.SpeechHeard, now time.Time) []effect {
	utt := textOf(m.UttID)
	if t := c.turns[utt]; t != nil {
		t.lastSign = now
		t.markHeard(m)
		return nil
	}
	for _, r := range c.rooms {
		for i := range r.history {
			if e := &r.history[i]; e.turn != nil && e.turn.id == utt {
				e.turn.markHeard(m)
				e.reply = e.turn.heardText(true)
			}
		}
	}
	return nil
}

// otherSpeech takes the status of speech that belongs to no turn. What another
// service had the voice say may be answered without a wake phrase, unless it was an
// acknowledgement of the wake word, an announcement, or was stopped.
func (c *conversation) otherSpeech(s contract.TtsStatus, room string, now time.Time) []effect {
	quiet := s.WakeAck != nil && *s.WakeAck || s.SystemAnnounce != nil && *s.SystemAnnounce
	over := slices.Contains(c.recentTurns, textOf(s.UttID)) // what is left of a turn that was interrupted
	switch s.Event {
	case contract.TtsSpeakingStart, contract.TtsResumed: // the start of one that a router before this one paused is not known
		c.forgetOther(textOf(s.UttID))
		if over {
			return nil
		}
		if len(c.others) >= maxOthers {
			c.others = c.others[1:]
		}
		c.others = append(c.others, otherUtterance{room, textOf(s.UttID), now})
		c.noteVoice(room)
		return c.duck(room, c.roomAt(room, now), now)
	case contract.TtsStopped:
		c.forgetOther(textOf(s.UttID))
	case contract.TtsSpeakingEnd:
		c.forgetOther(textOf(s.UttID))
		c.noteVoiceEnded(room, now)
		if !quiet && !over && s.Reason == nil {
			c.roomAt(room, now).awaitReply(now, c.cfg.ResponseWindow)
		}
	}
	return nil
}

// awaitReply opens the window of a room in which an answer may be followed up.
func (r *room) awaitReply(now time.Time, window time.Duration) {
	r.windowEnd, r.woken = now.Add(window), false
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// closeIfDone closes a turn whose answer is complete and spoken.
func (c *conversation) closeIfDone(t *turn, now time.Time) []effect {
	switch {
	case !t.responded || t.unfinished > 0:
		return nil
	case t.failure != "":
		return c.closeTurn(t, contract.TurnFailed, t.failure, now)
	}
	return c.closeTurn(t, contract.TurnDone, "", now)
}
