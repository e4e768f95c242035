// Package fairqueue gives keys that come often their turn beside any number of keys
// that come once, as when a sender makes keys up. Its types are not safe for
// concurrent use.
package fairqueue

import "slices"

const (
	maxKeys       = 256 // keys that are counted; the one with the fewest turns is forgotten for another
	frequentAfter = 8   // turns
)

// KeyCounts finds the keys that come often, with bounded memory: it counts the turns of
// at most maxKeys keys, and forgets the one with the fewest for another, a variant of
// the algorithm of Misra and Gries for frequent items. Its zero value is empty.
type KeyCounts struct{ counts map[string]int }

// Add counts a turn of a key and reports whether the key is frequent: it had at least
// frequentAfter turns.
func (n *KeyCounts) Add(key string) (frequent bool) {
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
	if least > 1 { // every key had several turns: age them, so that others have a chance
		for key := range n.counts {
			n.counts[key] -= least - 1
		}
	}
}

// Queue is what waits for a worker. What has a frequent key takes turns with
// everything else together, each in the order it came. Its zero value is empty.
type Queue[T any] struct {
	frequent, rare []T
	rareNext       bool // the next one is taken from rare
}

// Len is how many wait.
func (r *Queue[T]) Len() int { return len(r.frequent) + len(r.rare) }

// Push adds v.
func (r *Queue[T]) Push(v T, frequent bool) {
	if frequent {
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

// RareLen is how many wait with a rare key.
func (r *Queue[T]) RareLen() int { return len(r.rare) }

// PopNewestRare takes the last that came of those with a rare key. There must be one.
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
