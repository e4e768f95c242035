package memory

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// random is a vector of length 1.
func random(r *rand.Rand, size int) []float32 {
	v := make([]float64, size)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	return unitVector(v)
}

// around is a vector whose cosine with v is about c.
func around(r *rand.Rand, v []float32, c float64) []float32 {
	noise, out := random(r, len(v)), make([]float64, len(v))
	for i := range v {
		out[i] = c*float64(v[i]) + math.Sqrt(1-c*c)*float64(noise[i])
	}
	return unitVector(out)
}

func TestNearestIsExact(t *testing.T) {
	const size, n = 48, 12000
	r := rand.New(rand.NewPCG(1, 2))
	var v vectors
	all := map[int64][]float32{}
	x := random(r, size)
	for id := int64(1); id <= n; id++ {
		all[id] = around(r, x, r.Float64()*0.6)
		v.put(id, all[id])
	}
	var gone []int64
	for id := int64(1); id <= n; id += 7 {
		gone = append(gone, id)
		delete(all, id)
	}
	v.remove(gone)
	v.remove([]int64{1, 99999})
	all[2] = around(r, x, 0.99)
	v.put(2, all[2])
	v.put(3, make([]float32, 3)) // of another size
	type hit struct {
		id int64
		c  float64
	}
	var want []hit
	for id, y := range all {
		c := 0.0
		for i := range y {
			c += float64(x[i]) * float64(y[i])
		}
		want = append(want, hit{id, c})
	}
	slices.SortFunc(want, func(a, b hit) int { return cmp.Compare(b.c, a.c) })
	got := v.nearest(x, 100)
	if len(got) != 100 || got[0].id != 2 {
		t.Fatalf("%d hits, the first is %+v", len(got), got[0])
	}
	for i, h := range got {
		if h.id != want[i].id && math.Abs(float64(h.similarity)-want[i].c) > 1e-5 {
			t.Errorf("hit %d is %+v, want %+v", i, h, want[i])
		}
	}
}

func TestUnrelatedVectorsAreNotReturned(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	x := random(r, 384)
	var v vectors
	if v.nearest(x, 5) != nil {
		t.Error("something is near among nothing")
	}
	for id := range int64(1000) {
		v.put(id, random(r, 384))
	}
	if got := v.nearest(x, 5); len(got) > 0 {
		t.Errorf("chance is near: %+v", got)
	}
	v.put(77, around(r, x, 0.5))
	if got := v.nearest(x, 5); len(got) != 1 || got[0].id != 77 {
		t.Errorf("near are %+v", got)
	}
	for id := range int64(1000) { // a model for which all is near
		v.put(id, around(r, x, 0.7))
	}
	v.put(77, around(r, x, 0.9))
	if got := v.nearest(x, 500); len(got) > 150 || got[0].id != 77 {
		t.Errorf("%d are near, the first is %+v", len(got), got[0])
	}
	if got := v.nearest(x[:100], 5); got != nil {
		t.Errorf("a vector of another size is near %+v", got)
	}
}

func TestFuse(t *testing.T) {
	lines := func(ids ...int64) (all []Line) {
		for _, id := range ids {
			all = append(all, Line{ID: id, Score: 9})
		}
		return all
	}
	tests := map[string]struct {
		words, meaning []Line
		want           []int64
	}{
		"in both is better than first in one": {lines(1, 2), lines(3, 2), []int64{2, 3, 1}},
		"only words":                          {lines(5, 4), nil, []int64{5, 4}},
		"only meaning":                        {nil, lines(4, 5), []int64{4, 5}},
		"newer among equals":                  {lines(1), lines(2), []int64{2, 1}},
		"age does not beat a clear lead":      {lines(1, 7, 8, 9, 10), lines(1), []int64{1, 7, 8, 9, 10}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []int64
			for _, l := range fuseRanks(tt.words, tt.meaning, 23) {
				if got = append(got, l.ID); l.Score <= 0 || l.Score > 0.05 {
					t.Errorf("line %d has score %v", l.ID, l.Score)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("order %v, want %v", got, tt.want)
			}
		})
	}
}

// BenchmarkNearest looks through 100 000 lines of the size of MiniLM.
func BenchmarkNearest(b *testing.B) {
	const size, n = 384, 100_000
	r := rand.New(rand.NewPCG(1, 2))
	var v vectors
	some := make([][]float32, 100)
	for i := range some {
		some[i] = random(r, size)
	}
	for id := range int64(n) {
		v.put(id, some[id%100])
	}
	x := random(r, size)
	var took []time.Duration
	for b.Loop() {
		begun := time.Now()
		v.nearest(x, 23)
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
