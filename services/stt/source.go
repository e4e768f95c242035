package stt

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt/turnend"
	"github.com/gotars/tars/services/stt/vad"
	"github.com/gotars/tars/speech/pcm"
)

const (
	sourceTimeout = time.Second // without audio, after which a source is taken to have ended
	sourceTTL     = time.Minute // without audio, after which a source is forgotten
	maxSources    = 64          // sources at once; for more, the one heard least is forgotten

	establishedAfter = 2 * time.Second // of audio, a source is one that somebody uses
)

// utterance is what one person said in one go, in one room.
type utterance struct {
	id, room     string
	audio        pcm.Audio
	voiced       time.Duration // of it; 0 is unknown
	begun, ended time.Time     // of the speech, as far as is known
	from         time.Duration // its begin, of the source's audio
	lastWord     time.Time     // the last voice in it was said, by the clock of its audio
	endpoint     time.Time     // it was complete
	early        *attempt      // of all of it, made as soon as the last word was said; may be nil
	reading      string        // when it was read, see [contract.SpeechTiming]
	took         time.Duration // the reading
	detail       heardDetail
}

// speechEvent is an edge of speech with what belongs to it.
type speechEvent struct {
	utterance
	edge   vad.Edge
	energy float64
	reason string // of Rejected: why it is nothing to answer
	fresh  bool   // early has not been offered to the engine yet
}

// audioSource is the state of one source.
type audioSource struct {
	room string

	mu          sync.Mutex
	set         vad.Segmentation
	segmenter   *vad.Segmenter
	own         *ownVoice     // what the assistant's voice is for this microphone
	loudspeaker *loudspeaker  // of the room
	foundEcho   bool          // just now: the microphone hears the assistant
	current     utterance     // the one that is being heard
	attemptedAt time.Duration // of the source's audio, when a partial was tried last
	lastAttempt *attempt      // to read current; nil: none
	lastAudio   time.Time     // audio came
	eagerness   turnend.Eagerness
	lang        string                        // of what the engine does not tell the language
	askedAt     time.Time                     // the assistant asked something here
	discarded   func(took, cpu time.Duration) // is told of readings that are thrown away
	silentSince time.Duration                 // of the source's audio, when somebody spoke last; 0: nobody did, or the assistant has spoken since
	pauses      turnend.History               // after which somebody went on
	pauseLog    pauseLog                      // of current

	rate      int            // of the audio
	resampler *pcm.Resampler // nil at the rate of recognisers
	clock     audioClock
}

// hear takes a chunk. Audio of a muted microphone teaches the noise of the
// room and nothing else. A microphone that was open for a time stays open
// until what is being said is complete.
func (e *audioSource) hear(a contract.MicAudio, m mute) []speechEvent {
	e.lastAudio = time.Now()
	e.clock.note(a.Seq, e.lastAudio, e.segmenter.Heard()+pcm.Audio(a.PCM).Duration())
	if m.on && !(m.lapsed && e.segmenter.Open()) {
		end := e.segmenter.Forget
		if m.keep {
			end = e.segmenter.Flush
		}
		facts := e.speechEvents(end())
		e.segmenter.Learn(a.PCM)
		return facts
	}
	var facts []speechEvent
	if e.foundEcho && e.segmenter.Open() && e.current.begun.After(e.own.begun) && e.verdictBySound() != isOther {
		facts = e.forgetOwn()
	}
	e.segmenter.SetMinSpeech(e.minSpeech())
	e.segmenter.SetOverVoice(e.own.audible(e.lastAudio))
	events := slices.DeleteFunc(e.segmenter.Hear(int64(a.Seq), a.PCM), func(v vad.Event) bool {
		return v.Edge == vad.Sustained && e.own.withhold(e.lastAudio)
	})
	facts = append(facts, e.speechEvents(events)...)
	switch v := e.own.judge(e.lastAudio, e.verdictBySound); {
	case v == isOwn && e.segmenter.Open():
		facts = append(facts, e.forgetOwn()...)
	case v == isOther && e.own.withheld && e.segmenter.Talking():
		facts = append(facts, e.speechEvents([]vad.Event{{Edge: vad.Sustained, At: e.segmenter.Heard()}})...)
	}
	return facts
}

// minSpeech is the voice that it takes to be speech. Two frames less are enough while the
// assistant speaks: to lower its voice for a click costs little, and people notice when it is
// lowered late. It is one less where the microphone may hear its voice.
func (e *audioSource) minSpeech() time.Duration {
	var less time.Duration
	switch audible := e.own.audible(e.lastAudio); {
	case audible && e.own.room == noEcho:
		less = 2 * vad.FrameDuration
	case audible:
		less = vad.FrameDuration
	}
	return max(vad.FrameDuration, e.set.MinSpeech-less)
}

