package router

import (
	"fmt"
	"time"

	"github.com/gotars/tars/contract"
)

// interrupt silences a turn: the model stops writing and the voice speaking.
func (c *conversation) interrupt(t *turn, reason string, now time.Time) (out []effect) {
	if t.asked && !t.responded {
		out = append(out, effect{t.room, t.cause, contract.LLMCancel{ID: t.id}})
	}
	if t.unfinished > 0 {
		out = append(out, effect{t.room, t.cause, contract.TtsControl{Action: contract.TtsStop, Reason: &reason, ID: &t.id}})
	}
	t.cutShort(now)
	return append(out, c.closeTurn(t, contract.TurnInterrupted, reason, now)...)
}

// cancelled takes a cancel that somebody else sent: the rest of the answer is
// dropped.
func (c *conversation) cancelled(m contract.LLMCancel, now time.Time) []effect {
	if t := c.turns[m.ID]; t != nil {
		t.asked = false // the model gets the cancel itself
		return c.interrupt(t, "cancelled", now)
	}
	return nil
}

// woke takes an event of the wake word or of the voice activity detector.
func (c *conversation) woke(w contract.WakeEvent, from origin, now time.Time) []effect {
	r := c.roomAt(from.room, now)
	switch w.Type {
	case contract.WakeEventWake:
		id := *orDefault(w.TTSID, fmt.Sprintf("wake-ack-%d", now.UnixMilli()))
		if from.room == "" { // a detector without a room is heard in all of them
			for _, name := range c.roomNames() {
				c.rooms[name].wake(now, c.cfg.WakeWindow)
			}
		}
		return append(c.silenceRoom(from.room, r, "wake", now), c.woken(r, id, from.room, now)...)
	case contract.WakeEventInterrupt, contract.WakeEventCancelled:
		var out []effect
		for _, t := range c.turnsMeant(w, from.room) {
			out = append(out, c.interrupt(t, w.Type, now)...)
		}
		r.windowEnd = time.Time{}
		if w.Type == contract.WakeEventInterrupt {
			r.windowEnd, r.woken = now.Add(c.cfg.WakeWindow), true
		}
		return out
	case contract.WakeEventSpeechStart:
		r.beginSpeech(now)
		r.overVoice = c.sounds(from.room, r, now)
		r.noteEnergy(w)
		if now.Before(r.windowEnd) { // somebody began to speak inside the window: keep it open until the transcript is here
			r.windowEnd = latest(r.windowEnd, now.Add(c.cfg.WakeWindow))
		}
		return append(c.withdrawAhead(from.room), c.voiceBegan(from.room, r, now)...)
	case contract.WakeEventSpeechSustained:
		return c.voiceSustained(from.room, r, now)
	case contract.WakeEventSpeechEnd:
		r.speechEnd = unixSeconds(now)
		r.noteEnergy(w)
		if !r.barge.since.IsZero() {
			r.barge.ended = now
		}
	}
	return nil
}

// turnsMeant returns the turns that a wake event is about: the one it names, else
// those of its room, else all.
func (c *conversation) turnsMeant(w contract.WakeEvent, room string) (out []*turn) {
	for _, t := range c.turnsByAge() {
		if w.TTSID != nil && *w.TTSID != t.id || w.TTSID == nil && room != "" && room != t.room {
			continue
		}
		out = append(out, t)
	}
	return out
}

// wake opens the window of a room in which a command needs no wake phrase.
func (r *room) wake(now time.Time, window time.Duration) {
	r.windowEnd, r.windowBegan, r.woken = now.Add(window), now, true
}

// woken opens a window in which a command needs no wake phrase, and acknowledges it.
func (c *conversation) woken(r *room, id, name string, now time.Time) []effect {
	r.wake(now, c.cfg.WakeWindow)
	if !c.cfg.WakeAckEnabled || len(c.acks) == 0 {
		return nil
	}
	text := c.acks[c.nextAck%len(c.acks)]
	c.nextAck++
	yes := true
	return []effect{{name, "", contract.TtsSay{Text: text, UttID: &id, Style: nilIfEmpty(c.cfg.WakeAckStyle), WakeAck: &yes}}}
}

// partial keeps the window of a room open while somebody still speaks, and ends
// what the assistant says when it interrupts that.
func (c *conversation) partial(p contract.PartialTranscript, from origin, now time.Time) []effect {
	r := c.roomAt(from.room, now)
	if now.Before(r.windowEnd) {
		r.windowEnd = latest(r.windowEnd, now.Add(c.cfg.WakeWindow))
	}
	return c.interruptByWords(p, from.room, r, now)
}

// tick gives up on turns for which the model or the voice was silent for too long.
func (c *conversation) tick(now time.Time) (out []effect) {
	out = append(c.watchBargeIns(now), c.releaseOverdue(now)...)
	out = append(out, c.watchTimers(now)...)
	out = append(out, c.fillToolTurns(now)...)
	return append(out, c.giveUp(now)...)
}

// leave ends all that goes on: the router stops, and nobody would end a turn that it
// began, or give back a voice that it lowered or paused.
func (c *conversation) leave(now time.Time) (out []effect) {
	for _, name := range c.roomNames() {
		r := c.rooms[name]
		out = append(out, c.dropWaiting(r, contract.TurnFailed, "shutdown", now)...)
		if r.running == nil { // an announcement goes on by itself
			out = append(out, c.giveBack(name, r, "shutdown", now)...)
		}
	}
	for _, t := range c.turnsByAge() {
		out = append(out, c.interrupt(t, "shutdown", now)...)
	}
	return out
}

// health announces, once, that recogniser and voice are ready.
func (c *conversation) health(h contract.HealthPing) []effect {
	c.noteTimers(h)
	c.noteBody(h)
	if !c.cfg.OnlineAnnounce || c.announced {
		return nil
	}
	c.online[h.Name] = h.OK
	if !c.online["tars-stt"] || !c.online["tars-tts"] {
		return nil
	}
	c.announced = true
	yes, boot := true, "boot"
	return []effect{{"", "", contract.TtsSay{Text: c.cfg.OnlineAnnounceText, UttID: &boot, SystemAnnounce: &yes}}}
}
