package vad

import (
	"math"
	"slices"
	"time"

	"github.com/gotars/tars/speech/pcm"
)

// Segmentation says when speech begins and ends.
type Segmentation struct {
	PreRoll   time.Duration // audio kept from before the first voiced frame
	MinSpeech time.Duration // voice that it takes to be speech, not a click
	Sustained time.Duration // voice after which it is no nod or cough; 0: never told
	Pause     time.Duration // silence that may be the end, less than Hangover; 0: never told
	Hangover  time.Duration // silence after which speech has ended
	Endpoint  time.Duration // silence after which an utterance is complete
	Longest   time.Duration // an utterance is cut at its longest pause after this
}

const (
	// Recognisers want some silence behind the last word, and a cut must not fall
	// into one. How long each lasts was chosen by ear.
	trailingSilence = 300 * time.Millisecond // how much of the silence that ends an utterance is kept
	minPause        = 200 * time.Millisecond // length of a pause to cut a long utterance at
	onsetWindow     = time.Second            // how much audio is kept, besides the pre-roll, while it is not decided whether speech begins
	maxBridgedGap   = 500 * time.Millisecond // lost audio that does not end an utterance
)

// Edge is what kind of Event it is: a beginning or an end of speech.
type Edge int

// The edges of speech, in the order in which they come: any number of times
// Started and Ended, with at most one Sustained and any number of Paused between them,
// then either Complete or Rejected. Sustained is a voice that goes on after the time of
// the settings; Paused is a silence that may become the end, unless the next word follows.
// Rejected is noise that was taken for speech, and speech that nobody may hear to its end.
const (
	Started Edge = iota
	Sustained
	Paused
	Ended
	Complete
	Rejected
)

// Event is an edge of speech in one source.
type Event struct {
	Edge Edge
	At   time.Duration // audio heard since the segmenter was made

	LastVoice time.Duration // audio heard up to the last voice in it
	Energy    float64       // RMS of the voiced frames so far, 1 is full scale
	Voiced    time.Duration // voice in Audio, as far as the detector found it
	Audio     pcm.Audio     // Complete: the utterance. Paused and Ended: the utterance if nobody speaks on; nil when Flush or Forget ended it

	// Of Complete: how much audio was heard before Audio, and of each frame of it how loud it
	// was and whether it holds voice.
	Begun  time.Duration
	Levels []float64
	Voices []bool
}

// Segmenter cuts the audio of one source into utterances. Its only clock is
// the audio. It is not safe for concurrent use.
type Segmenter struct {
	settings Segmentation
	endpoint func() time.Duration // silence that completes the utterance, asked while it lasts; nil: that of the settings
	detector Detector

	nextSeq      int64  // sequence number that the next chunk should have; -1 before the first
	partialFrame []byte // end of the last chunk, less than a frame, kept for the next one
	frames       int    // frames heard since the segmenter was made

	person     foreground  // who speaks, or spoke last
	overVoice  bool        // the assistant speaks, and may be louder
	preRoll    frameBuffer // audio before an utterance
	onsetCount int         // voiced frames minus unvoiced ones since the first voice in preRoll
	onsetFrame int         // index in preRoll of that first voiced frame

	open         bool        // an utterance is being heard
	speech       frameBuffer // the utterance so far
	voicedRun    int         // voiced frames in a row, up to the last one
	silentFrames int         // frames since somebody last spoke, in the open utterance
	started      bool        // the last event was Started: its Ended is still to come
	voiceBegan   int         // frame with the first voice after Started
	sustained    bool        // Sustained was told since
}

// NewSegmenter returns a segmenter of one source, in which d detects the speech.
// Each source needs a detector of its own, because it learns the noise of the room.
func NewSegmenter(s Segmentation, d Detector) *Segmenter {
	return &Segmenter{settings: s, detector: d, nextSeq: -1}
}

// SetMinSpeech changes the voice that it takes to be speech.
func (s *Segmenter) SetMinSpeech(d time.Duration) { s.settings.MinSpeech = d }

// SetOverVoice says whether the assistant can be heard, which may be louder than the person.
func (s *Segmenter) SetOverVoice(is bool) {
	s.overVoice = is
	s.detector.SetOverVoice(is)
}

// Hear takes the next chunk of audio, of any length; an empty one ends the
// stream. Seq counts the chunks of the source, -1 when it does not count. A
// chunk that came already is ignored, a short gap is bridged, a long one and a
// source that counts afresh end the utterance.
func (s *Segmenter) Hear(seq int64, chunk []byte) []Event {
	if len(chunk) == 0 {
		return s.Flush()
	}
	var events []Event
	if seq >= 0 && s.nextSeq >= 0 && seq != s.nextSeq {
		lost := float64(seq-s.nextSeq) * pcm.Audio(chunk).Duration().Seconds()
		switch {
		case seq == 0 && s.nextSeq == 1: // a source that does not count says 0 each time
		case seq == s.nextSeq-1:
			return nil
		case lost < 0 || lost > maxBridgedGap.Seconds():
			events = s.Flush()
		}
	}
	s.nextSeq = seq + 1
	s.partialFrame = append(s.partialFrame, chunk...)
	done := 0
	for ; len(s.partialFrame)-done >= FrameBytes; done += FrameBytes {
		events = append(events, s.hearFrame(s.partialFrame[done:done+FrameBytes])...)
	}
	s.partialFrame = append(s.partialFrame[:0], s.partialFrame[done:]...)
	return events
}

