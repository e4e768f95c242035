package router

import (
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/phrases"
)

const (
	// minInterruptWords is how many words, that are no nod, interrupt at once.
	minInterruptWords = 2
	// minInterruptConfidence is how sure the recogniser has to be of words that were said
	// in the time of a nod: what it makes of a cough or a hum is words too.
	minInterruptConfidence = 0.5
	// verdictTimeout is how long after speech its text may come. Without one the
	// voice comes back.
	verdictTimeout = 4 * time.Second
	// maxDuck bounds how long the voice stays low while somebody speaks who is not
	// heard out.
	maxDuck = 10 * time.Second
	// maxOtherSpeech is after how long speech without a turn is taken for over, should
	// its end never be told.
	maxOtherSpeech = 5 * time.Minute
	// maxHeld is how long speech waits for "go on" after "hold on".
	maxHeld = 10 * time.Minute
)

// bargeIn is somebody speaking in a room in which the assistant speaks or thinks:
//
//	voice ─▶ ducked ─▶ silenced ─▶ interrupted (the turn is over)
//	            └─────────┴─▶ given back (a nod, noise, an echo, not meant for us)
//
// The zero value is a room in which nobody does.
type bargeIn struct {
	since     time.Time // when the voice began; zero: nobody speaks
	ended     time.Time // when it ended; zero: it goes on
	sustained bool      // it is longer than a nod
	ducked    bool      // the assistant's voice is low
	silenced  bool      // it is paused
	paused    *string   // the utterance that was paused then; nil: whatever was said
}

// otherUtterance is speech that belongs to no turn, such as an announcement.
type otherUtterance struct {
	room, utt string
	since     time.Time
}

// audible reports whether the assistant's voice can be heard in a room.
func (c *conversation) audible(name string) bool {
	r := c.rooms[name]
	if r != nil && r.running != nil && r.running.unfinished > 0 && r.running.audible() {
		return true
	}
	return len(c.othersIn(name)) > 0
}

// busy reports whether the assistant speaks or thinks in a room.
func (c *conversation) busy(name string) bool {
	r := c.rooms[name]
	return r != nil && r.running != nil || len(c.othersIn(name)) > 0 || c.isRinging(name)
}

// othersIn returns the speech without a turn that is heard in a room: its own, and
// what is said to no room in particular.
func (c *conversation) othersIn(name string) (all []otherUtterance) {
	for _, o := range c.others {
		if o.room == name || o.room == "" || name == "" {
			all = append(all, o)
		}
	}
	return all
}

// addressed reports whether what is said now in r is meant for the assistant
// without a wake phrase.
func (c *conversation) addressed(r *room, now time.Time) bool {
	return c.live || now.Before(r.windowEnd)
}

// voiceBegan notes that somebody began to speak.
func (c *conversation) voiceBegan(name string, r *room, now time.Time) []effect {
	if !c.busy(name) {
		return nil
	}
	if r.barge.since.IsZero() || !r.barge.ended.IsZero() {
		r.barge.since = now
	}
	r.barge.ended, r.barge.sustained = time.Time{}, false
	return c.duck(name, r, now)
}

// voiceSustained notes that somebody speaks for longer than a nod takes.
func (c *conversation) voiceSustained(name string, r *room, now time.Time) []effect {
	r.barge.sustained = !r.barge.since.IsZero()
	return c.silenceSustained(name, r, now)
}

// silenceSustained pauses the voice into which somebody speaks for longer than a nod
// takes, when that is meant for the assistant.
func (c *conversation) silenceSustained(name string, r *room, now time.Time) []effect {
	if !r.barge.goesOn() || !c.cfg.InterruptSpeaking || !c.addressed(r, now) || !c.audible(name) {
		return nil
	}
	return c.silence(name, r, now)
}

// goesOn reports whether somebody speaks for longer than a nod into a voice that is low
// and not paused yet.
func (b bargeIn) goesOn() bool { return b.sustained && b.ended.IsZero() && b.ducked && !b.silenced }

// duck lowers the voice in a room in which somebody speaks into it, and pauses it when
// that has gone on for long.
func (c *conversation) duck(name string, r *room, now time.Time) []effect {
	if !c.cfg.Duck || c.wantsWake(name) || r.barge.since.IsZero() || !r.barge.ended.IsZero() || r.barge.ducked || r.held != nil || !c.audible(name) {
		return nil
	}
	r.barge.ducked = true
	low := effect{name, "", contract.SpeechDuck{On: true, DB: contract.DuckDB, UttID: c.spokenIn(name)}}
	return append([]effect{low}, c.silenceSustained(name, r, now)...)
}

