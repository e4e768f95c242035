package router

import (
	"fmt"
	"time"

	"github.com/gotars/tars/contract"
)

// supersede ends what the room was still being told: a new request replaces it.
func (c *conversation) supersede(r *room, now time.Time) []effect {
	if r.running == nil {
		return nil
	}
	return c.interrupt(r.running, "superseded", now)
}

// interrupt silences a turn: the model stops writing and the voice speaking.
func (c *conversation) interrupt(t *turn, reason string, now time.Time) (out []effect) {
	if t.asked && !t.told {
		out = append(out, effect{t.room, t.cause, contract.LLMCancel{ID: t.id}})
	}
	if t.open > 0 {
		out = append(out, effect{t.room, t.cause, contract.TtsControl{Action: contract.TtsStop, Reason: &reason, ID: &t.id}})
	}
	return append(out, c.over(t, contract.TurnInterrupted, reason, now)...)
}

// cancelled takes somebody else's cancel: what is unsaid is dropped.
func (c *conversation) cancelled(m contract.LLMCancel, now time.Time) []effect {
	if t := c.turns[m.ID]; t != nil {
		t.asked = false // the model was told already
		return c.interrupt(t, "cancelled", now)
	}
	return nil
}

// woke takes an event of the wake word or of the voice activity detector.
func (c *conversation) woke(w contract.WakeEvent, from origin, now time.Time) []effect {
	r := c.at(from.room, now)
	switch w.Type {
	case contract.WakeEventWake:
		id := *orElse(w.TTSID, fmt.Sprintf("wake-ack-%d", now.UnixMilli()))
		return c.woken(r, id, from.room, now)
	case contract.WakeEventInterrupt, contract.WakeEventCancelled:
		var out []effect
		for _, t := range c.concerned(w, from.room) {
			out = append(out, c.interrupt(t, w.Type, now)...)
		}
		r.until = time.Time{}
		if w.Type == contract.WakeEventInterrupt {
			r.until = now.Add(c.cfg.WakeWindow)
		}
		return out
	case contract.WakeEventSpeechStart:
		r.start, r.end = unix(now), nil
		if now.Before(r.until) { // somebody speaks inside the window: wait for the end of it
			r.until = later(r.until, now.Add(c.cfg.WakeWindow))
		}
	case contract.WakeEventSpeechEnd:
		r.end = unix(now)
	}
	return nil
}

// concerned are the turns that a wake event is about.
func (c *conversation) concerned(w contract.WakeEvent, room string) (out []*turn) {
	for _, t := range c.inOrder() {
		if w.TTSID != nil && *w.TTSID != t.id || w.TTSID == nil && room != "" && room != t.room {
			continue
		}
		out = append(out, t)
	}
	return out
}

// woken opens a window and acknowledges.
func (c *conversation) woken(r *room, id, name string, now time.Time) []effect {
	r.until = now.Add(c.cfg.WakeWindow)
	if !c.cfg.WakeAckEnabled || len(c.acks) == 0 {
		return nil
	}
	text := c.acks[c.ack%len(c.acks)]
	c.ack++
	yes := true
	return []effect{{name, "", contract.TtsSay{Text: text, UttID: &id, Style: optional(c.cfg.WakeAckStyle), WakeAck: &yes}}}
}

// partial keeps a window open while somebody still speaks.
func (c *conversation) partial(room string, now time.Time) {
	if r := c.at(room, now); now.Before(r.until) {
		r.until = later(r.until, now.Add(c.cfg.WakeWindow))
	}
}

// tick gives up on what was silent for too long.
func (c *conversation) tick(now time.Time) (out []effect) {
	for _, t := range c.inOrder() {
		switch quiet := now.Sub(t.since); {
		case !t.told && quiet >= c.cfg.LLMTimeout:
			t.told, t.failed, t.since = true, "the model did not answer", now
			out = append(out, effect{t.room, t.cause, contract.LLMCancel{ID: t.id}})
			out = append(out, c.apologise(t, t.cause, now)...)
		case t.told && quiet >= c.cfg.VoiceTimeout:
			out = append(out, c.over(t, contract.TurnFailed, "the voice was silent", now)...)
		}
	}
	return out
}

// health announces once that everything needed is ready.
func (c *conversation) health(h contract.HealthPing) []effect {
	if !c.cfg.OnlineAnnounce || c.said {
		return nil
	}
	c.online[h.Name] = h.OK
	if !c.online["tars-stt"] || !c.online["tars-tts"] {
		return nil
	}
	c.said = true
	yes, boot := true, "boot"
	return []effect{{"", "", contract.TtsSay{Text: c.cfg.OnlineAnnounceText, UttID: &boot, SystemAnnounce: &yes}}}
}
