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

func TestNearestIsAsExactAsABytePerNumber(t *testing.T) {
	const size, n = 48, 12000
	r := rand.New(rand.NewPCG(1, 2))
	var v vectors
	all := map[int64][]float32{}
	x := random(r, size)
	for id := int64(1); id <= n; id++ {
		all[id] = around(r, x, r.Float64()*0.6)
		v.put(id, told, all[id])
	}
	var gone []int64
	for id := int64(1); id <= n; id += 7 {
		gone = append(gone, id)
		delete(all, id)
	}
	v.remove(gone)
	v.remove([]int64{1, 99999})
	all[2] = around(r, x, 0.99)
	v.put(2, told, all[2])
	v.put(3, told, make([]float32, 3)) // of another size
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
	got := v.nearest(x, 100, 1)[0]
	if len(got) != 100 || got[0].id != 2 {
		t.Fatalf("%d hits, the first is %+v", len(got), got[0])
	}
	for i, h := range got {
		if h.id != want[i].id && math.Abs(float64(h.similarity)-want[i].c) > 4e-3 {
			t.Errorf("hit %d is %+v, want %+v", i, h, want[i])
		}
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
		v.put(id, told, some[id%100])
	}
	x := random(r, size)
	var took []time.Duration
	for b.Loop() {
		begun := time.Now()
		v.nearest(x, 23, 2)
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
