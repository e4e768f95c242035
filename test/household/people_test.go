package household

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

// person is who lives in one room.
type person struct {
	h        *house
	t        *testing.T
	room     string
	r        *rand.Rand
	seq      int
	mutedTil time.Time     // the microphone is off, and a moment longer
	mic      chan struct{} // capacity 1: holds one while something is said into the microphone
	next     *person       // who lives next door
}

// live does random things until the household is quiet. At night little happens.
func (p *person) live() {
	const (
		byDay   = 80 * time.Second
		byNight = 12 * time.Minute
	)
	for {
		gap := byDay
		if hour := int(time.Since(p.h.start).Hours()) % 24; hour >= 16 && hour < 22 {
			gap = byNight
		}
		if !p.h.sleep(p.r, gap) {
			return
		}
		p.act()
	}
}

// act does one random thing.
func (p *person) act() {
	switch x := p.r.Float64(); {
	case x < 0.60:
		p.converse(p.ask)
	case x < 0.70:
		p.converse(func() { p.typed(p.question()) })
	case x < 0.76:
		p.say(p.called(p.pick("what time is it", "hello there", "say good night Dorothy")), manner{})
	case x < 0.82:
		p.wake()
	case x < 0.86:
		p.announce()
	case x < 0.89:
		p.cough()
	case x < 0.92:
		p.muteMicrophone()
	case x < 0.94:
		p.muteVoice()
	case x < 0.96:
		p.switchMode()
	case x < 0.98:
		p.bothHear()
	default:
		p.chat()
	}
}

func (p *person) pick(all ...string) string { return all[p.r.IntN(len(all))] }

// question makes up a question with words that nobody used before.
func (p *person) question() string {
	word := func() string { return p.h.newWord(consonantsOfPeople) }
	switch p.r.IntN(4) {
	case 0:
		return "what do you know about " + word() + " and " + word()
	case 1:
		return "tell me about " + word()
	case 2:
		return "where did I put the " + word() + " of my " + word() + " yesterday"
	}
	return "is " + word() + " further away than " + word()
}

// called is text behind the wake phrase where the assistant wants it, and sometimes where
// it does not.
func (p *person) called(text string) string {
	if !p.h.isLive() && chance(p.r, 0.9) || chance(p.r, 0.05) {
		return "hey tars " + text
	}
	return text
}

// ask asks aloud, now and then with a thought in the middle, or not to the end.
func (p *person) ask() {
	var how manner
	text := p.called(p.question())
	words := len(strings.Fields(text))
	if chance(p.r, 0.15) {
		how.pauses = map[int]time.Duration{p.r.IntN(words): between(p.r, 300*time.Millisecond, 2500*time.Millisecond)}
	}
	how.breaksOff = chance(p.r, 0.05)
	p.say(text, how)
}

// converse begins with something, and goes on while it is answered.
func (p *person) converse(begin func()) {
	begin()
	for range 3 {
		if time.Sleep(between(p.r, 300*time.Millisecond, 6*time.Second)); p.h.calm() {
			return
		}
		switch x := p.r.Float64(); {
		case x < 0.22:
			p.say(p.pick("mm-hm", "uh-huh", "yeah", "okay", "I see"), manner{})
		case x < 0.30:
			p.cough()
		case x < 0.42:
			p.ask()
		case x < 0.50:
			p.say(p.pick("stop", "that's enough", "never mind"), manner{})
		case x < 0.60:
			p.holdOn()
		case x < 0.66:
			p.say(p.called(p.pick("what did you say", "say that again")), manner{})
		case x < 0.70:
			p.say(p.called("go on"), manner{})
		case x < 0.75:
			p.pressStop()
		case x < 0.80:
			p.typed(p.pick(p.question(), "stop"))
		default:
			return
		}
	}
}

// holdOn has the assistant wait, and mostly lets it go on.
func (p *person) holdOn() {
	p.say(p.pick("hold on", "wait a second"), manner{})
	if chance(p.r, 0.1) {
		return
	}
	time.Sleep(between(p.r, time.Second, 40*time.Second))
	p.say(p.pick("go on", "continue"), manner{})
}

// chat is said to other people: where the assistant wants its name, it is not for it.
func (p *person) chat() {
	text := p.question()
	if p.h.isPrivate(p.room) {
		p.h.checks.keepPrivate(strings.Fields(text), time.Now())
	}
	p.say(text, manner{})
}

// manner is how something is said.
type manner struct {
	pauses    map[int]time.Duration // behind words, by their index
	breaksOff bool                  // the microphone falls silent in the middle
	noise     bool                  // it is no speech
	soft      bool                  // it is heard from afar
}

// say says text into the microphone of the room.
func (p *person) say(text string, how manner) {
	p.mic <- struct{}{}
	defer func() { <-p.mic }()
	p.h.use(p.room)
	defer p.h.use(p.room)
	x := clip{words: strings.Fields(text), noise: how.noise}
	number := p.h.clips.add(x)
	frames := p.h.clips.frames(number, x, how.soft, how.pauses)
	if how.breaksOff {
		frames = frames[:len(frames)/2]
	} else {
		frames = append(frames, slicesOfSilence(1100*time.Millisecond)...)
	}
	note(p.room, "somebody says", text, how)
	if now := time.Now(); now.After(p.mutedTil) && !how.breaksOff {
		p.h.checks.expect(&utterance{room: p.room, text: text, noise: how.noise, begun: now, ended: now.Add(time.Duration(len(frames)) * frameDuration)})
	}
	for at := 0; at < len(frames); at += chunkFrames {
		var pcm []byte
		for _, f := range frames[at:min(at+chunkFrames, len(frames))] {
			pcm = append(pcm, f...)
		}
		p.publish(p.t.Context(), contract.MicAudio{Source: p.room, Seq: p.seq, PCM: pcm})
		p.seq++
		time.Sleep(chunkFrames * frameDuration)
	}
}

func slicesOfSilence(d time.Duration) (all [][]byte) {
	for range int(d / frameDuration) {
		all = append(all, silentFrame)
	}
	return all
}

func (p *person) cough() { p.say("khm", manner{noise: true}) }

// publish publishes m.
func (p *person) publish(ctx context.Context, m msg.Message) {
	if err := p.h.b.Bus.Publish(ctx, m); err != nil {
		p.t.Errorf("%s: %v", p.h.clockTime(), err)
	}
}

// here is the context of what happens in the room.
func (p *person) here() context.Context { return kit.WithBaggage(p.t.Context(), "room", p.room) }
