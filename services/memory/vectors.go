package memory

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"
)

// vectors finds the vectors nearest to another one, by looking at all of them;
// when there are many, at their [binaryIndex] first. It is safe for concurrent use.
type vectors struct {
	mu     sync.RWMutex
	size   int       // of each vector; 0: none yet
	ids    []int64   // of lines
	all    []float32 // one vector after the other, in the order of ids
	at     map[int64]int
	binary binaryIndex
}

// neighbour is a line and how close it is: the cosine, at most 1.
type neighbour struct {
	id         int64
	similarity float32
}

// put adds the vector of a line, or replaces it. One of another size is left
// out.
func (v *vectors) put(id int64, x []float32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.size == 0 {
		v.size, v.at = len(x), map[int64]int{}
	}
	if len(x) != v.size {
		return
	}
	if i, ok := v.at[id]; ok {
		copy(v.all[i*v.size:], x)
		v.updateBinary(i)
		return
	}
	v.at[id] = len(v.ids)
	v.ids = append(v.ids, id)
	v.all = append(v.all, x...)
	v.updateBinary(len(v.ids) - 1)
}

// remove forgets the vectors of lines.
func (v *vectors) remove(ids []int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, id := range ids {
		i, ok := v.at[id]
		if !ok {
			continue
		}
		last := len(v.ids) - 1
		copy(v.all[i*v.size:(i+1)*v.size], v.all[last*v.size:])
		v.binary.replace(i, last)
		v.ids[i], v.at[v.ids[last]] = v.ids[last], i
		v.ids, v.all = v.ids[:last], v.all[:last*v.size]
		delete(v.at, id)
	}
}

func (v *vectors) clear() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.size, v.ids, v.all, v.at, v.binary = 0, nil, nil, nil, binaryIndex{}
}

const (
	// A line whose similarity is above both bounds is not there by coincidence: above
	// what unrelated sentences have, and, among enough lines, well above what the
	// others have. The second one is there because models differ: for some all texts
	// are similar. With MiniLM ten of twelve paraphrases are found; with other models they were
	// not measured.
	minSimilarity   = 0.25
	minDeviations   = 1.5 // standard deviations above the mean
	minForDeviation = 20  // lines to know those

	vectorsPerWorker = 5000 // vectors that are worth a goroutine
)

// nearest returns at most n lines that are close to x, the closest first.
func (v *vectors) nearest(x []float32, n int) []neighbour {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if len(x) != v.size || len(v.ids) == 0 {
		return nil
	}
	workers := min(runtime.GOMAXPROCS(0), 1+len(v.ids)/vectorsPerWorker)
	guess, least := v.preselect(x, n, workers)
	parts := make([]scanResult, workers)
	v.inParts(workers, func(w, from, to int) { parts[w] = v.scan(x, n, from, to, guess, least) })
	var all scanResult
	for _, p := range parts {
		all.best = append(all.best, p.best...)
		all.seen, all.sum, all.squares = all.seen+p.seen, all.sum+p.sum, all.squares+p.squares
	}
	slices.SortFunc(all.best, func(a, b neighbour) int {
		return cmp.Or(cmp.Compare(b.similarity, a.similarity), cmp.Compare(b.id, a.id))
	})
	bound := all.least()
	end := slices.IndexFunc(all.best, func(h neighbour) bool { return float64(h.similarity) < bound })
	if end < 0 {
		end = len(all.best)
	}
	return all.best[:min(end, n)]
}

// inParts has each worker do its part of the vectors, from one index up to
// another.
func (v *vectors) inParts(workers int, do func(worker, from, to int)) {
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { do(w, w*len(v.ids)/workers, (w+1)*len(v.ids)/workers) })
	}
	wg.Wait()
}

// scanResult is what a scan saw.
type scanResult struct {
	best         []neighbour // in no order
	seen         int         // vectors that the sums are of
	sum, squares float64
}

// least is how close a line must be.
func (f scanResult) least() float64 {
	if f.seen < minForDeviation {
		return minSimilarity
	}
	mean := f.sum / float64(f.seen)
	return max(minSimilarity, mean+minDeviations*math.Sqrt(max(0, f.squares/float64(f.seen)-mean*mean)))
}

// scan looks at the vectors from one index up to another: all, or those with a
// guess of least or more, and a sample of the others for the sums.
func (v *vectors) scan(x []float32, n, from, to int, guess []uint16, least uint16) (f scanResult) {
	every := 1
	if guess != nil {
		every = max(1, len(v.ids)/sampleSize)
	}
	worst := float32(math.Inf(-1)) // of the best, once there are n
	for i := from; i < to; i++ {
		sampled := i%every == 0
		if guess != nil && guess[i] < least && !sampled {
			continue
		}
		c := dotProduct(x, v.all[i*v.size:(i+1)*v.size])
		if sampled {
			f.seen, f.sum, f.squares = f.seen+1, f.sum+float64(c), f.squares+float64(c)*float64(c)
		}
		if c <= worst {
			continue
		}
		f.best = append(f.best, neighbour{v.ids[i], c})
		if len(f.best) == 2*n { // sorting now and then is cheaper than a heap
			slices.SortFunc(f.best, func(a, b neighbour) int { return cmp.Compare(b.similarity, a.similarity) })
			f.best = f.best[:n]
			worst = f.best[n-1].similarity
		}
	}
	return f
}

// dotProduct is the product of two vectors of one size.
func dotProduct(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 8 && len(b) >= 8 {
		x, y := (*[8]float32)(a), (*[8]float32)(b)
		s0 += x[0]*y[0] + x[4]*y[4]
		s1 += x[1]*y[1] + x[5]*y[5]
		s2 += x[2]*y[2] + x[6]*y[6]
		s3 += x[3]*y[3] + x[7]*y[7]
		a, b = a[8:], b[8:]
	}
	for i := range min(len(a), len(b)) {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}
