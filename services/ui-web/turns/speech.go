package turns

import (
	"cmp"
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// endedBy is how long after words an answer may end by them.
const endedBy = 5.0 // seconds

func (r *roomNow) event(e Event) {
	if len(r.events) >= maxEvents {
		r.events = r.events[1:]
	}
	e.Text = begin(e.Text, 200)
	r.events = append(r.events, e)
}

func (k *kept) event(e Event) {
	e.Text = begin(e.Text, 200)
	if n := len(k.Events); n < maxEvents && !(n > 0 && k.Events[n-1].What == e.What && k.Events[n-1].Text == e.Text && e.At-k.Events[n-1].At < 0.05) {
		k.Events = append(k.Events, e)
	}
}

// justOver is how long after the end of a turn what happens still follows from it.
const justOver = 0.5 // seconds

// inRoom notes what happens in a room, in the turns that go on there or are just over.
func (c *Collector) inRoom(room string, e Event) {
	for _, k := range slices.Backward(c.turns) {
		if k.Room == room && (k.Outcome == "" || e.At-k.Ended < justOver) {
			k.event(e)
		}
	}
}

// woke takes the edges of speech and wake words.
func (c *Collector) woke(m contract.WakeEvent, room string, at float64, now time.Time) {
	r := c.roomAt(room, now)
	c.inRoom(room, Event{At: at, What: m.Type})
	if m.Type == contract.WakeEventSpeechStart && (r.began == 0 || len(r.partials) == 0 && at-r.began > 30) {
		r.began, r.into, r.events = at, r.speaking, nil
	}
	r.event(Event{At: at, What: m.Type})
}

// partial takes what was understood so far.
func (c *Collector) partial(m contract.PartialTranscript, room string, at float64, now time.Time) {
	r, utt := c.roomAt(room, now), text(m.UttID)
	if len(utt) > maxID {
		return
	}
	p := Partial{at, begin(m.Text, maxText)}
	r.words, r.wordsOf = p, utt
	if len(r.partials) > 4 { // of utterances whose end was lost
		clear(r.partials)
	}
	if all := r.partials[utt]; len(all) < maxPartials && (len(all) == 0 || all[len(all)-1].Text != p.Text) {
		r.partials[utt] = append(all, p)
	}
}

// time takes when words were said, which comes just before their text.
func (r *roomNow) time(m contract.SpeechTiming) {
	if len(m.UttID) > maxID {
		return
	}
	if len(r.timings) > 4 {
		clear(r.timings)
	}
	r.timings[m.UttID] = m
}

// final begins a turn.
func (c *Collector) final(m contract.FinalTranscript, from kit.Meta, at float64, now time.Time) {
	if c.byID[m.MessageID] != nil || len(m.MessageID) > maxID || len(text(m.UttID)) > maxID {
		return // a copy, or no id of anybody
	}
	room := from.Baggage["room"]
	t := Turn{ID: m.MessageID, UttID: text(m.UttID), Room: room, Typed: from.Baggage["typed"] == "1", Begun: at, Text: begin(m.Text, maxReply), Lang: begin(m.Lang, 16), Confidence: m.Confidence}
	r := c.roomAt(room, now)
	t.takeFrom(r)
	r.words, r.wordsOf = Partial{at, begin(m.Text, maxText)}, t.UttID
	c.open(t)
}

// dropped begins a turn that is over: nothing is answered.
func (c *Collector) dropped(m contract.SpeechDropped, room string, at float64, now time.Time) {
	utt := text(m.UttID)
	if utt == "" || len(utt) > maxID || c.byID[utt] != nil {
		return
	}
	t := Turn{ID: utt, UttID: utt, Room: room, Begun: at, Ended: at, Outcome: contract.TurnIgnored, Reason: begin(m.Reason, 200), Error: begin(text(m.Err), maxText)}
	if m.Reason == "failed" {
		t.Outcome = contract.TurnFailed
	}
	t.takeFrom(c.roomAt(room, now))
	t.Engines = c.enginesNow(&t)
	c.weigh(c.open(t))
}

// takeFrom takes what was heard in the room before the words were known.
func (t *Turn) takeFrom(r *roomNow) {
	if t.Typed {
		t.Into = r.speaking
		return
	}
	t.Events, t.Partials, t.Into = r.events, r.partials[t.UttID], r.into
	if timing, ok := r.timings[t.UttID]; ok {
		t.Timing = &timing
	}
	if r.began > 0 {
		t.Begun = r.began
	}
	delete(r.partials, t.UttID)
	delete(r.timings, t.UttID)
	r.events, r.began, r.into = nil, 0, ""
}

// detailed takes how an utterance was heard.
func (c *Collector) detailed(m contract.SpeechDetail, room string) {
	k := c.find(m.UttID)
	if k == nil {
		return
	}
	k.Speech = &m
	k.Begun = min(k.Begun, m.Begun)
	if r := c.rooms[room]; r != nil && c.sound {
		k.Sound = r.mic.cut(m.Begun, m.Begun+float64(len(m.Levels))*m.StepMS/1000)
	}
	c.weigh(k)
}

// recorded takes how a turn went.
func (c *Collector) recorded(m contract.TurnRecord, at float64) {
	k := c.find(m.TurnID)
	if k == nil {
		return
	}
	k.Record, k.Outcome, k.Reason, k.Ended = &m, m.Outcome, begin(text(m.Reason), 200), at
	if m.End != nil {
		k.Ended = *m.End
	}
	if id := text(m.AnswerID); id != "" {
		k.AnswerID = cmp.Or(k.AnswerID, id)
		c.alias(k, id)
	}
	if m.Outcome == contract.TurnInterrupted {
		k.By = c.endedBy(k, at)
	}
	k.Engines = c.enginesNow(&k.Turn)
	c.weigh(k)
}

// endedBy is the words that were heard in the room of an answer just before it ended.
func (c *Collector) endedBy(k *kept, at float64) string {
	r := c.rooms[k.Room]
	if r == nil || r.wordsOf == k.UttID || at-r.words.At > endedBy || r.words.At < k.Begun {
		return ""
	}
	return r.words.Text
}

// enginesNow are the engines that a turn was heard, thought and spoken with.
func (c *Collector) enginesNow(t *Turn) (all []Engine) {
	use := func(service string, used bool, model string) {
		e, known := c.engines["tars-"+service]
		if used && (known || model != "") {
			all = append(all, Engine{service, e.Engine, model, e.From, text(e.Cloud)})
		}
	}
	model := ""
	if t.Made != nil && len(t.Made.Rounds) > 0 {
		model = text(t.Made.Rounds[len(t.Made.Rounds)-1].Model)
	}
	use("stt", !t.Typed, "")
	use("llm", t.Asked > 0, model)
	use("tts", len(t.Spoken) > 0, "")
	return all
}
