package turns

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

// toolDone notes what a tool gave back.
func (k *kept) toolDone(m contract.ToolCallResult, at float64) {
	i := slices.Index(k.calls, m.CallID)
	if i < 0 {
		return
	}
	x := &k.Tools[i]
	x.To, x.Error = at, begin(text(m.Error), maxText)
	switch result, ok := m.Result["text"].(string); {
	case ok:
		x.Result = begin(result, maxText)
	case m.Content != nil:
		x.Result = begin(*m.Content, maxText)
	case m.Result != nil:
		data, _ := json.Marshal(m.Result)
		x.Result = begin(string(data), maxText)
	}
}

// said takes a line for the voice.
func (c *Collector) said(m contract.TtsSay, from kit.Meta, at float64) {
	k := c.find(text(m.UttID), from.ID)
	if k == nil || len(k.Spoken) >= maxSpoken {
		return
	}
	c.alias(k, text(m.UttID))
	aside := m.SystemAnnounce != nil && *m.SystemAnnounce || m.WakeAck != nil && *m.WakeAck
	k.Spoken = append(k.Spoken, Spoken{Say: m.MessageID, Text: begin(m.Text, maxText), At: at, State: Waiting, Aside: aside})
}

// spoke takes what the voice does.
func (c *Collector) spoke(m contract.TtsStatus, room string, at float64, now time.Time) {
	r, k := c.roomAt(room, now), c.find(text(m.UttID))
	switch m.Event {
	case contract.TtsSpeakingStart:
		if m.Reason == nil {
			r.speaking = begin(m.Text, maxText)
		}
	case contract.TtsSpeakingEnd, contract.TtsStopped:
		r.speaking = ""
	}
	if k == nil {
		return
	}
	switch m.Event {
	case contract.TtsPaused, contract.TtsResumed, contract.TtsStopped:
		k.event(Event{at, m.Event, text(m.Reason)})
	case contract.TtsSpeakingEnd:
		k.spokenEnd(m)
	}
	if m.Event == contract.TtsStopped {
		for i := range k.Spoken {
			if s := &k.Spoken[i]; s.State == Waiting {
				s.State = Unheard
			}
		}
	}
}

// spokenEnd notes that the voice is done with a line.
func (k *kept) spokenEnd(m contract.TtsStatus) {
	for i := range k.Spoken {
		s := &k.Spoken[i]
		if s.State != Waiting || s.Detail != nil || strings.TrimSpace(m.Text) != "" && begin(m.Text, maxText) != s.Text {
			continue
		}
		switch text(m.Reason) {
		case "":
			s.State = Heard
		case contract.TtsNoVoice:
			s.State = Shown
		default:
			s.State = Unheard
		}
		return
	}
}

// line returns a line of the answer, nil when there is none.
func (k *kept) line(say string) *Spoken {
	if i := slices.IndexFunc(k.Spoken, func(s Spoken) bool { return s.Say == say }); i >= 0 {
		return &k.Spoken[i]
	}
	return nil
}

// heardOf notes how much of a line was heard.
func (k *kept) heardOf(say, words string) {
	s := k.line(say)
	if s == nil {
		return
	}
	if s.State, s.Heard = Unheard, begin(words, maxText); s.Heard != "" {
		s.State = Partly
	}
}

// sameWords is how far apart two rooms may hear the begin of the same words.
const sameWords = 3.0 // seconds

// answeredIn is the id of the turn that holds the answer to what was said in k: the next one
// of the room, in which the person went on, or that of a room that heard it louder.
func (c *Collector) answeredIn(k *kept) string {
	other, elsewhere := strings.CutPrefix(k.Reason, "heard better in ")
	if k.Outcome == contract.TurnIgnored && elsewhere {
		for _, x := range c.turns {
			if x.Room == other && x.Text != "" && math.Abs(x.Begun-k.Begun) < sameWords {
				return x.ID
			}
		}
	}
	if k.Outcome == contract.TurnInterrupted && k.Reason == "joined" {
		after := false
		for _, x := range c.turns {
			if after && x.Room == k.Room && x.Text != "" && x.Outcome != contract.TurnIgnored {
				return x.ID
			}
			after = after || x == k
		}
	}
	return ""
}

// voiced notes when a line was made and spoken.
func (k *kept) voiced(m contract.VoiceDetail) {
	s := k.line(m.Say)
	if s == nil {
		return
	}
	s.Detail = &m
	switch {
	case m.Error == nil && m.Begun != nil:
		s.State = Heard
	case text(m.Error) == contract.TtsNoVoice:
		s.State = Shown
	case s.State == Waiting:
		s.State = Unheard
	}
}

// steered takes what lowers, pauses or ends the voice or the answer.
func (c *Collector) steered(m msg.Message, room string, at float64) {
	switch m := m.(type) {
	case contract.SpeechDuck:
		what := "given_back"
		if m.On {
			what = "lowered"
		}
		c.about(text(m.UttID), room, Event{at, what, text(m.Reason)})
	case contract.TtsControl:
		c.about(text(m.ID), room, Event{at, "control_" + m.Action, text(m.Reason)})
	case contract.LLMCancel:
		c.about(m.ID, room, Event{At: at, What: "cancelled"})
	}
}

// about notes what happens to an answer, also in the turn of who spoke into it.
func (c *Collector) about(id, room string, e Event) {
	if k := c.find(id); k != nil {
		k.event(e)
	}
	if r := c.rooms[room]; r != nil && r.began > 0 {
		r.event(e)
	}
	c.inRoom(room, e)
}
