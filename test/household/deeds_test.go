package household

import (
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// What people do besides talking.

// typed asks on the page.
func (p *person) typed(text string) (utt string) {
	p.h.use(p.room)
	utt = "typed-" + kit.NewID()[:8]
	p.publish(kit.WithBaggage(p.here(), "typed", "1"), contract.FinalTranscript{Text: text, UttID: &utt})
	return utt
}

// pressStop presses the button of the page, which stops the answer that is shown last.
func (p *person) pressStop() {
	utt := p.h.checks.lastAnswerIn(p.room)
	if utt == "" {
		return
	}
	p.publish(p.here(), contract.LLMCancel{ID: utt})
	p.publish(p.here(), contract.TtsControl{Action: contract.TtsStop, ID: &utt})
}

// wake has a detector hear the wake word, and mostly says what is wanted then.
func (p *person) wake() {
	p.h.use(p.room)
	p.publish(p.here(), contract.WakeEvent{Type: contract.WakeEventWake, Cause: new("wake_phrase")})
	if chance(p.r, 0.7) {
		time.Sleep(between(p.r, 0, 2*time.Second))
		p.say(p.question(), manner{})
	}
}

// announce has another service say something, such as a timer, and mostly stops it.
func (p *person) announce() {
	p.h.use(p.room)
	p.publish(p.here(), contract.TtsSay{Text: "The timer of twenty minutes is over, over and over.", UttID: new("timer-" + kit.NewID()[:8]), SystemAnnounce: new(true)})
	if chance(p.r, 0.6) {
		time.Sleep(between(p.r, 200*time.Millisecond, 3*time.Second))
		p.say(p.pick("stop", "okay stop", "mm-hm"), manner{})
	}
}

// muteMicrophone switches the microphone off for a while, and talks meanwhile.
func (p *person) muteMicrophone() {
	off := between(p.r, 5*time.Second, time.Minute)
	p.mutedTil = time.Now().Add(off + margin)
	p.publish(p.here(), contract.WakeMicCommand{Action: contract.MicMute, TTLMS: new(int(off.Milliseconds()))})
	time.Sleep(time.Second)
	text := p.question()
	p.h.checks.keepPrivate(madeUp(text, consonantsOfPeople), time.Now())
	if p.h.checks.wasAway("stt", 2*time.Minute) {
		return // the order may come late
	}
	p.say(text, manner{})
	time.Sleep(off)
}

// muteVoice switches all speech off for a moment.
func (p *person) muteVoice() {
	p.publish(p.here(), contract.TtsControl{Action: contract.TtsMute})
	time.Sleep(between(p.r, time.Second, 10*time.Second))
	p.publish(p.here(), contract.TtsControl{Action: contract.TtsUnmute})
}

// switchMode has the assistant want its name, and answer everything again later.
func (p *person) switchMode() {
	if !p.h.isLive() {
		return
	}
	p.say("exit live mode", manner{})
	if !p.h.sleep(p.r, 6*time.Minute) {
		return
	}
	p.typed("enter live mode")
}

// lastAnswerIn is the answer of which something was said last in a room, empty without one.
func (c *checker) lastAnswerIn(room string) (utt string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var last time.Time
	for _, l := range c.lines {
		if l.room == room && !l.quiet && l.at.After(last) {
			utt, last = l.utt, l.at
		}
	}
	return utt
}

// wasAway reports whether a service is away, or was within the last d.
func (c *checker) wasAway(service string, d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isExcused(time.Now().Add(-d), time.Now(), service)
}

// bothHear says something that a microphone next door hears as well.
func (p *person) bothHear() {
	text := p.question()
	done := make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(between(p.r, 0, 200*time.Millisecond))
		p.next.say(text, manner{soft: true})
	}()
	p.say(text, manner{})
	<-done
}
