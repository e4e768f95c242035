package router

import (
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// Stage is one part of the time that a person waits between the last word and the first
// sound of the answer.
type Stage struct {
	Name string // wait, recognition, thinking, voice, total
	Took time.Duration
}

// The stages of a turn, in their order.
const (
	StageWait        = "wait"        // from the last word until it is decided that the turn is over
	StageRecognition = "recognition" // from then until the transcript is there
	StageThinking    = "thinking"    // from then until there is a text for the voice
	StageVoice       = "voice"       // from then until it is heard
	StageTotal       = "total"       // from the last word until the answer is heard
)

// Stages are the parts of a turn whose times are known, in their order. A part that ends
// before it began, by the clocks of two machines, took no time.
func Stages(t contract.TurnRecord) (all []Stage) {
	for _, s := range []struct {
		name     string
		from, to *float64
	}{
		{StageWait, t.LastWord, t.Endpoint},
		{StageRecognition, t.Endpoint, t.Final},
		{StageThinking, t.Final, t.FirstSay},
		{StageVoice, t.FirstSay, t.FirstAudio},
		{StageTotal, t.LastWord, t.FirstAudio},
	} {
		if s.from != nil && s.to != nil {
			all = append(all, Stage{s.name, max(0, time.Duration((*s.to-*s.from)*float64(time.Second)))})
		}
	}
	return all
}

// ledger collects the stages of all turns.
type ledger struct {
	wait, recognition, thinking, voice, total kit.Durations
}

// handlers declares what the ledger collects.
func (l *ledger) handlers() (all []kit.Handler) {
	for _, s := range l.stages() {
		all = append(all, kit.Times(s.name, s.times))
	}
	return all
}

func (l *ledger) stages() []stageTimes {
	return []stageTimes{{StageWait, &l.wait}, {StageRecognition, &l.recognition}, {StageThinking, &l.thinking}, {StageVoice, &l.voice}, {StageTotal, &l.total}}
}

type stageTimes struct {
	name  string
	times *kit.Durations
}

// note adds a turn. One that was not answered counts for nothing.
func (l *ledger) note(t contract.TurnRecord) {
	if t.Outcome == contract.TurnIgnored {
		return
	}
	for _, part := range Stages(t) {
		for _, s := range l.stages() {
			if s.name == part.Name {
				s.times.Add(part.Took)
			}
		}
	}
}

// maxTimings is how many utterances are known of which no final has come: it follows at
// once, so only those of a final that was lost stay.
const maxTimings = 64

// timed takes when an utterance was said and read, which comes just before its final. It
// is AtMostOnce, so a turn may have none of it.
func (c *conversation) timed(s contract.SpeechTiming) {
	for _, t := range c.turns {
		if t.heard.UttID != nil && *t.heard.UttID == s.UttID {
			t.addTiming(s)
			return
		}
	}
	if len(c.timings) >= maxTimings {
		c.timings = c.timings[1:]
	}
	c.timings = append(c.timings, s)
}

// takeTiming returns when the utterance of f was said and read, if that is known.
func (c *conversation) takeTiming(f contract.FinalTranscript) (s contract.SpeechTiming, ok bool) {
	for i, s := range c.timings {
		if f.UttID != nil && *f.UttID == s.UttID {
			c.timings = append(c.timings[:i:i], c.timings[i+1:]...)
			return s, true
		}
	}
	return s, false
}

func (t *turn) addTiming(s contract.SpeechTiming) {
	t.times.LastWord, t.times.Endpoint, t.times.Reading = &s.LastWord, &s.Endpoint, &s.Reading
}