// Flush ends the utterance that is being heard: the source fell silent for
// good. What is known of the room's noise is kept.
func (s *Segmenter) Flush() []Event {
	var events []Event
	if s.open {
		events = s.endUtterance()
	}
	return append(events, s.Forget()...)
}

// Forget drops the utterance that is being heard and everything that could
// become part of the next one. Speech that was going on has Ended.
func (s *Segmenter) Forget() []Event {
	var events []Event
	if s.started {
		events = append(events, s.newEvent(Ended))
	}
	if s.open {
		events = append(events, s.newEvent(Rejected))
	}
	*s = Segmenter{settings: s.settings, endpoint: s.endpoint, detector: s.detector, frames: s.frames, nextSeq: -1}
	return events
}

// Learn takes audio that must not be recognised, and learns the room's noise
// from it.
func (s *Segmenter) Learn(chunk []byte) {
	for ; len(chunk) >= FrameBytes; chunk = chunk[FrameBytes:] {
		s.detector.Detect(chunk[:FrameBytes])
		s.frames++
	}
}

// Open tells whether an utterance is being heard.
func (s *Segmenter) Open() bool { return s.open }

// Talking tells whether somebody is speaking right now: the last frame belonged to
// speech and not to a pause.
func (s *Segmenter) Talking() bool { return s.open && s.silentFrames == 0 }

// Heard is how much audio was taken since the segmenter was made.
func (s *Segmenter) Heard() time.Duration { return time.Duration(s.frames) * FrameDuration }

// SoFar returns a copy of the utterance that is being heard.
func (s *Segmenter) SoFar() pcm.Audio {
	said, _ := s.wordsOf(s.speech)
	return slices.Clone(said.pcm)
}

// wordsOf returns the part of an utterance in which the person speaks, and how many frames
// before it are left out because others spoke in them. It shares the memory of the utterance.
func (s *Segmenter) wordsOf(utterance frameBuffer) (said frameBuffer, begin int) {
	if s.overVoice {
		return utterance, 0
	}
	from, to := s.person.wordsIn(utterance.levels, s.detector.NoiseFloor())
	return utterance.between(from, to), from
}

// hearFrame takes one frame: it looks for the beginning of an utterance, or continues
// the one that is open.
func (s *Segmenter) hearFrame(f []byte) []Event {
	s.frames++
	level, voice := s.detector.Detect(f)
	noise := s.detector.NoiseFloor()
	if s.open {
		return s.continueUtterance(f, level, s.person.follow(level, voice, noise, !s.overVoice))
	}
	voice = s.person.await(level, voice, noise)
	s.preRoll.add(f, level, voice)
	if !s.detectOnset(voice) {
		return nil
	}
	s.onsetFrame -= s.preRoll.drop(s.onsetFrame - framesOf(s.settings.PreRoll))
	s.open, s.speech = true, s.preRoll
	s.start(len(s.speech.levels) - s.onsetFrame)
	s.voicedRun, s.silentFrames, s.onsetCount, s.preRoll = s.onsetCount, 0, 0, frameBuffer{}
	return []Event{s.newEvent(Started)}
}

// voicedBefore is how many frames of the utterance held voice before the last n, where that
// was more than a short nod takes: who goes on after it does not nod.
func (s *Segmenter) voicedBefore(n int) int {
	const shortNod = 17 // frames: 0.34 s
	if before := s.speech.voicedCount() - n; before > shortNod {
		return before
	}
	return 0
}

// start notes that speech began some frames ago.
func (s *Segmenter) start(frames int) {
	s.started, s.sustained, s.voiceBegan = true, false, s.frames-frames
}

// detectOnset counts voiced frames up and unvoiced ones down, and reports whether
// there are enough for speech to begin.
func (s *Segmenter) detectOnset(voice bool) bool {
	switch {
	case voice && s.onsetCount == 0:
		s.onsetFrame, s.onsetCount = len(s.preRoll.levels)-1, 1
	case voice:
		s.onsetCount++
	case s.onsetCount > 0:
		s.onsetCount--
	}
	s.onsetFrame -= s.preRoll.drop(len(s.preRoll.levels) - framesOf(s.settings.PreRoll+onsetWindow))
	return s.onsetCount >= framesOf(s.settings.MinSpeech)
}

