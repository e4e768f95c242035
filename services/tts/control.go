package tts

import (
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// obey carries out a control. One that means nothing that is said is counted
// and ignored.
func (v *voice) obey(c contract.TtsControl) error {
	switch c.Action {
	case contract.TtsStop:
		return v.stop(c)
	case contract.TtsMute, contract.TtsUnmute:
		v.mute(c.Action == contract.TtsMute)
		return nil
	}
	done := false
	for _, m := range v.mouths {
		done = v.obeyIn(m, c) || done
	}
	if !done {
		return kit.Drop("nothing_to_" + c.Action)
	}
	return nil
}

// obeyIn pauses or resumes what m says, if c means it. An answer of which no line is
// spoken just now, but more is to come, waits with its next one.
func (v *voice) obeyIn(m *mouth, c contract.TtsControl) bool {
	l := m.now
	switch {
	case l != nil && l.is(c.ID) && c.Action == contract.TtsPause:
		if !l.pacer.Held() {
			v.pause(l, c.Reason)
		}
	case l != nil && l.is(c.ID):
		if l.pacer.Held() {
			v.resume(l, c.Reason)
		}
	case l == nil && c.ID != nil && *c.ID != "" && m.says(*c.ID):
		m.paused = ""
		if c.Action == contract.TtsPause {
			m.paused = *c.ID
		}
	case l == nil && c.ID == nil && c.Action == contract.TtsResume && m.paused != "":
		m.paused = ""
	default:
		return false
	}
	return true
}

// says reports whether m said, or is to say, something of an answer.
func (m *mouth) says(utt string) bool {
	isOf := func(l *line) bool { return l != nil && l.utt() == utt }
	return isOf(m.last) || isOf(m.next) || slices.ContainsFunc(m.queue, isOf)
}

// pause holds l where it is. A line of which nothing was heard waits in silence.
func (v *voice) pause(l *line, why *string) {
	l.pacer.Hold(time.Now())
	if v.plays(l) && l.pacer.Started() {
		v.program.Silence()
		l.pacer.Rewind() // the program forgets what it was given
	}
	if l.paused = l.pacer.Started(); l.paused {
		v.status(l, contract.TtsPaused, why)
	}
}

func (v *voice) resume(l *line, why *string) {
	l.pacer.Release(time.Now())
	if l.paused {
		v.status(l, contract.TtsResumed, why)
	}
	l.paused = false
}

// duck lowers what a sink hears, for a sink that does not do so itself, or brings it
// back. Without a sink all come back.
func (v *voice) duck(sink string, d contract.SpeechDuck) error {
	if sink == "" {
		for _, m := range v.mouths {
			m.gain = 1
		}
		return nil
	}
	if !v.owned(sink) {
		return kit.Drop("ducked_by_its_sink")
	}
	v.mouthOf(sink).gain = d.Gain()
	return nil
}

// mute lets speech go on unheard, or heard again.
func (v *voice) mute(on bool) {
	v.muted = on
	if on && v.program != nil {
		v.program.Silence()
	}
}

// stop ends every line that c means, and what is still to come of its answer.
// Each answer of which something ends is told once.
func (v *voice) stop(c contract.TtsControl) error {
	if c.ID == nil {
		v.stopAll = stop{at: time.Now(), reason: c.Reason}
	} else if *c.ID != "" {
		v.remember(*c.ID, c.Reason)
	}
	told := map[string]bool{}
	tell := func(l *line) {
		if utt := l.utt(); utt != "" {
			v.remember(utt, c.Reason).told = true // without an id, too, the rest of the answer is meant
		}
		if !told[l.utt()] {
			v.status(l, contract.TtsStopped, c.Reason)
		}
		told[l.utt()] = true
	}
	for _, m := range v.mouths {
		v.stopIn(m, c, tell)
	}
	tellMeant := func(l *line) bool {
		if l.is(c.ID) {
			tell(l)
		}
		return l.is(c.ID)
	}
	for _, m := range v.mouths {
		waited := len(m.queue)
		m.queue = slices.DeleteFunc(m.queue, tellMeant)
		v.waiting -= waited - len(m.queue)
	}
	v.cancelled = slices.DeleteFunc(v.cancelled, tellMeant)
	if len(told) == 0 {
		return kit.Drop("nothing_to_stop")
	}
	return nil
}

// stopIn ends what m says and makes, if c means it.
func (v *voice) stopIn(m *mouth, c contract.TtsControl, tell func(*line)) {
	if l := m.now; l != nil && l.is(c.ID) {
		tell(l)
		if v.plays(l) {
			v.program.Silence()
		}
		if l.cancel(); l.pacer.Started() {
			v.tellHeard(l, l.pacer.Heard(time.Now()))
			v.tellDetail(l, orDefault(c.Reason, contract.TtsStopped))
			v.status(l, contract.TtsSpeakingEnd, orDefault(c.Reason, contract.TtsStopped))
		}
		m.now, m.last = nil, nil
	}
	if l := m.next; l != nil && l.is(c.ID) {
		tell(l)
		l.cancel()
		m.next = nil
	}
	if c.ID == nil || m.paused == *c.ID {
		m.paused = ""
	}
}

func orDefault(s *string, other string) *string {
	if s == nil {
		return &other
	}
	return s
}
