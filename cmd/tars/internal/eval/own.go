package eval

import (
	"time"

	"github.com/gotars/tars/services/stt/turnend"
)

// What stt knows at a pause, and when: see services/stt/source.go.
const (
	unknownWait  = 650 * time.Millisecond // STT_ENDPOINT
	readingBegun = 100 * time.Millisecond // silence in which a reading begins
	soundKnown   = hangover + 60*time.Millisecond
	grain        = 20 * time.Millisecond
)

// Assistant is what the assistant does with an eagerness. With reads, words are known
// when the engine has read them on this machine; without, they are known at once, as
// with a fast engine. With listens, the sound decides too, where it is known.
func Assistant(name string, e turnend.Eagerness, reads, listens bool) Rule {
	return Rule{name, func(s Silence) time.Duration {
		read := readingBegun
		if reads {
			read += seconds(s.Reading)
		}
		for now := hangover; ; now += grain {
			p := turnend.Pause{TextKnown: now >= read, Reading: now < read, Listening: listens && s.Finished != nil}
			p.FinishedKnown = p.Listening && now >= soundKnown
			if p.TextKnown {
				p.Text, p.Lang = s.Text, s.Lang
			}
			if p.FinishedKnown {
				p.Finished = *s.Finished
			}
			if now >= e.Endpoint(p, unknownWait, hangover) {
				return now
			}
		}
	}}
}

// Assistants are the rules of the assistant that are compared.
func Assistants() (rules []Rule) {
	for _, e := range []turnend.Eagerness{turnend.Low, turnend.Medium, turnend.High} {
		rules = append(rules,
			Assistant("TARS, "+string(e)+", words and sound", e, false, true),
			Assistant("TARS, "+string(e)+", words alone", e, false, false))
	}
	return append(rules, Assistant("TARS, medium, words and sound, with the time of this recogniser", turnend.Medium, true, true))
}
