package stt

import (
	"slices"
	"time"

	"github.com/gotars/tars/services/stt/vad"
)

const (
	// echoAfter is within which time a change of the assistant's voice is heard in the
	// microphone: what the loudspeaker has on its way, 80 to 250 ms in sound cards and
	// the room.
	echoAfter = 330 * time.Millisecond
	// echoFades is how long its voice is heard after its end, with reverberation.
	echoFades = 600 * time.Millisecond
	// cleanAfter is how long the assistant speaks, unheard, until a room is one in which
	// the microphone does not hear it.
	cleanAfter = 800 * time.Millisecond
	// judgeWithin is how long after the voice was lowered the sound of that may come.
	judgeWithin = 900 * time.Millisecond

	// maxSpeech is longer than a voice takes for one text: 1,700 characters, of which the
	// router sends 240 at a time.
	maxSpeech = 2 * time.Minute

	minJudged  = 8   // voiced frames on each side of a change: 160 ms
	echoMargin = 1.2 // times the level of the echo, above which a voice is somebody else's: a false alarm lowers the voice for a moment
	// residueMargin is the same where the echo is taken out: what is left of it depends on
	// what is said.
	residueMargin = 1.5
	echoFallMost  = 0.45
	peakShare     = 0.95 // the level of an echo is that of its loudest frames
	peakDecay     = 0.7  // a second: volumes change
)

// ownVoice is a voice detector that does not take the assistant's own voice for
// somebody's. What it knows is when the assistant speaks, and when its voice is
// lowered because somebody seems to speak into it: a voice in the microphone that is
// lowered with it is its own. From then on only what is louder than that is somebody's.
//
// A microphone with headphones, or with a canceller, hears nothing of it, and then
// nothing changes. It hears one source; the caller holds the lock of that.
type ownVoice struct {
	vad.Detector

	begun    time.Time // the assistant began to speak; zero: it does not
	told     time.Time // that it speaks, last
	over     time.Time // its voice is heard until then; zero: it goes on
	lowered  time.Time // zero: it has its full voice
	share    float64   // that is left of it then
	room     echoKind
	level    float64 // of its loudest frames in the microphone, when room is echoing
	frames   int     // since it began, with its full voice
	recent   []heardFrame
	counted  int     // of recent, before the window of the level
	judged   bool    // it is known whose voice was heard when it was lowered
	withheld bool    // a long voice was heard before that
	residue  float64 // level of its voice that may be left where it is taken out of what is heard, see [loudspeaker]; 0: it is not
	removed  bool    // nothing to speak of is left
}

// ownVoiceReason is why an utterance was dropped that was the assistant's.
const ownVoiceReason = "own_voice"

// echoKind is what a microphone hears of the assistant.
type echoKind int

const (
	unknownEcho echoKind = iota
	noEcho
	echoing
)

// heardFrame is a frame with a voice in it, while the assistant speaks.
type heardFrame struct {
	at    time.Time
	level float64
}

func newOwnVoice(d vad.Detector) *ownVoice { return &ownVoice{Detector: d} }

// speaks notes that the assistant begins to speak, or goes on.
func (o *ownVoice) speaks(now time.Time) {
	if !o.audible(now) {
		o.begun, o.frames, o.recent, o.counted = now, 0, nil, 0
	}
	o.over, o.told = time.Time{}, now
}

// falls notes that the assistant is silent from now on.
func (o *ownVoice) falls(now time.Time) {
	if !o.begun.IsZero() && o.over.IsZero() {
		o.over = now.Add(echoFades)
	}
}

// lower notes that its voice is lowered to a share of itself; 1 is full voice.
func (o *ownVoice) lower(share float64, now time.Time) {
	if share >= 1 {
		o.lowered, o.judged, o.withheld = time.Time{}, false, false
		o.recent, o.counted, o.frames = nil, 0, 0
		return
	}
	o.lowered, o.share, o.judged = now, share, false
}

// suspect notes that words of the assistant were understood in this room: what is known
// of its echo is wrong.
func (o *ownVoice) suspect() { o.room = unknownEcho }

// audible reports whether the assistant can be heard. Speech whose end is never told, as
// the voice broke or the news was lost, is over after [maxSpeech].
func (o *ownVoice) audible(now time.Time) bool {
	return !o.begun.IsZero() && now.Sub(o.told) < maxSpeech && (o.over.IsZero() || now.Before(o.over))
}

