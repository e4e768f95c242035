package supervise

import (
	"slices"

	"github.com/gotars/tars/engines/discovery"
)

// Wake starts the engines for the kinds, so that they are there when they are
// needed. It does not wait for them.
func (s *Supervisor) Wake(kinds ...discovery.Kind) {
	for _, e := range s.engines {
		if slices.ContainsFunc(e.serves, func(f discovery.Server) bool { return slices.Contains(kinds, f.Kind) }) {
			_, _ = e.childOrStart() // one that failed a moment ago is left alone
		}
	}
}
