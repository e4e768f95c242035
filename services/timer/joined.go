package timer

import (
	"slices"
	"time"

	"github.com/gotars/tars/speech/phrases"
)

// joinedTimeout is how long after something was said its second half may come: the router
// joins two halves, and offers the whole.
const joinedTimeout = 10 * time.Second

// before is what the timers were before something was said.
type before struct {
	words []string
	at    time.Duration
	all   []entry
	after int // Service.changes when it was done
}

// remember keeps what there is before the words of t change it.
func (s *Service) remember(t talk) before {
	b := before{words: phrases.Words(t.text), at: s.clock.Steady()}
	for _, e := range s.all {
		b.all = append(b.all, *e)
	}
	return b
}

// takeBack undoes what the first half of t did: "Set a timer for ten minutes", and after a
// breath "and call it pasta". Nothing is undone when something else has changed since.
func (s *Service) takeBack(t talk) {
	b, ok := s.last[t.room]
	delete(s.last, t.room)
	words := phrases.Words(t.text)
	if !ok || b.after != s.changes || s.clock.Steady()-b.at > joinedTimeout || len(words) <= len(b.words) || !slices.Equal(words[:len(b.words)], b.words) {
		return
	}
	s.all = nil
	for _, e := range b.all {
		s.all = append(s.all, &e)
	}
}
