// Package copies pairs the two copies of a message that comes on two
// connections: one ahead of what was sent before it, and one in order.
package copies

import "time"

const (
	// Patience is how long a copy waits for the other one, which may be lost.
	Patience = 10 * time.Second
	// maxSingle bounds the messages that wait for their other copy.
	maxSingle = 1024
)

// Pairs counts copies by the id of their message. An id may come again. Its
// zero value is ready for use; it is not safe for concurrent use.
type Pairs struct{ single map[string]single }

// single says how many more copies came ahead than in order; a negative number
// is the other way round.
type single struct {
	ahead int
	at    time.Time
}

// Ahead notes a copy that came ahead, and reports whether it is the first of the
// two.
func (p *Pairs) Ahead(id string) (first bool) { return p.count(id, 1) > 0 }

// InOrder notes a copy that came in order, and reports whether it is the first
// of the two.
func (p *Pairs) InOrder(id string) (first bool) { return p.count(id, -1) < 0 }

// Len is how many messages wait for their other copy.
func (p *Pairs) Len() int { return len(p.single) }

func (p *Pairs) count(id string, n int) int {
	s := p.single[id]
	if time.Since(s.at) >= Patience {
		s.ahead = 0
	}
	s.ahead, s.at = s.ahead+n, time.Now()
	if s.ahead == 0 {
		delete(p.single, id)
		return 0
	}
	if p.single == nil || len(p.single) >= maxSingle { // a flood of lost copies: what they wait for does not come
		p.single = map[string]single{}
	}
	p.single[id] = s
	return s.ahead
}
