package router

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// disorder is a household in which anything happens at any time, and what must hold of what
// the conversation publishes then.
type disorder struct {
	*household
	rnd     *rand.Rand
	utt     map[string]string // by room: of what is being said there
	heardIn map[string]string // message ids of transcripts, and their rooms
	records map[string]int    // of turns, by the message id of their transcript
	asked   map[string]int    // requests by id
	ahead   map[string]bool   // requests that the model answers ahead
	said    map[string]int    // pieces by turn and text
	stopped map[string]bool   // turns whose voice was stopped
	paused  map[string]bool   // utterances that are, by id; empty: one without
	playing []contract.TtsSay // what the voice was asked for
	room    map[string]string // of each of them, by message id
}

var (
	disorderRooms = []string{"hall", "kitchen", "attic", ""}
	disorderTexts = []string{"Mm-hm.", "Stop.", "Hold on.", "Go on.", "What did you say?", "Tell me a story.", "Hey Tars, what about tea?", "", "And then", "What time is it?", "Hey Tars.", "Louder.", "Why?", "In the kitchen.", "Snooze.",
		"Set a timer for ten minutes.", "Hello.", "Wave.", "Never mind, go on.", "Wait, what did you say?", "enter live mode", "exit live mode", "No, I mean the hall."}
)

func newDisorder(t *testing.T, seed uint64) *disorder {
	d := &disorder{rnd: rand.New(rand.NewPCG(seed, 41)), utt: map[string]string{}, heardIn: map[string]string{}, records: map[string]int{}, asked: map[string]int{}, ahead: map[string]bool{}, said: map[string]int{}, stopped: map[string]bool{}, paused: map[string]bool{}, room: map[string]string{}}
	d.household = newHousehold(t, func(c *Config) {
		c.LiveModeDefault, c.AskAhead, c.BrokenOff, c.CutShort, c.Filler = seed%2 == 0, seed%5 != 0, "I lost the rest.", "There is more.", "One moment.|Still at it."
		c.LiveModeEnterPhrase, c.LiveModeExitPhrase = "enter live mode", "exit live mode"
		c.Duck, c.InterruptSpeaking, c.InterruptThinking = seed%7 != 0, seed%11 != 0, seed%13 != 0
		if seed%3 == 0 {
			c.WakeToInterrupt = []string{"hall"}
		}
	})
	if seed%4 == 0 {
		d.timersAreThere()
	}
	return d
}

// one is one of all.
func one[T any](rnd *rand.Rand, all ...T) T { return all[rnd.IntN(len(all))] }

// check takes what the conversation publishes.
func (d *disorder) check(effects []effect) {
	d.t.Helper()
	for _, e := range effects {
		switch m := e.m.(type) {
		case contract.TtsSay:
			d.checkSay(m, e.room)
		case contract.TtsControl:
			switch m.Action {
			case contract.TtsPause:
				d.paused[textOf(m.ID)] = d.isPlaying(textOf(m.ID))
			case contract.TtsResume:
				delete(d.paused, textOf(m.ID))
			case contract.TtsStop:
				delete(d.paused, textOf(m.ID))
				d.stopped[textOf(m.ID)] = true
				d.playing = slices.DeleteFunc(d.playing, func(p contract.TtsSay) bool { return textOf(p.UttID) == textOf(m.ID) })
			}
		case contract.LLMRequest:
			delete(d.ahead, m.ID)
			if d.asked[m.ID]++; d.asked[m.ID] > 1 {
				d.t.Fatalf("the model is asked twice for %s", m.ID)
			}
		case contract.LLMAhead:
			if m.Text == "" && !d.ahead[m.ID] {
				d.t.Fatalf("%s is withdrawn, which was not begun", m.ID)
			}
			if d.ahead[m.ID] = true; m.Text == "" {
				delete(d.ahead, m.ID)
			}
		case contract.TurnRecord:
			if d.records[m.TurnID]++; d.records[m.TurnID] > 1 {
				d.t.Fatalf("the turn of %s ends twice", m.TurnID)
			}
			if m.Outcome == contract.TurnInterrupted && d.isPlaying(*m.AnswerID) {
				d.t.Fatalf("the voice goes on with %s, which is over", *m.AnswerID)
			}
		}
	}
	d.take(effects)
}

// isPlaying reports whether the voice has something of an utterance to say.
func (d *disorder) isPlaying(utt string) bool {
	return slices.ContainsFunc(d.playing, func(m contract.TtsSay) bool { return textOf(m.UttID) == utt }) || slices.ContainsFunc(d.c.others, func(o otherUtterance) bool { return o.utt == utt })
}

func (d *disorder) checkSay(m contract.TtsSay, room string) {
	d.t.Helper()
	id := textOf(m.UttID)
	if d.stopped[id] {
		d.t.Fatalf("%q is said after it was stopped", m.Text)
	}
	if d.said[id+m.Text]++; d.said[id+m.Text] > 1 && !strings.Contains(d.c.cfg.Filler, m.Text) {
		d.t.Fatalf("%q is said twice", m.Text)
	}
	if m.MessageID == "" {
		d.n++
		m.MessageID = fmt.Sprint("say", d.n)
	}
	d.playing, d.room[m.MessageID] = append(d.playing, m), room
}

