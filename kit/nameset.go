package kit

import (
	"sync"
	"sync/atomic"
)

// nameSet remembers which of at most maxNames names it has seen.
type nameSet struct {
	names sync.Map
	n     atomic.Int64
}

// maxNames is how many names a nameSet holds; what comes later is not reported
// as seen for the first time.
const maxNames = 1024

// first reports whether name is seen for the first time.
func (s *nameSet) first(name string) bool {
	if s.n.Load() >= maxNames {
		return false
	}
	if _, known := s.names.LoadOrStore(name, true); known {
		return false
	}
	s.n.Add(1)
	return true
}
