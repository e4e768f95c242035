package memory

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// exactly is what v finds by looking at all vectors.
func exactly(v *vectors, x []float32, n int) []neighbour {
	all := vectors{size: v.size, ids: v.ids, all: v.all, at: v.at}
	return all.nearest(x, n)
}

// recalled compares what v finds with what is there, over queries.
func recalled(t *testing.T, v *vectors, queries [][]float32) {
	t.Helper()
	const k = 10
	hits, all := 0, 0
	for _, x := range queries {
		if guess, _ := v.preselect(x, k, 1); guess == nil {
			t.Fatal("all vectors are looked at")
		}
		got := v.nearest(x, k)
		for _, h := range exactly(v, x, k) {
			if all++; slices.Contains(got, h) {
				hits++
			}
		}
	}
	if all < k*len(queries)/2 || float64(hits) < 0.99*float64(all) {
		t.Errorf("%d of the %d nearest are found", hits, all)
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
			var v vectors
			for id := range int64(n) {
				v.put(id, line(topics[r.IntN(len(topics))]))
			}
			for range asks {
				queries = append(queries, line(topics[r.IntN(len(topics))]))
			}
			recalled(t, &v, queries)
		})
	}
	t.Run("a few among strangers", func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		var v vectors
		for id := range int64(n) {
			v.put(id, random(r, size))
		}
		var queries [][]float32
		for id := range int64(asks) {
			x := random(r, size)
			for k := range int64(10) {
				v.put(100*id+k, around(r, x, 0.27+0.3*r.Float64()))
			}
			queries = append(queries, x)
		}
		recalled(t, &v, queries)
	})
}

// What is put anew or removed is found, or not, as if all were looked at.
func TestPreselectionSeesWhatChanges(t *testing.T) {
	const size, n = 100, preselectFrom + 100 // not a whole number of words
	r := rand.New(rand.NewPCG(1, 2))
	var v vectors
	for id := range int64(n) {
		v.put(id, random(r, size))
	}
	x := random(r, size)
	for _, id := range []int64{5, n - 1, n, n + 1} { // two anew, two more
		v.put(id, around(r, x, 0.9))
	}
	ids := func() (all []int64) {
		for _, h := range v.nearest(x, 100) {
			if h.similarity > 0.7 {
				all = append(all, h.id)
			}
		}
		slices.Sort(all)
		return all
	}
	if got := ids(); !slices.Equal(got, []int64{5, n - 1, n, n + 1}) {
		t.Errorf("near are %v", got)
	}
	v.remove([]int64{5, 7, n})
	if got := ids(); !slices.Equal(got, []int64{n - 1, n + 1}) {
		t.Errorf("after some are removed, near are %v", got)
	}
	for id := range int64(n) {
		v.put(id+2*n, random(r, size)) // the mean is taken anew
	}
	if got := ids(); !slices.Equal(got, []int64{n - 1, n + 1}) {
		t.Errorf("among more, near are %v", got)
	}
	v.clear()
	if got := ids(); got != nil {
		t.Errorf("after all are removed, near are %v", got)
	}
}
