package stt

import (
	"sync"
	"time"

	"github.com/gotars/tars/kit"
)

// ears are the sources that are heard. It is safe for concurrent use.
type ears struct {
	set Segmentation

	mu  sync.Mutex
	all map[string]*ear
}

func newEars(set Segmentation) *ears { return &ears{set: set, all: map[string]*ear{}} }

// of returns the ear of a source.
func (e *ears) of(source string) (*ear, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	one := e.all[source]
	if one == nil {
		if len(e.all) >= earsMost && !e.forgetOne() {
			return nil, kit.Drop("too_many_sources")
		}
		one = &ear{room: source, seg: NewSegmenter(e.set), last: time.Now()}
		e.all[source] = one
	}
	return one, nil
}

// forgetOne makes room for a source. A source that was heard for a while is one
// that somebody uses, and is only forgotten when it has fallen silent; of the
// others the one heard least goes, so that names which somebody makes up make
// room for each other. The caller holds the lock.
func (e *ears) forgetOne() bool {
	victim, least, longest := "", establishedAfter, quiet
	idle := ""
	for source, one := range e.all {
		one.mu.Lock()
		heard, silence := one.seg.Heard(), time.Since(one.last)
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
	one.forgetTry()
	one.mu.Unlock()
	delete(e.all, victim)
	return true
}

// hears reports whether a source was heard for a while.
func (e *ears) hears(source string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	one := e.all[source]
	if one == nil {
		return false
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.seg.Heard() >= establishedAfter
}

// silent returns the ears that no audio came to for a while, and forgets those
// that have been silent for long.
func (e *ears) silent() (some []*ear) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for source, one := range e.all {
		one.mu.Lock()
		silence := time.Since(one.last)
		one.mu.Unlock()
		if silence >= quiet {
			some = append(some, one)
		}
		if silence >= goneFor {
			delete(e.all, source)
		}
	}
	return some
}
