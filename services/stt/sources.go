package stt

import (
	"sync"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt/turnend"
	"github.com/gotars/tars/services/stt/vad"
)

// sources are the microphones that are heard. It is safe for concurrent use.
type sources struct {
	set         vad.Segmentation
	newDetector func() vad.Detector // for one source
	eagerness   turnend.Eagerness   // empty: what is said does not decide about the end of an utterance
	lang        string              // that is spoken; empty: unknown
	discarded   func(took, cpu time.Duration)
	isSpoken    func(room string) bool // the assistant speaks in a room; nil: it does not

	mu  sync.Mutex
	all map[string]*audioSource
}

func newSources(set vad.Segmentation, newDetector func() vad.Detector) *sources {
	return &sources{set: set, newDetector: newDetector, all: map[string]*audioSource{}}
}

// find returns the state of a source, which it makes when there is room.
func (e *sources) find(source string) (*audioSource, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	one := e.all[source]
	if one == nil {
		if len(e.all) >= maxSources && !e.evictOne() {
			return nil, kit.Drop("too_many_sources")
		}
		own := newOwnVoice(e.newDetector())
		one = &audioSource{room: source, set: e.set, segmenter: vad.NewSegmenter(e.set, own), own: own, loudspeaker: newLoudspeaker(), lastAudio: time.Now(), discarded: e.discarded}
		if e.eagerness != "" {
			one.eagerness, one.lang = e.eagerness, e.lang
			one.segmenter.DecideEnd(one.endpoint)
		}
		if e.isSpoken != nil && e.isSpoken(source) {
			own.speaks(time.Now())
		}
		e.all[source] = one
	}
	return one, nil
}

// evictOne makes room for a source. A source that was heard for a while is one
// that somebody uses, and is only forgotten when it has fallen silent; of the
// others the one heard least goes, so that names which somebody makes up make
// room for each other. The caller holds the lock.
func (e *sources) evictOne() bool {
	victim, least, longest := "", establishedAfter, sourceTimeout
	idle := ""
	for source, one := range e.all {
		one.mu.Lock()
		heard, silence := one.segmenter.Heard(), time.Since(one.lastAudio)
		one.mu.Unlock()
		if heard < least {
			victim, least = source, heard
		}
		if silence >= longest {
			idle, longest = source, silence
		}
	}
	if victim == "" {
		victim = idle
	}
	if victim == "" {
		return false
	}
	one := e.all[victim]
	one.mu.Lock()
	one.dropAttempt()
	one.mu.Unlock()
	delete(e.all, victim)
	return true
}

// eachIn does something with the sources of a room, "" for all.
func (e *sources) eachIn(room string, f func(*audioSource)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for source, one := range e.all {
		if room == "" || source == room {
			one.mu.Lock()
			f(one)
			one.mu.Unlock()
		}
	}
}

// isEstablished reports whether a source was heard for a while.
func (e *sources) isEstablished(source string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	one := e.all[source]
	if one == nil {
		return false
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.segmenter.Heard() >= establishedAfter
}

// silentSources returns the sources from which no audio came for sourceTimeout, and
// forgets those that have been silent for sourceTTL.
func (e *sources) silentSources() (some []*audioSource) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for source, one := range e.all {
		one.mu.Lock()
		silence := time.Since(one.lastAudio)
		one.mu.Unlock()
		if silence >= sourceTimeout {
			some = append(some, one)
		}
		if silence >= sourceTTL {
			delete(e.all, source)
		}
	}
	return some
}
