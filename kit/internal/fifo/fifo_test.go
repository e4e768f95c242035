package fifo

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A queue does what a plain slice does, whatever is asked of it.
func TestFirstInFirstOut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var q Queue[*int]
	var want []int
	for n := range 100_000 {
		k := r.IntN(10)
		third := func(v *int) bool { return *v%10 == k }
		switch what := r.IntN(100); {
		case what < 55:
			q.Push(&n)
			want = append(want, n)
		case what < 97:
			if len(want) > 0 {
				if got := *q.Pop(); got != want[0] {
					t.Fatalf("popped %d, want %d", got, want[0])
				}
				want = want[1:]
			}
		case what < 99:
			i := slices.IndexFunc(want, func(v int) bool { return third(&v) })
			v, ok := q.Remove(third)
			if ok != (i >= 0) || ok && *v != want[i] {
				t.Fatalf("removed %v, %v, want number %d of %v", v, ok, i, want)
			}
			if ok {
				want = slices.Delete(want, i, i+1)
			}
		default:
			q.RemoveAll(third)
			want = slices.DeleteFunc(want, func(v int) bool { return third(&v) })
		}
		if q.Len() != len(want) || !slices.EqualFunc(q.Items(), want, func(a *int, b int) bool { return *a == b }) {
			t.Fatalf("%d: it holds %d values, want %d", n, q.Len(), len(want))
		}
	}
}

// What was taken is not held, and a queue that is emptied again and again
// allocates nothing.
func TestQueueKeepsItsMemoryAndNothingElse(t *testing.T) {
	var q Queue[*int]
	fill := func() {
		for range 100 {
			q.Push(new(int))
		}
		for range 99 {
			q.Pop()
		}
		q.Push(nil)
		q.Pop()
	}
	for range 10 {
		fill()
	}
	for i, v := range q.all[:cap(q.all)] {
		if held := i >= q.head && i < len(q.all); (v != nil) && !held {
			t.Fatalf("holds value %d of %d, which was taken", i, cap(q.all))
		}
	}
	for q.Len() > 0 {
		q.Pop()
	}
	x := new(int)
	if n := testing.AllocsPerRun(1000, func() { q.Push(x); q.Push(x); q.Pop(); q.Pop() }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
