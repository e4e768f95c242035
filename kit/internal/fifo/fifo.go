// Package fifo is a queue that keeps its memory: the array of values that were taken is
// used for those that come.
package fifo

import "slices"

// Queue holds values in the order they came. Its zero value is empty. Not safe
// for concurrent use.
type Queue[T any] struct {
	all  []T
	head int // index of the oldest value in all
}

// Len is how many values wait.
func (q *Queue[T]) Len() int { return len(q.all) - q.head }

// Push adds v.
func (q *Queue[T]) Push(v T) {
	if len(q.all) == cap(q.all) && q.head > len(q.all)/2 {
		n := copy(q.all, q.Items())
		clear(q.all[n:])
		q.all, q.head = q.all[:n], 0
	}
	q.all = append(q.all, v)
}

// Pop takes the oldest value. The queue must not be empty.
func (q *Queue[T]) Pop() T {
	var zero T
	v := q.all[q.head]
	q.all[q.head] = zero
	q.head++
	if q.head == len(q.all) {
		q.all, q.head = q.all[:0], 0
	}
	return v
}

// Items are the values that wait, until the next change.
func (q *Queue[T]) Items() []T { return q.all[q.head:] }

// Remove takes out the oldest value that matches, if there is one.
func (q *Queue[T]) Remove(match func(T) bool) (v T, ok bool) {
	i := slices.IndexFunc(q.Items(), match)
	switch i {
	case -1:
		return v, false
	case 0:
		return q.Pop(), true
	}
	v = q.all[q.head+i]
	q.all = slices.Delete(q.all, q.head+i, q.head+i+1)
	return v, true
}

// RemoveAll takes out all values that match.
func (q *Queue[T]) RemoveAll(match func(T) bool) {
	q.all = q.all[:q.head+len(slices.DeleteFunc(q.Items(), match))]
}
