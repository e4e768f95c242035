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
	l := v.now
	switch {
	case l == nil || !l.is(c.ID):
		return kit.Drop("nothing_to_" + c.Action)
	case c.Action == contract.TtsPause && !l.pacer.Held():
		v.pause(l, c.Reason)
	case c.Action == contract.TtsResume && l.pacer.Held():
		v.resume(l, c.Reason)
	}
	return nil
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
	if l := v.now; l != nil && l.is(c.ID) {
		tell(l)
		if v.plays(l) {
			v.program.Silence()
		}
		if l.cancel(); l.pacer.Started() {
			v.status(l, contract.TtsSpeakingEnd, orDefault(c.Reason, contract.TtsStopped))
		}
		v.now, v.last = nil, nil
	}
	if l := v.next; l != nil && l.is(c.ID) {
		tell(l)
		l.cancel()
		v.next = nil
	}
	tellMeant := func(l *line) bool {
		if l.is(c.ID) {
			tell(l)
		}
		return l.is(c.ID)
	}
	v.queue.lines = slices.DeleteFunc(v.queue.lines, tellMeant)
	v.cancelled = slices.DeleteFunc(v.cancelled, tellMeant)
	if len(told) == 0 {
		return kit.Drop("nothing_to_stop")
	}
	return nil
}

func orDefault(s *string, other string) *string {
	if s == nil {
		return &other
	}
	return s
}
