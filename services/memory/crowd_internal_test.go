package memory

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestACrowdDoesNotHideWhatWasSaidOnce has eighty lines that are almost the same be a little
// closer to a question than one that is like no other.
func TestACrowdDoesNotHideWhatWasSaidOnce(t *testing.T) {
	const size = 384
	r := rand.New(rand.NewPCG(1, 2))
	question, often, seldom := random(r, size), random(r, size), random(r, size)
	line := func(about []float32, weight, noise float64) []float32 {
		x := make([]float64, size)
		for k := range x {
			x[k] = 0.5*float64(question[k]) + weight*float64(about[k]) + noise*r.NormFloat64()
		}
		return unitVector(x)
	}
	var v vectors
	for id := range int64(80) {
		v.put(id+1, told, line(often, 0.8, 0.012))
	}
	const once = 81
	v.put(once, told, line(seldom, 0.95, 0))
	at := func(found [][]neighbour) int {
		return slices.IndexFunc(found[told], func(n neighbour) bool { return n.id == once })
	}
	if i := at(v.nearest(question, 23, quoted)); i >= 0 && i < 5 {
		t.Fatalf("the line is at %d by similarity alone, so this test shows nothing", i)
	}
	if i := at(v.outstanding(question, 23, quoted)); i != 0 {
		t.Errorf("the line is at %d, want 0", i)
	}
}

func TestCrowds(t *testing.T) {
	var v vectors
	for id := range int64(10) {
		v.put(id+1, told, []float32{1, 0, 0})
	}
	v.put(11, told, []float32{0, 1, 0})
	v.put(12, told, []float32{1, 0, 0}, []float32{0, 0, 1}) // a long one
	tests := map[string]struct {
		id   int64
		want float32
	}{"of copies": {1, 1}, "of one that is like no other": {11, 0}, "of a long one is not known": {12, usualCrowd}, "of one without a vector": {99, 0}}
	got := v.crowds([]int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 99})
	for name, tt := range tests {
		if c := got[tt.id]; c < tt.want-0.01 || c > tt.want+0.01 {
			t.Errorf("%s is %.2f, want %.2f", name, c, tt.want)
		}
	}
}

func TestSignsAreThoseOfTheNumbers(t *testing.T) {
	const size = 256 + 5 // not a whole number of words
	var v vectors
	x := make([]float32, size)
	for k := range x {
		x[k] = float32(k - 128) // each number that a byte may be, and 0 among them
	}
	v.put(1, told, x)
	signs := v.signs(0)
	for k, b := range v.all {
		if got, want := signs[k/64]>>(k%64)&1 == 1, b > 0; got != want {
			t.Errorf("the bit of %d is %v", b, got)
		}
	}
}