// person has somebody say something, or make a noise.
func (d *disorder) person(room string) {
	text := one(d.rnd, disorderTexts...)
	from := origin{room: room}
	switch d.rnd.IntN(8) {
	case 0, 1:
		d.check(d.c.woke(contract.WakeEvent{Type: contract.WakeEventSpeechStart, Energy: new(d.rnd.Float64())}, from, d.now))
	case 2:
		d.check(d.c.woke(contract.WakeEvent{Type: contract.WakeEventSpeechSustained}, from, d.now))
	case 3:
		d.check(d.c.woke(contract.WakeEvent{Type: contract.WakeEventSpeechEnd, Energy: new(d.rnd.Float64())}, from, d.now))
	case 4:
		d.check(d.c.partial(contract.PartialTranscript{Text: text, Confidence: one(d.rnd, nil, new(0.3), new(0.9))}, from, d.now))
	case 5:
		d.check(d.c.probable(contract.ProbableTranscript{Text: text, UttID: d.uttIn(room)}, from, d.now))
	case 6:
		d.transcript(room, text)
	case 7:
		d.check(d.c.dropped(contract.SpeechDropped{Reason: one(d.rnd, "echo", "no_words", "failed")}, from, d.now))
	}
}

// transcript has text be heard in a room, or in two, or twice in one.
func (d *disorder) transcript(room, text string) {
	for range one(d.rnd, 1, 1, 1, 2) {
		d.n++
		f := contract.FinalTranscript{Text: text, UttID: new(d.uttIn(room)), TS: *unixSeconds(d.now)}
		delete(d.utt, room)
		f.MessageID = fmt.Sprint("m", d.n)
		if text != "" {
			d.heardIn[f.MessageID] = room
		}
		from := origin{room: room, typed: d.rnd.IntN(8) == 0}
		d.check(d.c.heard(f, from, d.now))
		if d.rnd.IntN(10) == 0 {
			d.check(d.c.heard(f, from, d.now))
		}
		if r := d.c.rooms[room]; r != nil && r.waiting == nil && text != "" && r.ahead == *f.UttID {
			d.t.Fatalf("the model goes on with %s, which is read", r.ahead)
		}
		room = one(d.rnd, disorderRooms...)
	}
}

// uttIn is the id of what is being said in a room.
func (d *disorder) uttIn(room string) string {
	if d.utt[room] == "" {
		d.n++
		d.utt[room] = fmt.Sprint(room, "utt", d.n)
	}
	return d.utt[room]
}

// model has the model write something of one of its answers, or fail.
func (d *disorder) model() {
	if len(d.asks) == 0 {
		return
	}
	q := d.asks[max(0, len(d.asks)-1-d.rnd.IntN(3))]
	const answer = "This is a sentence of an answer. And this is one more of it."
	switch d.rnd.IntN(7) {
	case 0, 1:
		seq := 1 + d.rnd.IntN(3)
		d.check(d.c.delta(contract.LLMStreamDelta{ID: q.ID, Seq: &seq, Delta: new(answer[20*(seq-1) : 20*seq]), Done: seq == 3}, d.now))
	case 2, 3:
		m := contract.LLMResponse{ID: q.ID, Reply: new(answer)}
		switch d.rnd.IntN(6) {
		case 0:
			m.Reply, m.Error = nil, new(one(d.rnd, "broken", "cancelled"))
		case 1:
			m.Cut = new(one(d.rnd, contract.LLMCutLength, contract.LLMCutBroken, contract.LLMCutFilter))
		case 2:
			m.Reply = new(one(d.rnd, "", "👍"))
		}
		d.check(d.c.answered(m, d.now))
	case 4:
		d.check(d.c.working(contract.LLMProgress{ID: q.ID, State: one(d.rnd, contract.LLMThinking, contract.LLMTool), Tools: d.rnd.IntN(2)}, d.now))
	case 5:
		d.check(d.c.cancelled(contract.LLMCancel{ID: q.ID}, d.now))
	case 6:
		for _, t := range d.c.turnsByAge() {
			d.check(d.c.timersAnswered(contract.TimerReply{Handled: d.rnd.IntN(2) == 0, Text: one(d.rnd, "", "Ten minutes.")}, t.cause, d.now))
		}
	}
}

