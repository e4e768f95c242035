package stt

import (
	"math"
	"slices"
	"time"
)

// Segmentation says when speech begins and ends.
type Segmentation struct {
	PreRoll   time.Duration // audio kept from before the first voiced frame
	MinSpeech time.Duration // voice that it takes to be speech, not a click
	Hangover  time.Duration // silence after which speech has ended
	Endpoint  time.Duration // silence after which an utterance is complete
	Longest   time.Duration // an utterance is cut at its longest pause after this
	MinLevel  float64       // least RMS of speech, in units of a 16-bit sample
}

const (
	tail      = 300 * time.Millisecond // of the silence that ends an utterance, kept
	breath    = 200 * time.Millisecond // a pause to cut at
	doubt     = time.Second            // flicker of voice that is never remembered for longer
	gapBridge = 500 * time.Millisecond // lost audio that does not end an utterance
)

// Edge is a kind of Event.
type Edge int

// The edges of speech, in the order in which they come: any number of times
// Started and Ended, then Complete. Noise that was taken for speech has no
// Complete.
const (
	Started Edge = iota
	Ended
	Complete
)

// Event is an edge of speech in one source.
type Event struct {
	Edge   Edge
	At     time.Duration // audio heard since the segmenter was made
	Energy float64       // RMS of the voiced frames so far, 1 is full scale
	Audio  Audio         // of Complete the utterance; of Ended what it is when nobody speaks on, if that is open
}

// Segmenter cuts the audio of one source into utterances. Its only clock is
// the audio. It is not safe for concurrent use.
type Segmenter struct {
	set  Segmentation
	ears *detector

	next   int64  // seq that should come
	rest   []byte // less than a frame, kept for the next chunk
	frames int    // heard since the start

	idle  take // of no utterance: what may become pre-roll
	onset int  // voiced frames minus unvoiced ones since the first voice of idle
	first int  // the frame of idle that held it

	open    bool // an utterance is being heard
	speech  take // the utterance so far
	voiced  int  // voiced frames in a row
	silence int  // frames since somebody last spoke
	talking bool // Started came and Ended did not
}

// NewSegmenter returns a segmenter of one source.
func NewSegmenter(s Segmentation) *Segmenter {
	return &Segmenter{set: s, ears: newDetector(s.MinLevel), next: -1}
}

// Hear takes the next chunk of audio, of any length; an empty one ends the
// stream. Seq counts the chunks of the source, -1 when it does not count. A
// chunk that came already is ignored, a short gap is bridged, a long one and a
// source that counts afresh end the utterance.
func (s *Segmenter) Hear(seq int64, pcm []byte) []Event {
	if len(pcm) == 0 {
		return s.Flush()
	}
	var events []Event
	if seq >= 0 && s.next >= 0 && seq != s.next {
		lost := float64(seq-s.next) * Audio(pcm).Duration().Seconds()
		switch {
		case seq == 0 && s.next == 1: // a source that does not count says 0 each time
		case seq == s.next-1:
			return nil
		case lost < 0 || lost > gapBridge.Seconds():
			events = s.Flush()
		}
	}
	s.next = seq + 1
	s.rest = append(s.rest, pcm...)
	done := 0
	for ; len(s.rest)-done >= frameBytes; done += frameBytes {
		events = append(events, s.hear(s.rest[done:done+frameBytes])...)
	}
	s.rest = append(s.rest[:0], s.rest[done:]...)
	return events
}

// Flush ends the utterance that is being heard: the source fell silent for
// good. What is known of the room's noise is kept.
func (s *Segmenter) Flush() []Event {
	var events []Event
	if s.open {
		events = s.close()
	}
	return append(events, s.Forget()...)
}

// Forget drops the utterance that is being heard and everything that could
// become part of the next one. Speech that was going on has Ended.
func (s *Segmenter) Forget() []Event {
	var events []Event
	if s.talking {
		events = append(events, s.event(Ended))
	}
	*s = Segmenter{set: s.set, ears: s.ears, frames: s.frames, next: -1}
	return events
}

// Learn takes audio that must not be recognised, and learns the room's noise
// from it.
func (s *Segmenter) Learn(pcm []byte) {
	for ; len(pcm) >= frameBytes; pcm = pcm[frameBytes:] {
		s.ears.hear(pcm[:frameBytes])
		s.frames++
	}
}