// forgetOwn drops what is being heard, as it is the voice of the assistant.
func (e *audioSource) forgetOwn() []speechEvent {
	facts := e.speechEvents(e.segmenter.Forget())
	for i := range facts {
		facts[i].reason = ownVoiceReason
	}
	return facts
}

// convert brings the audio of any microphone to the form of recognisers, without the
// voice of the assistant.
func (e *audioSource) convert(a contract.MicAudio) []byte {
	if a.Rate != e.rate {
		if e.rate, e.resampler = a.Rate, nil; a.Rate != pcm.Rate {
			e.resampler = pcm.NewResampler(a.Rate)
		}
	}
	mono := pcm.Audio(pcm.Mono(a.PCM, a.Channels))
	if e.resampler != nil {
		mono = e.resampler.Resample(mono)
	}
	heard := e.loudspeaker.cancel(a.Seq, mono)
	before := e.own.residue
	e.own.residue, e.own.removed = e.loudspeaker.residue(), !e.loudspeaker.clean.IsZero()
	e.foundEcho = before == 0 && e.own.residue > 0
	return heard
}

// plays notes what the loudspeaker of the room is about to play.
func (e *audioSource) plays(a contract.SpeakerAudio, now time.Time) {
	ahead := time.Duration(0)
	if !e.clock.epoch.IsZero() {
		ahead = min(max(0, now.Sub(e.clock.at(e.segmenter.Heard()))), maxLateness)
	}
	e.loudspeaker.take(a, ahead)
}

// speechEvents turns the events of the segmenter into what the service needs.
func (e *audioSource) speechEvents(events []vad.Event) (all []speechEvent) {
	now := time.Now()
	for _, v := range events {
		early, fresh := e.noteEdge(v, now)
		f := speechEvent{utterance: e.current, edge: v.Edge, energy: v.Energy, reason: "no_speech"}
		f.audio, f.voiced, f.early, f.fresh = v.Audio, e.voicedIn(v), early, fresh
		f.endpoint, f.reading = now, early.readingAt()
		if v.Edge == vad.Complete {
			f.detail = e.detailOf(v)
			if e.isEcho(f.from, v.LastVoice) {
				f.edge, f.reason = vad.Rejected, ownVoiceReason
				e.own.suspect()
			}
		}
		switch {
		case v.Edge == vad.Rejected:
			e.current, e.pauseLog = utterance{}, pauseLog{}
		case v.Edge != vad.Complete:
		case f.ended.IsZero(): // cut while somebody speaks
			f.ended, f.lastWord = now, e.clock.at(v.LastVoice)
			e.startUtterance(now, v.Begun+time.Duration(len(v.Levels))*vad.FrameDuration)
		default:
			e.current = utterance{}
		}
		all = append(all, f)
	}
	if !e.segmenter.Open() {
		e.current = utterance{}
		e.dropAttempt()
	}
	return all
}

// noteEdge keeps the utterance and what is read of it in step with an edge of speech. It
// returns the attempt to read it, if one belongs to the edge, and whether that is new.
func (e *audioSource) noteEdge(v vad.Event, now time.Time) (early *attempt, fresh bool) {
	switch v.Edge {
	case vad.Started:
		e.pauseLog.end(v.At-e.set.MinSpeech, false)
		if e.own.audible(now) { // what was said into the assistant's voice counts, whatever follows
			e.releaseAttempt()
		}
		e.dropAttempt()
		e.notePause(v.At - e.set.MinSpeech)
		if e.current.id == "" {
			e.startUtterance(now.Add(-e.set.MinSpeech), v.At-e.set.MinSpeech)
		}
		e.current.ended = time.Time{}
	case vad.Ended:
		e.current.ended = now
		e.current.lastWord = e.clock.at(v.LastVoice)
		e.pauseLog.begin(v.LastVoice)
		if len(v.Audio) > 0 {
			e.current.ended = now.Add(-e.set.Hangover)
			e.silentSince = v.LastVoice
			early, fresh = e.attemptAtPause(v)
		}
	case vad.Paused:
		if e.mayReadAtPause() {
			early, fresh = e.attemptAtPause(v)
		}
	case vad.Complete:
		e.pauseLog.end(v.At, true)
		if a := e.lastAttempt; a != nil && a.whole && a.lastVoice == v.LastVoice {
			early, e.lastAttempt = a, nil
			early.end()
		}
		e.dropAttempt()
	case vad.Rejected:
		e.dropAttempt()
	}
	return early, fresh
}

// voicedIn is how much voice the audio of an event holds; 0 where that is unknown, as
// what is softer than the assistant's own voice is not counted while that is heard.
func (e *audioSource) voicedIn(v vad.Event) time.Duration {
	if e.own.hides(time.Now()) {
		return 0
	}
	return v.Voiced
}