// voice has the voice do something of what it was asked for.
func (d *disorder) speaks() {
	if len(d.playing) == 0 {
		return
	}
	i := d.rnd.IntN(min(2, len(d.playing)))
	m := d.playing[i]
	room := d.room[m.MessageID]
	if d.rnd.IntN(10) == 0 {
		room = one(d.rnd, disorderRooms...)
	}
	status := contract.TtsStatus{Text: one(d.rnd, m.Text, m.Text, ""), UttID: m.UttID, WakeAck: m.WakeAck, SystemAnnounce: m.SystemAnnounce, Timestamp: *unixSeconds(d.now)}
	switch status.Event = one(d.rnd, contract.TtsSpeakingStart, contract.TtsSpeakingStart, contract.TtsSpeakingEnd, contract.TtsSpeakingEnd, contract.TtsPaused, contract.TtsResumed, contract.TtsStopped); status.Event {
	case contract.TtsSpeakingEnd:
		status.Reason = nilIfEmpty(one(d.rnd, "", "", "", "failed", "nothing to say", "shutdown", contract.TtsNoVoice))
		d.playing = slices.Delete(d.playing, i, i+1)
	case contract.TtsStopped:
		d.stopped[textOf(m.UttID)] = true
		d.playing = slices.DeleteFunc(d.playing, func(p contract.TtsSay) bool { return textOf(p.UttID) == textOf(m.UttID) })
	}
	if status.Event == contract.TtsSpeakingEnd || status.Event == contract.TtsStopped {
		delete(d.paused, textOf(m.UttID))
	}
	d.check(d.c.spoke(status, room, d.now))
	if d.rnd.IntN(4) == 0 {
		d.check(d.c.partlyHeard(contract.SpeechHeard{UttID: m.UttID, Say: m.MessageID, Text: "This"}, d.now))
	}
}

// others has another service say or ring something, or a wake word be heard.
func (d *disorder) others(room string) {
	switch d.rnd.IntN(6) {
	case 0:
		status := contract.TtsStatus{Event: one(d.rnd, contract.TtsSpeakingStart, contract.TtsSpeakingStart, contract.TtsSpeakingEnd), Text: "The door bell rings.", UttID: one(d.rnd, nil, new("bell"), new("news"))}
		if status.Event == contract.TtsSpeakingEnd {
			delete(d.paused, textOf(status.UttID))
		}
		d.check(d.c.spoke(status, room, d.now))
	case 1:
		d.check(d.c.woke(contract.WakeEvent{Type: contract.WakeEventWake}, origin{room: room}, d.now))
	case 2:
		w := contract.WakeEvent{Type: one(d.rnd, contract.WakeEventInterrupt, contract.WakeEventCancelled)}
		if len(d.playing) > 0 {
			w.TTSID = one(d.rnd, nil, d.playing[0].UttID)
		}
		d.check(d.c.woke(w, origin{room: room}, d.now))
	case 3:
		d.check(d.c.health(contract.HealthPing{Name: one(d.rnd, contract.TimerClient, "movement-esp32"), OK: d.rnd.IntN(3) > 0}))
	case 4:
		d.c.noteRinging(contract.TimerState{Timers: []contract.Timer{{ID: "a", State: one(d.rnd, contract.TimerRinging, "waiting"), Room: one(d.rnd, nil, &room)}}})
	case 5:
		d.c.timed(contract.SpeechTiming{UttID: fmt.Sprint(room, "utt", d.n+1)})
	}
}

// calm ends what others do, and lets time pass.
func (d *disorder) calm() {
	for _, m := range d.playing { // the voice comes to an end
		delete(d.paused, textOf(m.UttID))
		d.check(d.c.spoke(contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: m.Text, UttID: m.UttID}, d.room[m.MessageID], d.now))
	}
	d.c.noteRinging(contract.TimerState{})
	for range 900 { // a quarter of an hour
		d.now = d.now.Add(time.Second)
		d.check(d.c.tick(d.now))
	}
}

// isStuck is what still goes on, empty for nothing.
func (d *disorder) isStuck() string {
	for name, r := range d.c.rooms {
		if r.running != nil || r.held != nil || r.waiting != nil || !r.barge.since.IsZero() || d.duck[name] {
			return fmt.Sprintf("room %q: low %v, %+v", name, d.duck[name], r)
		}
	}
	for id := range d.heardIn {
		if d.records[id] == 0 {
			return "the turn of " + id + " has no record"
		}
	}
	for utt, paused := range d.paused {
		if paused {
			return "paused: " + utt
		}
	}
	switch {
	case len(d.c.turns) > 0:
		return fmt.Sprint(len(d.c.turns), " turns")
	case len(d.c.others) > 0:
		return fmt.Sprint("what others say: ", d.c.others)
	case d.c.watches():
		return "the clock is looked at"
	}
	return ""
}

// TestNoOrderOfEventsLeavesAStuckRoom throws events in any order at a conversation.
// When everybody has been quiet for long, nothing is stuck; nothing is spoken twice or
// after it was stopped; every duck and pause has ended, and every turn, once.
func TestNoOrderOfEventsLeavesAStuckRoom(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := newDisorder(t, seed)
			for range 250 {
				d.now = d.now.Add(time.Millisecond) // no two things happen at the same time
				room := one(d.rnd, disorderRooms...)
				switch d.rnd.IntN(10) {
				case 0, 1, 2, 3:
					d.person(room)
				case 4, 5:
					d.model()
				case 6, 7:
					d.speaks()
				case 8:
					d.others(room)
				case 9:
					d.now = d.now.Add(time.Duration(d.rnd.IntN(3000)) * time.Millisecond)
					d.check(d.c.tick(d.now))
				}
			}
			d.calm()
			if stuck := d.isStuck(); stuck != "" {
				t.Error(stuck)
			}
		})
	}
}