// continueUtterance takes a frame of an open utterance.
func (s *Segmenter) continueUtterance(f []byte, level float64, voice bool) []Event {
	const minVoicedRun = 4 // voiced frames in a row that are speech and not a click
	s.speech.add(f, level, voice)
	s.silentFrames++
	if s.voicedRun++; !voice {
		s.voicedRun = 0
	}
	if s.voicedRun >= minVoicedRun || voice && s.silentFrames <= minVoicedRun {
		s.silentFrames = 0
	}
	switch {
	case s.silentFrames == 0 && !s.started:
		s.start(minVoicedRun + s.voicedBefore(minVoicedRun))
		return []Event{s.newEvent(Started)}
	case s.isSustained(level):
		s.sustained = true
		return []Event{s.newEvent(Sustained)}
	case s.silentFrames >= framesOf(s.endpointNow()):
		return s.endUtterance()
	case s.silentFrames >= framesOf(s.settings.Hangover) && s.started:
		s.started = false
		return []Event{s.newPause(Ended)}
	case s.silentFrames > 0 && s.silentFrames == framesOf(s.settings.Pause) && s.started:
		return []Event{s.newPause(Paused)}
	case len(s.speech.levels) >= framesOf(s.settings.Longest):
		return s.cutAtPause()
	}
	return nil
}

// isSustained reports whether a voice is longer than a nod, in a frame of a level in which
// it does not fade: detectors take the end of a sound for voice, too.
func (s *Segmenter) isSustained(level float64) bool {
	const (
		lately = 15   // frames, in which a syllable begins: 0.3 s
		fading = 0.25 // of the loudest of them: 12 dB less
	)
	if s.silentFrames > 0 || s.sustained || s.settings.Sustained <= 0 || s.frames-s.voiceBegan < framesOf(s.settings.Sustained) {
		return false
	}
	levels := s.speech.levels
	return level >= fading*slices.Max(levels[max(0, len(levels)-lately):])
}

// newPause returns an event with the utterance so far.
func (s *Segmenter) newPause(e Edge) Event {
	v := s.newEvent(e)
	said, _ := s.wordsOf(s.speech)
	v.Audio, v.Voiced = slices.Clone(said.pcm), durationOf(said.voicedCount())
	return v
}

// DecideEnd has f say, after each frame of a pause, how much silence completes the
// utterance, in place of the Endpoint of the settings: who knows what was said knows
// better whether something follows.
func (s *Segmenter) DecideEnd(f func() time.Duration) { s.endpoint = f }

func (s *Segmenter) endpointNow() time.Duration {
	if s.endpoint == nil || s.started { // who decides is told first that speech has Ended
		return s.settings.Endpoint
	}
	return s.endpoint()
}

// endUtterance ends the utterance. Of the silence at its end it keeps
// trailingSilence; the rest may become pre-roll.
func (s *Segmenter) endUtterance() []Event {
	var events []Event
	if s.started {
		events = append(events, s.newEvent(Ended))
	}
	said, begun := s.speech, s.Heard()-durationOf(len(s.speech.levels))
	s.preRoll = said.split(len(said.levels) - max(0, s.silentFrames-framesOf(trailingSilence)))
	if s.isSpeech(said) {
		done := s.newEvent(Complete)
		s.addWords(&done, said, begun)
		events = append(events, done)
	} else {
		events = append(events, s.newEvent(Rejected))
	}
	s.open, s.started, s.speech = false, false, frameBuffer{}
	s.voicedRun, s.silentFrames = 0, 0
	return events
}

// isSpeech tells whether an utterance is speech, judged by what is known of the noise at
// its end: a fan that starts, or a noisy room that has just been entered,
// looks like speech until the noise is known.
func (s *Segmenter) isSpeech(utterance frameBuffer) bool {
	loud := 0
	start, _ := s.detector.Thresholds()
	for _, l := range utterance.levels {
		if l >= start {
			loud++
		}
	}
	return 2*loud >= framesOf(s.settings.MinSpeech)
}

// cutAtPause completes an utterance that is too long at the quietest moment of its
// second half, and goes on with the rest.
func (s *Segmenter) cutAtPause() []Event {
	done := s.newEvent(Complete)
	begun := s.Heard() - durationOf(len(s.speech.levels))
	rest := s.speech.split(s.speech.quietestMiddle(len(s.speech.levels)/2, framesOf(minPause)))
	s.addWords(&done, s.speech, begun)
	s.speech = rest
	return []Event{done}
}

// addWords puts what the person said of an utterance, which begins after so much audio,
// into the event that completes it.
func (s *Segmenter) addWords(v *Event, utterance frameBuffer, begun time.Duration) {
	said, leftOut := s.wordsOf(utterance)
	v.Audio, v.Voiced = said.pcm, durationOf(said.voicedCount())
	v.Begun, v.Levels, v.Voices = begun+durationOf(leftOut), said.levels, said.voices
}

// newEvent returns an event without audio: it adds the time and the energy.
func (s *Segmenter) newEvent(e Edge) Event {
	const fullScale = 32768
	_, keep := s.detector.Thresholds()
	sum, n := 0.0, 0
	for _, l := range s.speech.levels {
		if l >= keep {
			sum, n = sum+l*l, n+1
		}
	}
	return Event{
		Edge: e, At: s.Heard(), LastVoice: s.Heard() - durationOf(s.silentFrames),
		Energy: math.Sqrt(sum/float64(max(n, 1))) / fullScale,
	}
}