// startUtterance starts an utterance that began at a time, and so far into the source's audio.
func (e *audioSource) startUtterance(at time.Time, from time.Duration) {
	e.current = utterance{id: kit.NewID(), room: e.room, begun: at, from: from}
	e.attemptedAt = e.segmenter.Heard()
}

// startAttempt returns an attempt to read the audio so far; it replaces the last
// one. Whole tells that nothing is missing unless somebody speaks on.
func (e *audioSource) startAttempt(so pcm.Audio, whole bool) *attempt {
	e.dropAttempt()
	e.attemptedAt = e.segmenter.Heard()
	e.lastAttempt = &attempt{
		utterance: e.current, whole: whole, isEcho: e.isEcho(e.current.from, e.segmenter.Heard()), done: make(chan struct{}), dropped: e.discarded,
	}
	e.lastAttempt.audio = so
	return e.lastAttempt
}

// attemptAtPause returns an attempt to read an utterance in a silence after which it may
// be over, and whether that is a new one: nothing was said since the one that was made
// earlier in the same silence.
func (e *audioSource) attemptAtPause(v vad.Event) (a *attempt, fresh bool) {
	if a := e.lastAttempt; a != nil && a.whole && a.lastVoice == v.LastVoice {
		return a, false
	}
	missing := max(0, e.set.Hangover-(v.At-v.LastVoice)) // recognisers want some silence behind the last word
	a = e.startAttempt(append(v.Audio, make([]byte, int(missing/vad.FrameDuration)*vad.FrameBytes)...), true)
	a.voiced, a.lastVoice = e.voicedIn(v), v.LastVoice
	return a, true
}

// mayReadAtPause reports whether an utterance may be read in a short silence, from which
// the next word may follow: when the engine is not at work for this source, and was not
// for half of the time, unless somebody speaks into the assistant's voice, who may want it to
// stop. Few engines can abort what they began.
func (e *audioSource) mayReadAtPause() bool {
	a := e.lastAttempt
	return a == nil || a.isDone() && (e.own.audible(e.lastAudio) || e.segmenter.Heard()-e.attemptedAt >= 2*a.took)
}

// partialAttempt returns an attempt to read what is being said when somebody has
// spoken for an interval since the last one, and that has ended; else nil.
func (e *audioSource) partialAttempt(interval time.Duration) *attempt {
	if !e.segmenter.Talking() || e.segmenter.Heard()-e.attemptedAt < interval || e.lastAttempt != nil && !e.lastAttempt.isDone() {
		return nil
	}
	return e.startAttempt(e.segmenter.SoFar(), false)
}

// askedFor is how long after a question of the assistant an utterance is taken for the
// answer to it.
const askedFor = 15 * time.Second

// maxJoinGap is the longest pause after which who goes on goes on with the same
// sentence: the router joins what was said before and after one.
const maxJoinGap = 2 * time.Second

// notePause learns the pause before somebody speaks at begun, of the source's audio: one
// within an utterance, or after one that was taken for complete.
func (e *audioSource) notePause(begun time.Duration) {
	if pause := begun - e.silentSince; e.silentSince > 0 && pause <= maxJoinGap {
		e.pauses.Add(pause, time.Now())
	}
	e.silentSince = 0
}

// endpoint is the silence that completes the utterance. What was read at its last
// word and how that sounded decide, as far as they are known. The caller holds the lock.
func (e *audioSource) endpoint() time.Duration {
	a := e.lastAttempt
	if a == nil || !a.whole {
		e.pauseLog.judge(turnend.Pause{}, e.set.Endpoint)
		return e.set.Endpoint
	}
	p := turnend.Pause{Asked: !e.askedAt.IsZero() && time.Since(e.askedAt) <= askedFor, Usual: e.pauses.Usual(time.Now())}
	if finished := a.finished.Load(); finished != nil {
		p.Finished, p.FinishedKnown = *finished, true
	}
	p.Reading, p.Listening = a.isRunning(), a.judging.Load() // before the next question: a reading may end between both
	if a.isDone() && a.err == nil {
		p.Text, p.Lang, p.TextKnown = a.result.Text, cmp.Or(a.result.Lang, e.lang), true
	}
	wait := e.eagerness.Endpoint(p, e.set.Endpoint, e.set.Hangover)
	e.pauseLog.judge(p, wait)
	return wait
}

// releaseAttempt lets the attempt go on, though somebody has spoken on: what it finds is
// published, and becomes no final.
func (e *audioSource) releaseAttempt() {
	if e.lastAttempt != nil {
		e.lastAttempt.end()
	}
	e.lastAttempt = nil
}

func (e *audioSource) dropAttempt() {
	if e.lastAttempt != nil {
		e.lastAttempt.drop()
	}
	e.lastAttempt = nil
}