// spokenIn is the id of the answer that is spoken in a room, nil if it has none.
func (c *conversation) spokenIn(name string) *string {
	if r := c.rooms[name]; r != nil && r.running != nil {
		return &r.running.id
	}
	if others := c.othersIn(name); len(others) > 0 && others[0].utt != "" {
		return &others[0].utt
	}
	return nil
}

// silence pauses the voice, as it cannot be known yet whether it was interrupted.
func (c *conversation) silence(name string, r *room, now time.Time) []effect {
	r.barge.silenced, r.barge.paused = true, c.spokenIn(name)
	if r.running != nil {
		r.running.pause(now)
	}
	return []effect{{name, "", contract.TtsControl{Action: contract.TtsPause, Reason: new("voice"), ID: r.barge.paused}}}
}

// giveBack lets the assistant speak on: what was said into it was nothing to answer.
func (c *conversation) giveBack(name string, r *room, reason string, now time.Time) (out []effect) {
	b := r.barge
	r.barge = bargeIn{}
	if b.silenced && r.held == nil {
		if r.running != nil {
			r.running.resume(now)
		}
		out = append(out, effect{name, "", contract.TtsControl{Action: contract.TtsResume, Reason: &reason, ID: b.paused}})
	}
	if b.ducked {
		out = append(out, c.unduck(name, reason))
	}
	return out
}

// unduck brings the voice in a room back to its volume.
func (c *conversation) unduck(name, reason string) effect {
	return effect{name, "", contract.SpeechDuck{UttID: c.spokenIn(name), Reason: &reason}}
}

// endDuck forgets that somebody spoke into a turn that is over, so that the next one
// is heard at full volume. An announcement that was paused, and is in another room by now,
// goes on there.
func (c *conversation) endDuck(name string, r *room) (out []effect) {
	paused := func(o otherUtterance) bool { return r.barge.silenced && o.utt == textOf(r.barge.paused) }
	if slices.ContainsFunc(c.others, paused) {
		out = []effect{{name, "", contract.TtsControl{Action: contract.TtsResume, Reason: new("over"), ID: r.barge.paused}}}
	}
	if r.barge.ducked {
		out = append(out, effect{name, "", contract.SpeechDuck{Reason: new("over")}})
	}
	r.barge, r.held = bargeIn{}, nil
	return out
}

// dropped takes the news that what was heard was nothing to answer.
func (c *conversation) dropped(d contract.SpeechDropped, from origin, now time.Time) []effect {
	r := c.roomAt(from.room, now)
	meant := c.meant(r, r.speechStart, r.speechEnd, now) // a recogniser that hangs fails long after the window of the wake word
	r.endUtterance()
	out := append(c.withdrawAhead(from.room), c.release(from.room, now)...)
	if d.Reason == "failed" && !c.busy(from.room) && meant {
		return append(out, c.sayNotUnderstood(from.room, d, now)...)
	}
	return append(out, c.giveBack(from.room, r, d.Reason, now)...)
}

// sayNotUnderstood tells a person who waits for an answer that the recogniser
// failed. Once in a while is enough.
func (c *conversation) sayNotUnderstood(name string, d contract.SpeechDropped, now time.Time) []effect {
	r := c.roomAt(name, now)
	if c.cfg.NotUnderstood == "" || now.Before(r.toldUntil) {
		return nil
	}
	r.toldUntil = now.Add(30 * time.Second)
	id := orDefault(d.UttID, "rt-"+c.newID())
	return []effect{{name, "", contract.TtsSay{Text: c.cfg.NotUnderstood, UttID: id, SystemAnnounce: new(true)}}}
}

// interruptByWords takes a partial transcript of somebody who speaks into the
// assistant's voice: a stop word or words enough end it at once.
func (c *conversation) interruptByWords(p contract.PartialTranscript, name string, r *room, now time.Time) []effect {
	if r.barge.since.IsZero() || !c.busy(name) {
		return nil
	}
	rest, woken := c.wakePhrase(p.Text)
	switch as := c.phraseBook.IntentOf(rest); {
	case as == phrases.Stop:
		return c.silenceRoom(name, r, "stop", now)
	case as == phrases.Pause && r.held == nil && r.running != nil && c.audible(name):
		return c.hold(name, r, now)
	case as != phrases.NoIntent || !c.interruptible(r):
		return nil
	case !woken && (!c.addressed(r, now) || c.mayBeOwnVoice(name, r, now)):
		return nil
	case len(phrases.Words(rest)) < minInterruptWords || !r.barge.sustained && isDoubtful(p):
		return nil
	case r.running != nil && r.speechStart != nil && r.running.goesOnAt(timeOf(*r.speechStart)): // its transcript is joined to what was said before
		return nil
	}
	return c.silenceRoom(name, r, "interrupted", now)
}

