package router

import (
	"slices"
	"time"

	"github.com/gotars/tars/contract"
)

// delta takes a piece of an answer.
func (c *conversation) delta(d contract.LLMStreamDelta, now time.Time) []effect {
	t := c.turns[d.ID]
	if t == nil {
		return nil // over or interrupted: what comes late is not spoken
	}
	t.since = now
	if t.times.FirstDelta == nil {
		t.times.FirstDelta = unix(now)
	}
	return c.speak(t, "neutral", d.MessageID, now, t.delta(d)...)
}

// answered takes the whole answer.
func (c *conversation) answered(r contract.LLMResponse, now time.Time) []effect {
	t := c.turns[r.ID]
	if t == nil || t.told {
		return nil
	}
	t.since = now
	if r.Error != nil {
		t.told, t.failed = true, *r.Error
		if *r.Error == "cancelled" {
			return c.over(t, contract.TurnInterrupted, "cancelled", now)
		}
		return c.apologise(t, r.MessageID, now)
	}
	full := ""
	if r.Reply != nil {
		full = *r.Reply
	}
	out := c.speak(t, "neutral", r.MessageID, now, t.response(full)...)
	if len(t.spoken) == 0 {
		t.failed = "empty answer"
		return append(out, c.apologise(t, r.MessageID, now)...)
	}
	return append(out, c.settle(t, now)...)
}

// apologise says that there is no answer, unless some of it was said.
func (c *conversation) apologise(t *turn, cause string, now time.Time) []effect {
	if c.cfg.Apology == "" || len(t.spoken) > 0 {
		return c.settle(t, now)
	}
	return c.speak(t, "neutral", cause, now, c.cfg.Apology)
}

// speak hands pieces to the voice.
func (c *conversation) speak(t *turn, style, cause string, now time.Time, pieces ...string) (out []effect) {
	for _, p := range pieces {
		t.spoken = append(t.spoken, say{text: p})
		t.open++
		if t.times.FirstSay == nil {
			t.times.FirstSay = unix(now)
		}
		m := contract.TtsSay{Text: p, Voice: optional(c.cfg.TTSVoice), Lang: &t.heard.Lang, UttID: &t.id, Style: orElse(&style, "neutral"), STTTS: &t.heard.TS}
		out = append(out, effect{t.room, cause, m})
	}
	return out
}

// spoke takes what the voice is doing.
func (c *conversation) spoke(s contract.TtsStatus, room string, now time.Time) []effect {
	t := c.turns[deref(s.UttID)]
	if t == nil {
		return c.outside(s, room, now)
	}
	t.since = now
	switch s.Event {
	case contract.TtsSpeakingStart:
		if t.times.FirstAudio == nil {
			t.times.FirstAudio = &s.Timestamp
		}
	case contract.TtsStopped: // by somebody else: what is unsaid is not wanted
		return c.interrupt(t, "stopped", now)
	case contract.TtsSpeakingEnd:
		t.ended(s.Text, s.Reason != nil)
		out := c.settle(t, now)
		if c.turns[t.id] == nil { // the answer is over: it may be followed up
			c.at(t.room, now).until = now.Add(c.cfg.ResponseWindow) // a foreign voice does not tell the room
		}
		return out
	}
	return nil
}

// outside takes the status of speech that is of no turn: what others let the
// voice say may be answered, unless it was an announcement or was stopped.
func (c *conversation) outside(s contract.TtsStatus, room string, now time.Time) []effect {
	quiet := s.WakeAck != nil && *s.WakeAck || s.SystemAnnounce != nil && *s.SystemAnnounce
	over := slices.Contains(c.used, deref(s.UttID)) // a turn that was interrupted
	if s.Event == contract.TtsSpeakingEnd && !quiet && !over && s.Reason == nil {
		c.at(room, now).until = now.Add(c.cfg.ResponseWindow)
	}
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// settle ends a turn of which everything is said.
func (c *conversation) settle(t *turn, now time.Time) []effect {
	switch {
	case !t.told || t.open > 0:
		return nil
	case t.failed != "":
		return c.over(t, contract.TurnFailed, t.failed, now)
	}
	return c.over(t, contract.TurnDone, "", now)
}
