package stt

import (
	"time"

	"github.com/gotars/tars/speech/echo"
)

const (
	// longestCompared is the longest utterance that is told from the assistant's voice by its
	// sound. What is longer has words enough to be told by them.
	longestCompared = 4 * time.Second
	// besideCompared is how much of the sound before and behind an utterance belongs to it:
	// the detector finds the begin of a word late, and its end too.
	besideCompared = 200 * time.Millisecond
	// wakePhraseTime is how long saying a wake phrase takes, with the time in which its server
	// finds it.
	wakePhraseTime = 1500 * time.Millisecond
)

// soundMemory is what a microphone heard in the last time, and what the loudspeaker of its
// room played meanwhile. Both are as long, and empty where nothing was played.
type soundMemory struct {
	heard, played []float64
	silent        int // samples at the end in which nothing was played
}

// memorySamples is how much is remembered.
const memorySamples = int((longestCompared + 2*besideCompared + echo.Latest + time.Second) * echo.Rate / time.Second)

// add adds what was heard while something was played; nil stands for silence.
func (m *soundMemory) add(heard, played []float64) {
	if played == nil {
		if m.silent += len(heard); len(m.heard) == 0 || m.silent >= memorySamples {
			*m = soundMemory{}
			return
		}
		played = make([]float64, len(heard))
	} else {
		m.silent = 0
	}
	m.heard, m.played = keepLast(append(m.heard, heard...)), keepLast(append(m.played, played...))
}

// keepLast forgets what is too old, now and then.
func keepLast(all []float64) []float64 {
	if len(all) > 2*memorySamples {
		return append(all[:0], all[len(all)-memorySamples:]...)
	}
	return all
}

// likeness compares what was heard from a time ago to another with what was played; ok tells
// whether both are remembered.
func (m *soundMemory) likeness(from, to time.Duration) (l echo.Likeness, ok bool) {
	n := len(m.heard)
	first, end := n-samplesIn(from), n-samplesIn(to)
	if first < -samplesIn(besideCompared) { // it began before anything was played
		return l, false
	}
	first = max(0, first)
	before := first - samplesIn(echo.Latest)
	if first >= end || n-m.silent <= before {
		return l, false
	}
	played := m.played[max(0, before):end]
	if before < 0 { // nothing was played before
		played = append(make([]float64, -before), played...)
	}
	return echo.Compare(m.heard[first:end], played), true
}

func samplesIn(d time.Duration) int { return int(d * echo.Rate / time.Second) }

// likeness compares what was heard between two times of the source's audio with what the
// loudspeaker of the room played; ok tells whether that is known.
func (e *audioSource) likeness(from, to time.Duration) (l echo.Likeness, ok bool) {
	if to-from > longestCompared {
		return l, false
	}
	now := e.segmenter.Heard()
	return e.loudspeaker.memory.likeness(now-from+besideCompared, max(0, now-to-besideCompared))
}

// isEcho reports whether what was heard between two times of the source's audio is what the
// loudspeaker of the room played, and nothing else.
func (e *audioSource) isEcho(from, to time.Duration) bool {
	l, ok := e.likeness(from, to)
	return ok && l.IsEcho()
}

// verdictBySound is whose voice is being heard, as far as its sound tells.
func (e *audioSource) verdictBySound() verdict {
	switch l, ok := e.likeness(e.current.from, e.segmenter.Heard()); {
	case !ok:
		return noVerdict
	case l.IsEcho():
		return isOwn
	case l.IsOther():
		return isOther
	}
	return noVerdict
}

// isWokenByItself reports whether a wake phrase that was found in a room just now was
// found in the assistant's own voice.
func (s *Service) isWokenByItself(room string) (is bool) {
	s.sources.eachIn(room, func(e *audioSource) {
		now := e.segmenter.Heard()
		is = is || e.isEcho(now-wakePhraseTime, now)
	})
	return is
}