// Open tells whether an utterance is being heard.
func (s *Segmenter) Open() bool { return s.open }

// Talking tells whether somebody is speaking right now.
func (s *Segmenter) Talking() bool { return s.open && s.silence == 0 }

// Heard is how much audio was taken since the segmenter was made.
func (s *Segmenter) Heard() time.Duration { return time.Duration(s.frames) * frame }

// SoFar returns a copy of the utterance that is being heard.
func (s *Segmenter) SoFar() Audio { return slices.Clone(s.speech.pcm) }

func (s *Segmenter) hear(f []byte) []Event {
	s.frames++
	level, voice := s.ears.hear(f)
	if s.open {
		return s.follow(f, level, voice)
	}
	s.idle.add(f, level)
	if !s.begins(voice) {
		return nil
	}
	s.idle.drop(s.first - framesOf(s.set.PreRoll))
	s.open, s.talking, s.speech = true, true, s.idle
	s.voiced, s.silence, s.onset, s.idle = s.onset, 0, 0, take{}
	return []Event{s.event(Started)}
}

// begins counts voice against its lack until there is enough of it.
func (s *Segmenter) begins(voice bool) bool {
	switch {
	case voice && s.onset == 0:
		s.first, s.onset = len(s.idle.levels)-1, 1
	case voice:
		s.onset++
	case s.onset > 0:
		s.onset--
	}
	s.first -= s.idle.drop(len(s.idle.levels) - framesOf(s.set.PreRoll+doubt))
	return s.onset >= framesOf(s.set.MinSpeech)
}

// follow takes a frame of an open utterance.
func (s *Segmenter) follow(f []byte, level float64, voice bool) []Event {
	const again = 4 // voiced frames in a row that are speech and not a click
	s.speech.add(f, level)
	s.silence++
	if s.voiced++; !voice {
		s.voiced = 0
	}
	if s.voiced >= again || voice && s.silence <= again {
		s.silence = 0
	}
	switch {
	case s.silence == 0 && !s.talking:
		s.talking = true
		return []Event{s.event(Started)}
	case s.silence >= framesOf(s.set.Endpoint):
		return s.close()
	case s.silence >= framesOf(s.set.Hangover) && s.talking:
		s.talking = false
		ended := s.event(Ended)
		ended.Audio = slices.Clone(s.speech.pcm)
		return []Event{ended}
	case len(s.speech.levels) >= framesOf(s.set.Longest):
		return s.cut()
	}
	return nil
}

// close ends the utterance. Of the silence at its end it keeps a tail; the
// rest may become pre-roll.
func (s *Segmenter) close() []Event {
	var events []Event
	if s.talking {
		events = append(events, s.event(Ended))
	}
	said := s.speech
	s.idle = said.split(len(said.levels) - max(0, s.silence-framesOf(tail)))
	if s.spoken(said) {
		done := s.event(Complete)
		done.Audio = said.pcm
		events = append(events, done)
	}
	s.open, s.talking, s.speech = false, false, take{}
	s.voiced, s.silence = 0, 0
	return events
}

// spoken tells whether t is speech, judged by what is known of the noise at
// its end: a fan that starts, or a noisy room that has just been entered,
// looks like speech until the noise is known.
func (s *Segmenter) spoken(t take) bool {
	loud := 0
	for _, l := range t.levels {
		if l >= s.ears.start() {
			loud++
		}
	}
	return 2*loud >= framesOf(s.set.MinSpeech)
}

// cut completes an utterance that is too long at the quietest moment of its
// second half, and goes on with the rest.
func (s *Segmenter) cut() []Event {
	done := s.event(Complete)
	rest := s.speech.split(s.speech.quietest(len(s.speech.levels)/2, framesOf(breath)))
	done.Audio, s.speech = s.speech.pcm, rest
	return []Event{done}
}

func (s *Segmenter) event(e Edge) Event {
	const fullScale = 32768
	sum, n := 0.0, 0
	for _, l := range s.speech.levels {
		if l >= s.ears.keep() {
			sum, n = sum+l*l, n+1
		}
	}
	return Event{
		Edge: e, At: s.Heard(),
		Energy: math.Sqrt(sum/float64(max(n, 1))) / fullScale,
	}
}
