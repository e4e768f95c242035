package stt

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/echo"
	"github.com/gotars/tars/speech/pcm"
)

const (
	// speakerLead is how long after the arrival of a line its sound begins at least. A page
	// takes 80 ms; what comes later is found out by the canceller, what comes earlier is
	// not.
	speakerLead = 40 * time.Millisecond
	// Time constants, in seconds, with which a loudspeaker lowers and raises the voice, as
	// pages do.
	lowerRamp = 0.015
	raiseRamp = 0.080

	// minLearntGain is the share of its voice below which nothing is learnt of it: whether
	// the loudspeaker or the voice itself lowers it is not known.
	minLearntGain = 0.9

	maxStopped    = 32            // utterances that are remembered because they were stopped
	maxUnplayed   = 5 * echo.Rate // samples: the voice sends at most 300 ms ahead
	longestEcho   = 500 * time.Millisecond
	maxLostChunks = 25 // of a microphone, that are made up for
)

// loudspeaker is what the loudspeaker of a room plays, by the clock of its microphone. It
// takes what it plays out of what the microphone hears.
type loudspeaker struct {
	canceller *echo.Canceller // nil: nothing was ever played
	unplayed  []float64
	begins    int // samples of the microphone until the first of them
	held      bool
	gain      float64
	target    float64
	ramp      float64
	utt       string
	stopped   []string

	say       string
	rate      int
	resampler *pcm.Resampler // nil at the rate of the microphone

	clean time.Time // since then hardly anything of what is played is left in what is heard; zero: it may be

	memory  soundMemory
	unheard pcm.Audio // of the microphone, less than a block
	nextSeq int       // of the microphone
}

func newLoudspeaker() *loudspeaker {
	return &loudspeaker{gain: 1, target: 1, ramp: raiseRamp}
}

// take takes a chunk of speech. ahead is how much was not heard yet of what the
// microphone hears until now.
func (l *loudspeaker) take(a contract.SpeakerAudio, ahead time.Duration) {
	if slices.Contains(l.stopped, a.UttID) || len(a.PCM) == 0 || len(l.unplayed) > maxUnplayed {
		return
	}
	if l.canceller == nil {
		l.canceller = echo.NewCanceller(longestEcho)
	}
	if rate := max(a.Rate, 0); a.Say != l.say || rate != l.rate {
		if l.say, l.rate, l.resampler = a.Say, rate, nil; rate != 0 && rate != pcm.Rate {
			l.resampler = pcm.NewResampler(rate)
		}
	}
	samples := pcm.Audio(a.PCM)
	if l.resampler != nil {
		samples = l.resampler.Resample(samples)
	}
	if len(l.unplayed) == 0 {
		l.begins = max(0, int((ahead+speakerLead).Seconds()*echo.Rate)-len(l.unheard)/2)
		l.canceller.Begin()
	}
	l.utt = a.UttID
	l.unplayed = append(l.unplayed, floats(samples)...)
}

// obey does what the voice says of itself.
func (l *loudspeaker) obey(event, utt string) {
	mine := utt == "" || len(l.unplayed) == 0 || utt == l.utt
	switch event {
	case contract.TtsStopped:
		if l.held = false; mine {
			l.unplayed = nil
		}
		if utt != "" {
			l.stopped = append(l.stopped, utt)
			l.stopped = l.stopped[max(0, len(l.stopped)-maxStopped):]
		}
	case contract.TtsPaused:
		l.held = l.held || mine
	case contract.TtsResumed, contract.TtsSpeakingStart, contract.TtsSpeakingEnd:
		l.held = l.held && !mine
	}
}

// lower lowers the voice to a share of itself, or raises it again.
func (l *loudspeaker) lower(share float64) {
	if l.target, l.ramp = share, raiseRamp; share < 1 {
		l.ramp = lowerRamp
	}
}

// play returns the next block that is played.
func (l *loudspeaker) play() []float64 {
	out := make([]float64, echo.Block)
	n := min(l.begins, len(out))
	l.begins -= n
	if !l.held {
		l.unplayed = l.unplayed[copy(out[n:], l.unplayed):]
	}
	near := 1 - math.Exp(-1/(l.ramp*echo.Rate))
	for i := range out {
		l.gain += (l.target - l.gain) * near
		out[i] *= l.gain
	}
	return out
}

// cancel returns what is heard without what is played, as far as it makes whole blocks.
// The rest comes with the next chunk.
func (l *loudspeaker) cancel(seq int, heard pcm.Audio) pcm.Audio {
	lost := seq - l.nextSeq
	if lost == -1 && seq > 0 { // a chunk that came already
		return heard
	}
	l.nextSeq = seq + 1
	if l.canceller == nil || len(l.unplayed) == 0 && !l.canceller.IsBusy() {
		if len(l.unheard) > 0 {
			heard, l.unheard = append(l.unheard, heard...), nil
		}
		if len(l.memory.heard) > 0 {
			l.memory.add(floats(heard), nil)
		}
		return heard
	}
	if lost > 0 && lost <= maxLostChunks { // the loudspeaker went on
		for range lost * len(heard) / 2 / echo.Block {
			l.memory.add(make([]float64, echo.Block), l.play())
		}
	}
	all := append(l.unheard, heard...)
	out := make(pcm.Audio, 0, len(all))
	for ; len(all) >= 2*echo.Block; all = all[2*echo.Block:] {
		heard, played := floats(all[:2*echo.Block]), l.play()
		rest := l.canceller.Cancel(heard, played, l.gain > minLearntGain)
		out = append(out, samplesOf(rest)...)
		if l.canceller.IsKnown() {
			heard = rest // a person may be softer in it than the echo was
		}
		l.memory.add(heard, played)
	}
	l.unheard = slices.Clone(all)
	switch {
	case !l.canceller.IsKnown():
		l.clean = time.Time{}
	case l.clean.IsZero():
		l.clean = time.Now()
	}
	return out
}

// residue is the level of what is played that may be left in what is heard, in units of a
// 16-bit sample; 0 where the microphone does not hear it.
func (l *loudspeaker) residue() float64 {
	if l.canceller == nil {
		return 0
	}
	return 32768 * l.canceller.Residue()
}

// floats are samples between -1 and 1.
func floats(a pcm.Audio) []float64 {
	out := make([]float64, len(a)/2)
	for i := range out {
		out[i] = float64(int16(binary.LittleEndian.Uint16(a[2*i:]))) / 32768
	}
	return out
}

func samplesOf(floats []float64) pcm.Audio {
	out := make(pcm.Audio, 2*len(floats))
	for i, v := range floats {
		binary.LittleEndian.PutUint16(out[2*i:], uint16(int16(math.Round(max(-1, min(v, 32767.0/32768))*32768))))
	}
	return out
}
