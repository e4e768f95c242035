package memory

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// exact finds the nearest by looking at all vectors, as they were before they were
// quantised.
func exact(all [][]float32, x []float32, n int) (ids []int64) {
	type hit struct {
		id int64
		c  float32
	}
	hits := make([]hit, len(all))
	for i, y := range all {
		hits[i] = hit{int64(i) + 1, floatProduct(x, y)}
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(b.c, a.c) })
	for _, h := range hits[:n] {
		ids = append(ids, h.id)
	}
	return ids
}

// recalled compares what is found with what is there, over queries.
func recalled(t *testing.T, all, queries [][]float32) {
	t.Helper()
	const k = 10
	var v vectors
	for i, x := range all {
		v.put(int64(i)+1, told, x)
	}
	hits := 0
	for _, x := range queries {
		if v.preselect(x, k, 1) == nil {
			t.Fatal("all vectors are looked at")
		}
		got := v.nearest(x, k, 1)[0]
		for _, id := range exact(all, x, k) {
			if slices.ContainsFunc(got, func(n neighbour) bool { return n.id == id }) {
				hits++
			}
		}
	}
	part := float64(hits) / float64(k*len(queries))
	t.Logf("recall@10 %.4f", part)
	if part < 0.99 {
		t.Errorf("%d of the %d nearest are found", hits, k*len(queries))
	}
}

// TestPreselectionLosesLittle has vectors as models make them: by topics and all
// a little alike, and the hard case of none alike but a few.
func TestPreselectionLosesLittle(t *testing.T) {
	const size, n, asks = 384, preselectFrom + 5000, 40
	for name, alike := range map[string]float64{"of no common direction": 0, "a little alike": 0.3, "all alike": 0.8} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			common := random(r, size)
			line := func(topic []float32) []float32 { return around(r, topic, 0.3+0.5*r.Float64()) }
			var topics, queries [][]float32
			for range 400 {
				topics = append(topics, around(r, common, alike))
			}
			var all [][]float32
			for range n {
				all = append(all, line(topics[r.IntN(len(topics))]))
			}
			for range asks {
				queries = append(queries, line(topics[r.IntN(len(topics))]))
			}
			recalled(t, all, queries)
		})
	}
	t.Run("a few among strangers", func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		var all, queries [][]float32
		for range n {
			all = append(all, random(r, size))
		}
		for id := range asks {
			x := random(r, size)
			for k := range 10 {
				all[100*id+k] = around(r, x, 0.27+0.3*r.Float64())
			}
			queries = append(queries, x)
		}
		recalled(t, all, queries)
	})
}

// What is put anew or removed is found, or not, as if all were looked at.
func TestPreselectionSeesWhatChanges(t *testing.T) {
	const size, n = 100, preselectFrom + 100 // not a whole number of words
	r := rand.New(rand.NewPCG(1, 2))
	var v vectors
	for id := range int64(n) {
		v.put(id+1, told, random(r, size))
	}
	x := random(r, size)
	for _, id := range []int64{5, n - 1, n + 1, n + 2} { // two anew, two more
		v.put(id, told, around(r, x, 0.9))
	}
	ids := func() (all []int64) {
		for _, h := range v.nearest(x, 100, 1)[0] {
			if h.similarity > 0.7 {
				all = append(all, h.id)
			}
		}
		slices.Sort(all)
		return all
	}
	if got := ids(); !slices.Equal(got, []int64{5, n - 1, n + 1, n + 2}) {
		t.Errorf("near are %v", got)
	}
	v.remove([]int64{5, 7, n + 1})
	if got := ids(); !slices.Equal(got, []int64{n - 1, n + 2}) {
		t.Errorf("after some are removed, near are %v", got)
	}
	for id := range int64(n) {
		v.put(id+2*n, told, random(r, size)) // the mean is taken anew
	}
	if got := ids(); !slices.Equal(got, []int64{n - 1, n + 2}) {
		t.Errorf("among more, near are %v", got)
	}
	v.clear()
	if got := ids(); got != nil {
		t.Errorf("after all are removed, near are %v", got)
	}
}

// TestSecondLookIsNearlyExact compares the products of upper bits with those of the numbers.
func TestSecondLookIsNearlyExact(t *testing.T) {
	for _, size := range []int{384, 100} { // the second is not a whole number of words
		r := rand.New(rand.NewPCG(1, 2))
		var v vectors
		var all [][]float32
		x := random(r, size)
		for id := range preselectFrom + 100 {
			all = append(all, around(r, x, r.Float64()))
			v.put(int64(id)+1, told, all[id])
		}
		q, words, sum := newRoughQuery(x), v.binary.words(), 0.0
		for i, y := range all {
			wrong := float64(v.fineProduct(&q, i, words) - floatProduct(x, y))
			if wrong = max(wrong, -wrong); wrong > 0.12 {
				t.Errorf("the cosine of vector %d is wrong by %.3f", i, wrong)
			}
			sum += wrong
		}
		if mean := sum / float64(len(all)); mean > 0.015 {
			t.Errorf("cosines of %d numbers are wrong by %.4f in the mean", size, mean)
		} else {
			t.Logf("wrong by %.4f in the mean", mean)
		}
	}
}
