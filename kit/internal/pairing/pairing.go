// Package pairing pairs the two copies of a message that comes on two connections:
// one ahead of what was sent before it, and one in order. So each message is acted on
// once, whichever copy comes first.
package pairing

import (
	"hash/maphash"
	"time"
)

const (
	// MaxWait is how long a copy in order that came first waits for the one that
	// comes ahead: as long as a link that is lost without a word may stay unnoticed.
	// A copy that came ahead waits for the one in order without a limit: that one
	// comes behind all the work that was sent before it.
	MaxWait = 2 * time.Minute
	// maxUnpaired bounds the messages that wait for their other copy.
	maxUnpaired = 1024
)

// Pairs counts copies by the id of their message. An id may come again. Its
// zero value is ready for use; it is not safe for concurrent use.
type Pairs struct {
	unpaired       map[uint64]unpaired // by the hash of the id, which may be a whole payload
	forgottenAhead int                 // copies that came ahead and were too many to be remembered
}

// unpaired says how many more copies of a message came ahead than in order; a negative
// number is the other way round.
type unpaired struct {
	ahead int
	at    time.Time
}

var seed = maphash.MakeSeed()

// HashID is a hash of an id, which takes few bytes however long the id is.
func HashID(id string) uint64 { return maphash.String(seed, id) }

// Ahead notes a copy that came ahead, and reports whether it is the first of the
// two.
func (p *Pairs) Ahead(id string) (first bool) {
	key := HashID(id)
	return p.note(key, p.count(key)+1) > 0
}

// InOrder notes a copy that came in order, and reports whether it is the first
// of the two. One that the broker delivers again never is: it may have been
// counted on an earlier connection, and what is ahead of it comes by itself.
func (p *Pairs) InOrder(id string, again bool) (first bool) {
	key := HashID(id)
	n := p.count(key)
	switch {
	case n > 0:
	case again:
		return false
	case p.forgottenAhead > 0:
		p.forgottenAhead--
		return false
	}
	return p.note(key, n-1) < 0
}

// Waits reports whether a copy of id came ahead, and the one in order did not
// come yet.
func (p *Pairs) Waits(id string) bool { return p.count(HashID(id)) > 0 }

// Len is how many messages wait for their other copy.
func (p *Pairs) Len() int { return len(p.unpaired) }

func (p *Pairs) count(key uint64) int {
	s := p.unpaired[key]
	if s.ahead < 0 && time.Since(s.at) >= MaxWait {
		return 0
	}
	return s.ahead
}

func (p *Pairs) note(key uint64, n int) int {
	if n == 0 {
		delete(p.unpaired, key)
		return 0
	}
	if _, known := p.unpaired[key]; !known && len(p.unpaired) >= maxUnpaired {
		for _, s := range p.unpaired {
			p.forgottenAhead += max(s.ahead, 0)
		}
		clear(p.unpaired)
	}
	if p.unpaired == nil {
		p.unpaired = map[uint64]unpaired{}
	}
	p.unpaired[key] = unpaired{n, time.Now()}
	return n
}
