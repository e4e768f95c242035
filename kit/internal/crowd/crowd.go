// Package crowd keeps keys that are in use apart from those that a flood makes
// up. Its types are not safe for concurrent use.
package crowd

import "slices"

const (
	maxNames   = 256 // keys that are counted; the one heard of least is forgotten for another
	inUseAfter = 8   // turns
)

// Names counts turns by key. Its zero value is empty.
type Names struct{ heard map[string]int }

// Note counts a turn of a key and reports whether it had several: it is in use.
func (n *Names) Note(key string) (inUse bool) {
	if n.heard == nil {
		n.heard = map[string]int{}
	}
	if _, known := n.heard[key]; !known && len(n.heard) >= maxNames {
		n.forgetOne()
	}
	n.heard[key]++
	return n.heard[key] >= inUseAfter
}

func (n *Names) forgetOne() {
	victim, least := "", 0
	for key, heard := range n.heard {
		if least == 0 || heard < least {
			victim, least = key, heard
		}
		if least == 1 {
			break
		}
	}
	delete(n.heard, victim)
	if least > 1 { // all are heard of often: age them, so that others have a chance
		for key := range n.heard {
			n.heard[key] -= least - 1
		}
	}
}

// Ring is what waits for a worker. What is in use takes turns with all others
// together, each in the order it came. Its zero value is empty.
type Ring[T any] struct {
	inUse, others []T
	other         bool // it is the turn of the others
}

// Len is how many wait.
func (r *Ring[T]) Len() int { return len(r.inUse) + len(r.others) }

// Push adds v.
func (r *Ring[T]) Push(v T, inUse bool) {
	if inUse {
		r.inUse = append(r.inUse, v)
	} else {
		r.others = append(r.others, v)
	}
}

// Pop takes the one whose turn it is. There must be one.
func (r *Ring[T]) Pop() T {
	from := &r.inUse
	if len(r.inUse) == 0 || r.other && len(r.others) > 0 {
		from = &r.others
	}
	r.other = from == &r.inUse
	v := (*from)[0]
	*from = (*from)[1:]
	return v
}

// Others is how many wait that are not in use.
func (r *Ring[T]) Others() int { return len(r.others) }

// Newest takes the last of the others. There must be one.
func (r *Ring[T]) Newest() T {
	last := len(r.others) - 1
	v := r.others[last]
	r.others = r.others[:last]
	return v
}

// RemoveAll takes out all that match.
func (r *Ring[T]) RemoveAll(match func(T) bool) {
	r.inUse, r.others = slices.DeleteFunc(r.inUse, match), slices.DeleteFunc(r.others, match)
}
