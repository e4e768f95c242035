// Package crowd keeps keys that are in use apart from those that a flood makes
// up. Its types are not safe for concurrent use.
package fairqueue

import "slices"

const (
	maxKeys       = 256 // keys that are counted; the one heard of least is forgotten for another
	frequentAfter = 8   // turns
)

// KeyCounts counts turns by key. Its zero value is empty.
type KeyCounts struct{ counts map[string]int }

// Add counts a turn of a key and reports whether it had several: it is in use.
func (n *KeyCounts) Add(key string) (inUse bool) {
	if n.counts == nil {
		n.counts = map[string]int{}
	}
	if _, known := n.counts[key]; !known && len(n.counts) >= maxKeys {
		n.evictLeast()
	}
	n.counts[key]++
	return n.counts[key] >= frequentAfter
}

func (n *KeyCounts) evictLeast() {
	victim, least := "", 0
	for key, heard := range n.counts {
		if least == 0 || heard < least {
			victim, least = key, heard
		}
		if least == 1 {
			break
		}
	}
	delete(n.counts, victim)
	if least > 1 { // all are heard of often: age them, so that others have a chance
		for key := range n.counts {
			n.counts[key] -= least - 1
		}
	}
}

// Queue is what waits for a worker. What is in use takes turns with all others
// together, each in the order it came. Its zero value is empty.
type Queue[T any] struct {
	frequent, rare []T
	rareNext       bool // it is the turn of the others
}

// Len is how many wait.
func (r *Queue[T]) Len() int { return len(r.frequent) + len(r.rare) }

// Push adds v.
func (r *Queue[T]) Push(v T, inUse bool) {
	if inUse {
		r.frequent = append(r.frequent, v)
	} else {
		r.rare = append(r.rare, v)
	}
}

// Pop takes the one whose turn it is. There must be one.
func (r *Queue[T]) Pop() T {
	from := &r.frequent
	if len(r.frequent) == 0 || r.rareNext && len(r.rare) > 0 {
		from = &r.rare
	}
	r.rareNext = from == &r.frequent
	v := (*from)[0]
	*from = (*from)[1:]
	return v
}

// RareLen is how many wait that are not in use.
func (r *Queue[T]) RareLen() int { return len(r.rare) }

// PopNewestRare takes the last of the others. There must be one.
func (r *Queue[T]) PopNewestRare() T {
	last := len(r.rare) - 1
	v := r.rare[last]
	r.rare = r.rare[:last]
	return v
}

// RemoveAll takes out all that match.
func (r *Queue[T]) RemoveAll(match func(T) bool) {
	r.frequent, r.rare = slices.DeleteFunc(r.frequent, match), slices.DeleteFunc(r.rare, match)
}
