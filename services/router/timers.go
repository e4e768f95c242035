package router

import (
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/phrases"
)

// timersTimeout is how long the service of the timers may take to say whether something is
// about them. It takes a millisecond; after this the model is asked.
const timersTimeout = time.Second

// timers is what is known of the service that keeps timers: what is said is offered to it
// before the model is asked. The zero value is a house without one.
type timers struct {
	ready bool
	rings []string // rooms in which something rings; empty is all of them
}

// offer is how a turn is offered to the timers.
type offer struct {
	since time.Time // zero: it is not, or they have answered
	only  bool      // it is for them or for nobody: something rings, and it may not be meant for the assistant
	meant bool
}

// noteTimers takes the health of the service of the timers.
func (c *conversation) noteTimers(h contract.HealthPing) {
	if h.Name != contract.TimerClient {
		return
	}
	c.timers.ready = h.OK || textOf(h.Event) == contract.HealthDegraded
	if !c.timers.ready {
		c.timers.rings = nil
	}
}

// noteRinging takes the state of all timers.
func (c *conversation) noteRinging(s contract.TimerState) {
	c.timers.rings = nil
	for _, t := range s.Timers {
		if t.State == contract.TimerRinging && !slices.Contains(c.timers.rings, textOf(t.Room)) {
			c.timers.rings = append(c.timers.rings, textOf(t.Room))
		}
	}
}

// isRinging reports whether something rings in a room.
func (c *conversation) isRinging(name string) bool {
	return slices.ContainsFunc(c.timers.rings, func(room string) bool { return room == name || room == "" || name == "" })
}

// stopRinging ends what rings in a room.
func (c *conversation) stopRinging(name string) []effect {
	if !c.isRinging(name) {
		return nil
	}
	c.timers.rings = slices.DeleteFunc(c.timers.rings, func(room string) bool { return room == name || room == "" || name == "" })
	return []effect{{name, "", contract.TimerCommand{Action: contract.TimerStop}}}
}

// offerToTimers asks the timers before the model. ok is false where nobody keeps any.
func (c *conversation) offerToTimers(t *turn, now time.Time) (out []effect, ok bool) {
	if !c.timers.ready {
		return nil, false
	}
	t.offered.since = now
	return []effect{{t.room, t.cause, contract.TimerUtterance{Text: t.text, Lang: t.heard.Lang, Ringing: t.offered.only}}}, true
}

// steerRinging takes what is said while something rings, and is not a word such as stop:
// "snooze" and "okay" need no wake phrase then, and interrupt nothing else.
func (c *conversation) steerRinging(t *turn, from origin, meant bool, now time.Time) (out []effect, done bool) {
	if t.text == "" || !c.isRinging(from.room) || !c.mayBeForRinging(t, meant, now) || len(c.turns) >= maxTurns {
		return nil, false
	}
	t.offered.only, t.offered.meant = true, meant
	out, done = c.offerToTimers(t, now)
	if done {
		c.turns[t.id] = t
	}
	return out, done
}

// mayBeForRinging reports whether what is said is for what rings, or for nobody: a nod, what
// is not meant for the assistant, and what is too short to interrupt it. What is meant is
// offered to the timers in any case.
func (c *conversation) mayBeForRinging(t *turn, meant bool, now time.Time) bool {
	switch c.phraseBook.IntentOf(t.text) {
	case phrases.Nod:
		return true
	case phrases.NoIntent:
		return !meant || c.isTooShort(t, now)
	}
	return false
}

// timersAnswered takes what the timers say of the turn that the message with the id cause began.
func (c *conversation) timersAnswered(m contract.TimerReply, cause string, now time.Time) []effect {
	for _, t := range c.turnsByAge() {
		if t.cause != cause || t.offered.since.IsZero() {
			continue
		}
		t.lastSign = now
		if !m.Handled {
			return c.notForTimers(t, now)
		}
		t.offered.since, t.responded = time.Time{}, true
		out := t.endAhead()
		if m.Text == "" {
			return append(out, c.closeTurn(t, contract.TurnDone, "", now)...)
		}
		return append(out, c.speak(t, "neutral", t.cause, now, m.Text)...)
	}
	return nil
}

// notForTimers asks the model for what the timers do not take.
func (c *conversation) notForTimers(t *turn, now time.Time) []effect {
	t.offered.since = time.Time{}
	if !t.offered.only {
		return c.askModel(t, now)
	}
	delete(c.turns, t.id)
	reason := "nod"
	if !t.offered.meant {
		reason = "no wake phrase"
	}
	return append(c.giveBack(t.room, c.roomAt(t.room, now), "not_meant", now), t.record(contract.TurnIgnored, reason, now))
}

// watchTimers asks the model where the timers do not answer.
func (c *conversation) watchTimers(now time.Time) (out []effect) {
	for _, t := range c.turnsByAge() {
		if !t.offered.since.IsZero() && now.Sub(t.offered.since) >= timersTimeout {
			out = append(out, c.notForTimers(t, now)...)
		}
	}
	return out
}

// waitsForTimers reports whether a turn is offered to them.
func (c *conversation) waitsForTimers() bool {
	for _, t := range c.turns {
		if !t.offered.since.IsZero() {
			return true
		}
	}
	return false
}

// askModel asks the model to answer a turn.
func (c *conversation) askModel(t *turn, now time.Time) []effect {
	t.asked, t.ahead = true, false
	t.times.Request = unixSeconds(now)
	return []effect{{t.room, t.cause, contract.LLMRequest{ID: t.id, Text: t.text, History: c.history(c.roomAt(t.room, now), now)}}}
}
