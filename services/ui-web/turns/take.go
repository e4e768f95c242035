package turns

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// reader reads the messages of one topic.
type reader func(*kit.Delivery) (msg.Message, bool)

// readers are those of all topics that a collector takes, but for the sound of microphones,
// by their topic.
var readers = readersOf(
	read[contract.FinalTranscript], read[contract.PartialTranscript], read[contract.SpeechTiming], read[contract.SpeechDropped], read[contract.SpeechDetail], read[contract.WakeEvent],
	read[contract.LLMRequest], read[contract.LLMProgress], read[contract.LLMResponse], read[contract.LLMCancel], read[contract.AnswerDetail],
	read[contract.ToolCallRequest], read[contract.ToolCallResult],
	read[contract.TtsSay], read[contract.TtsStatus], read[contract.TtsControl], read[contract.SpeechDuck], read[contract.SpeechHeard], read[contract.VoiceDetail],
	read[contract.TurnRecord], read[contract.MemoryForget],
)

func readersOf(all ...func() (topic string, r reader)) map[string]reader {
	m := map[string]reader{}
	for _, one := range all {
		topic, r := one()
		m[topic] = r
	}
	return m
}

func read[M msg.Message]() (topic string, r reader) {
	var m M
	return m.Route().Topic, func(d *kit.Delivery) (msg.Message, bool) { return as[M](d) }
}

// Topics are those that a collector takes, but for the sound of microphones.
func Topics() []string {
	return append(slices.Sorted(maps.Keys(readers)), contract.EngineInUse{}.Route().Topic)
}

// keyOf is the last level of a topic that a route with a key means.
func keyOf(m msg.Message, topic string) (key string, ok bool) {
	return strings.CutPrefix(topic, strings.TrimSuffix(m.Route().Topic, "+"))
}

// Take takes what arrived on the bus at a time. What it does not know or cannot read it
// leaves alone.
func (c *Collector) Take(d *kit.Delivery, now time.Time) {
	m, ok := decode(d)
	if ok {
		c.Note(m, d.Meta, now)
	}
}

// decode reads a delivery by its topic.
func decode(d *kit.Delivery) (msg.Message, bool) {
	if r := readers[d.Topic]; r != nil {
		return r(d)
	}
	if name, ok := keyOf(contract.EngineInUse{}, d.Topic); ok {
		m, ok := as[contract.EngineInUse](d)
		m.Name = name
		return m, ok
	}
	if source, ok := keyOf(contract.MicAudio{}, d.Topic); ok {
		m := contract.MicAudio{Source: source, PCM: d.Payload}
		m.SetHeader(d.Header)
		return m, m.Validate() == nil
	}
	return nil, false
}

func as[M msg.Message](d *kit.Delivery) (m M, ok bool) {
	data := d.Data
	if data == nil {
		data = d.Payload
	}
	return m, wire.Decode(data, &m) == nil
}

// Note takes one message that was published at a time.
func (c *Collector) Note(m msg.Message, from kit.Meta, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, room := seconds(now), from.Baggage["room"]
	switch m := m.(type) {
	case contract.MicAudio:
		c.heardSound(m, now)
	case contract.MemoryForget:
		c.forgetOver()
	case contract.EngineInUse:
		if _, known := c.engines[m.Name]; known || len(c.engines) < maxRooms {
			c.engines[m.Name] = m
		}
	case contract.WakeEvent:
		c.woke(m, room, at, now)
	case contract.PartialTranscript:
		c.partial(m, room, at, now)
	case contract.SpeechTiming:
		c.roomAt(room, now).time(m)
	case contract.FinalTranscript:
		c.final(m, from, at, now)
	case contract.SpeechDropped:
		c.dropped(m, room, at, now)
	case contract.SpeechDetail:
		c.detailed(m, room)
	case contract.TurnRecord:
		c.recorded(m, at)
	case contract.LLMRequest:
		if k := c.find(from.ID, m.ID); k != nil {
			k.AnswerID, k.Asked = m.ID, at
			c.alias(k, m.ID)
		}
	case contract.SpeechDuck, contract.TtsControl, contract.LLMCancel:
		c.steered(m, room, at)
	default:
		c.answer(m, from, at, now)
	}
}

// answer takes what is about an answer.
func (c *Collector) answer(m msg.Message, from kit.Meta, at float64, now time.Time) {
	switch m := m.(type) {
	case contract.LLMProgress:
		if k := c.find(m.ID); k != nil {
			k.event(Event{at, m.State, text(m.Tool)})
		}
	case contract.LLMResponse:
		if k := c.find(m.ID); k != nil {
			k.Reply, k.Cut = begin(text(m.Reply), maxReply), text(m.Cut)
			if e := text(m.Error); e != "cancelled" { // which is no error: the turn says why
				k.Error = begin(e, maxText)
			}
			c.weigh(k)
		}
	case contract.AnswerDetail:
		if k := c.find(m.ID); k != nil {
			k.Made = &m
			c.weigh(k)
		}
	case contract.ToolCallRequest:
		if k := c.find(answerOf(m.CallID)); k != nil && len(k.Tools) < maxTools {
			args, _ := json.Marshal(m.Arguments)
			k.Tools = append(k.Tools, Tool{Name: begin(m.Name, 200), Arguments: begin(string(args), maxText), From: at})
			k.calls = append(k.calls, m.CallID)
		}
	case contract.ToolCallResult:
		if k := c.find(answerOf(m.CallID)); k != nil {
			k.toolDone(m, at)
		}
	case contract.TtsSay:
		c.said(m, from, at)
	case contract.TtsStatus:
		c.spoke(m, from.Baggage["room"], at, now)
	case contract.SpeechHeard:
		if k := c.find(text(m.UttID)); k != nil {
			k.heardOf(m.Say, m.Text)
		}
	case contract.VoiceDetail:
		if k := c.find(text(m.UttID)); k != nil {
			k.voiced(m)
			c.weigh(k)
		}
	}
}

// answerOf is the id of the answer that a call of a tool was made for.
func answerOf(callID string) string {
	if i := strings.LastIndexByte(callID, '-'); i > 0 {
		return callID[:i]
	}
	return callID
}

// find returns the turn with the first of the ids that is known.
func (c *Collector) find(ids ...string) *kept {
	for _, id := range ids {
		if k := c.byID[id]; id != "" && k != nil {
			return k
		}
	}
	return nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// begin is the begin of text, in at most n characters.
func begin(text string, n int) string {
	if len(text) <= n {
		return text
	}
	if r := []rune(text); len(r) > n {
		return string(r[:n]) + "…"
	}
	return text
}