// hides reports whether the assistant's voice hides others that are softer.
func (o *ownVoice) hides(now time.Time) bool {
	return (o.room == echoing || o.residue > 0) && !o.removed && o.audible(now)
}

// speaking reports whether the assistant can be heard, and since when.
func (o *ownVoice) speaking(now time.Time) (is bool, since time.Time) { return o.audible(now), o.begun }

// undecided reports whether it is to be found out whose voice is heard, now that the
// assistant's is lowered.
func (o *ownVoice) undecided() bool {
	return !o.lowered.IsZero() && !o.judged && o.room == unknownEcho && o.residue == 0
}

// Detect implements [vad.Detector].
func (o *ownVoice) Detect(frame []byte) (level float64, voice bool) {
	level, voice = o.Detector.Detect(frame)
	now := time.Now()
	if !o.audible(now) {
		return level, voice
	}
	gate := o.gate(now)
	if voice && (o.lowered.IsZero() || o.undecided()) { // nobody asks for others
		o.recent = append(o.recent, heardFrame{now, level})
	}
	if o.lowered.IsZero() && o.over.IsZero() {
		o.frames++
		o.learn(gate)
	}
	return level, voice && level >= gate
}

// gate is the level below which a voice is the assistant's.
func (o *ownVoice) gate(now time.Time) float64 {
	switch {
	case o.residue > 0:
		return residueMargin * o.residue
	case o.room != echoing:
		return 0
	case !o.lowered.IsZero() && now.Sub(o.lowered) >= echoAfter:
		return echoMargin * o.level * o.share
	}
	return echoMargin * o.level
}

// learn takes what is heard while the assistant speaks with its full voice: nothing,
// or the level of its echo, which is learnt anew each second in which nobody else is heard.
func (o *ownVoice) learn(gate float64) {
	const second = int(time.Second / vad.FrameDuration)
	switch {
	case o.room == unknownEcho && o.frames == int(cleanAfter/vad.FrameDuration) && len(o.recent) < minJudged/2:
		o.room = noEcho
	case o.room == echoing && o.frames%second == 0:
		window := o.recent[o.counted:]
		if len(window) >= minJudged && loudest(window) < gate && o.residue == 0 {
			o.level = max(loudest(window), peakDecay*o.level)
		}
		o.recent, o.counted = nil, 0
	case o.frames%second == 0 && len(o.recent) > 2*second:
		o.recent = slices.Clone(o.recent[len(o.recent)-second:])
	}
}

// verdict is whose voice was heard when the assistant's was lowered.
type verdict int

const (
	noVerdict verdict = iota // not yet, or nothing was asked
	isOther                  // somebody else's
	isOwn                    // the assistant's
)

// judge tells once, after the voice was lowered, whose the voice in the microphone is,
// where it is not known what the microphone hears of the assistant. Where it hears it,
// the end of somebody's word looks the same. What bySound says goes before how loud it is.
func (o *ownVoice) judge(now time.Time, bySound func() verdict) verdict {
	if !o.undecided() {
		return noVerdict
	}
	var before, after []heardFrame
	for _, f := range o.recent {
		switch since := f.at.Sub(o.lowered); {
		case since < 80*time.Millisecond:
			before = append(before, f)
		case since >= echoAfter:
			after = append(after, f)
		}
	}
	switch late := now.Sub(o.lowered) >= judgeWithin; {
	case len(after) < minJudged && !late:
		return noVerdict
	case len(before) < minJudged/2 || len(after) < minJudged:
		o.judged = true // nobody spoke on
		return isOther
	}
	o.judged = true
	v := bySound()
	if v == isOther || v == noVerdict && loudest(after) > echoFallMost*loudest(before) {
		return isOther
	}
	o.room, o.level = echoing, loudest(before)
	return isOwn
}

// withhold reports whether the news that a voice is a long one is not told: not yet, as it
// is not known whose it is, or not at all where the assistant's own is heard beside others.
func (o *ownVoice) withhold(now time.Time) bool {
	o.withheld = o.audible(now) && o.undecided()
	return o.withheld || o.residue == 0 && o.hides(now)
}

// loudest is the level of the loudest frames.
func loudest(frames []heardFrame) float64 {
	levels := make([]float64, len(frames))
	for i, f := range frames {
		levels[i] = f.level
	}
	slices.Sort(levels)
	return levels[min(len(levels)-1, int(peakShare*float64(len(levels))))]
}
