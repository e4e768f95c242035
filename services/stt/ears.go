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
		if len(e.all) == earsMost {
			return nil, kit.Drop("too many sources")
		}
		one = &ear{room: source, seg: NewSegmenter(e.set), last: time.Now()}
		e.all[source] = one
	}
	return one, nil
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