// isDoubtful reports whether a recogniser is not sure of what it understood.
func isDoubtful(p contract.PartialTranscript) bool {
	return p.Confidence != nil && *p.Confidence < minInterruptConfidence
}

// interruptible reports whether the settings let words end what goes on in r.
func (c *conversation) interruptible(r *room) bool {
	if r.running != nil && r.running.times.FirstAudio == nil {
		return c.cfg.InterruptThinking
	}
	return c.cfg.InterruptSpeaking
}

// silenceRoom ends all that the assistant says or thinks in a room.
func (c *conversation) silenceRoom(name string, r *room, reason string, now time.Time) (out []effect) {
	if r.running != nil {
		out = append(out, c.interrupt(r.running, reason, now)...)
	}
	for _, o := range c.othersIn(name) {
		out = append(out, effect{o.room, "", contract.TtsControl{Action: contract.TtsStop, Reason: &reason, ID: &o.utt}})
		c.noteVoiceEnded(o.room, now)
		c.forgetOther(o.utt)
	}
	if reason == "stop" {
		out = append(out, c.stopRinging(name)...)
		out = append(out, c.dropWaiting(r, contract.TurnInterrupted, reason, now)...)
	}
	return append(out, c.endDuck(name, r)...)
}

// hold pauses an answer until somebody says "go on".
func (c *conversation) hold(name string, r *room, now time.Time) (out []effect) {
	if !r.barge.silenced {
		out = c.silence(name, r, now)
	}
	if r.barge.ducked {
		out = append(out, c.unduck(name, "held"))
	}
	r.held, r.barge = &now, bargeIn{}
	return out
}

// unhold lets a held answer go on.
func (c *conversation) unhold(name string, r *room, reason string, now time.Time) []effect {
	r.held = nil
	if r.running != nil {
		r.running.resume(now)
	}
	return []effect{{name, "", contract.TtsControl{Action: contract.TtsResume, Reason: &reason, ID: c.spokenIn(name)}}}
}

// watchBargeIns decides where time does: a voice of which nothing more is heard gives
// the assistant's back.
func (c *conversation) watchBargeIns(now time.Time) (out []effect) {
	c.others = slices.DeleteFunc(c.others, func(o otherUtterance) bool { return now.Sub(o.since) >= maxOtherSpeech })
	for _, name := range c.roomNames() {
		r := c.rooms[name]
		b := r.barge
		switch {
		case r.held != nil && now.Sub(*r.held) >= maxHeld:
			out = append(out, c.silenceRoom(name, r, "held for too long", now)...)
		case b.since.IsZero():
		case !c.busy(name):
			out = append(out, c.endDuck(name, r)...)
		case !b.ended.IsZero() && now.Sub(b.ended) >= verdictTimeout:
			out = append(out, c.giveBack(name, r, "no_words", now)...)
		case b.ended.IsZero() && now.Sub(b.since) >= maxDuck && !(b.silenced && c.addressed(r, now)):
			out = append(out, c.giveBack(name, r, "not_meant", now)...)
		case b.ended.IsZero() && now.Sub(b.since) >= 3*maxDuck: // nobody is heard out for longer
			out = append(out, c.giveBack(name, r, "no_words", now)...)
		}
	}
	return out
}

// watches reports whether something in a room is to be decided by time soon.
func (c *conversation) watches() bool {
	for _, r := range c.rooms {
		if !r.barge.since.IsZero() || r.waiting != nil {
			return true
		}
	}
	for _, t := range c.turns {
		if t.usesTools && !t.responded && !t.workSign.IsZero() {
			return true
		}
	}
	return c.waitsForTimers()
}

// forgetOther notes that speech without a turn is over.
func (c *conversation) forgetOther(utt string) {
	c.others = slices.DeleteFunc(c.others, func(o otherUtterance) bool { return o.utt == utt })
}
