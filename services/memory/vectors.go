package memory

import (
	"math"
	"runtime"
	"slices"
	"sync"
)

// vectors finds the vectors nearest to another one, by looking at all of them;
// when there are many, at their [binaryIndex] first. Each number is kept in one byte, which
// finds 99 of 100 of the ten nearest or more (TestQuantisedIsNearlyExact). It is safe for
// concurrent use.
type vectors struct {
	mu     sync.RWMutex
	size   int        // of each vector; 0: none yet
	ids    []int64    // of lines; a long line has several vectors, one after the other. 0: removed
	kinds  []lineKind // of the lines
	all    []int8     // one vector after the other, in the order of ids
	scales []float32  // of each vector: what 1 stands for
	at     map[int64]int32
	gone   int // vectors that were removed
	binary binaryIndex

	guesses sync.Pool // of *guesses, to be used again
}

// neighbour is a line and how close it is: the cosine, at most 1.
type neighbour struct {
	id         int64
	similarity float32
	crowd      float32 // how like others it is, see [vectors.outstanding]
	at         int32   // the vector that is so close
	long       bool    // the line has others
}

// put adds the vectors of a line, or replaces them. Those of another size are left
// out.
func (v *vectors) put(id int64, kind lineKind, parts ...[]float32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.size == 0 && len(parts) > 0 {
		v.size, v.at = len(parts[0]), map[int64]int32{}
	}
	v.drop(id)
	for _, x := range parts {
		if len(x) != v.size {
			continue
		}
		if _, ok := v.at[id]; !ok {
			v.at[id] = int32(len(v.ids))
		}
		v.ids, v.kinds = append(v.ids, id), append(v.kinds, kind)
		var scale float32
		v.all, scale = quantise(v.all, x)
		v.scales = append(v.scales, scale)
		v.updateBinary(x)
	}
}

// quantise appends x to dst, with one byte a number, and returns what 1 stands for.
func quantise(dst []int8, x []float32) ([]int8, float32) {
	most := float32(0)
	for _, f := range x {
		most = max(most, f, -f)
	}
	if most == 0 {
		return append(dst, make([]int8, len(x))...), 0
	}
	scale := most / 127
	for _, f := range x {
		dst = append(dst, int8(math.RoundToEven(float64(f/scale))))
	}
	return dst, scale
}

// restored is vector i as it was, about.
func (v *vectors) restored(i int, dst []float32) []float32 {
	for _, b := range v.all[i*v.size : (i+1)*v.size] {
		dst = append(dst, float32(b)*v.scales[i])
	}
	return dst
}

// minGone is how many vectors must be removed before the rest is moved together.
const minGone = 1024

// remove forgets the vectors of lines.
func (v *vectors) remove(ids []int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, id := range ids {
		v.drop(id)
	}
	if v.gone > minGone && v.gone > len(v.ids)/4 {
		v.compact()
	}
}

func (v *vectors) drop(id int64) {
	from, ok := v.at[id]
	if !ok {
		return
	}
	delete(v.at, id)
	for i := int(from); i < len(v.ids) && v.ids[i] == id; i++ {
		v.ids[i] = 0
		clear(v.all[i*v.size : (i+1)*v.size])
		v.gone++
	}
}

// compact moves the vectors that are left together.
func (v *vectors) compact() {
	kept := 0
	for i, id := range v.ids {
		if id == 0 {
			continue
		}
		if kept == 0 || v.ids[kept-1] != id {
			v.at[id] = int32(kept)
		}
		v.ids[kept], v.kinds[kept], v.scales[kept] = id, v.kinds[i], v.scales[i]
		copy(v.all[kept*v.size:(kept+1)*v.size], v.all[i*v.size:(i+1)*v.size])
		kept++
	}
	v.ids, v.kinds, v.scales, v.all, v.gone = v.ids[:kept], v.kinds[:kept], v.scales[:kept], v.all[:kept*v.size], 0
	v.binary = binaryIndex{}
	if kept >= preselectFrom {
		v.rebuildBinary()
	}
}

// similarities are the cosines of x with lines, each the closest of a line's vectors; only
// of lines that have one.
func (v *vectors) similarities(x []float32, ids []int64) map[int64]float32 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	out := map[int64]float32{}
	if len(x) != v.size {
		return out
	}
	q := newQuestion(x)
	for _, id := range ids {
		from, ok := v.at[id]
		if !ok {
			continue
		}
		best := float32(-1)
		for i := int(from); i < len(v.ids) && v.ids[i] == id; i++ {
			best = max(best, v.product(q, i))
		}
		out[id] = best
	}
	return out
}

// question is a vector to be compared with many: its bytes, as wide as their products, which
// saves the processor nearly half of the work.
type question struct {
	numbers []int32
	scale   float32
}

func newQuestion(x []float32) question {
	bytes, scale := quantise(nil, x)
	q := question{make([]int32, len(bytes)), scale}
	for i, b := range bytes {
		q.numbers[i] = int32(b)
	}
	return q
}

// product is the cosine of q with vector i.
func (v *vectors) product(q question, i int) float32 {
	return float32(q.dot(v.all[i*v.size:(i+1)*v.size])) * q.scale * v.scales[i]
}

// dot is the product with a vector of the same size.
func (q question) dot(b []int8) int32 {
	var s0, s1, s2, s3 int32
	a := q.numbers
	for len(a) >= 16 && len(b) >= 16 {
		x, y := (*[16]int32)(a), (*[16]int8)(b)
		s0 += x[0]*int32(y[0]) + x[4]*int32(y[4]) + x[8]*int32(y[8]) + x[12]*int32(y[12])
		s1 += x[1]*int32(y[1]) + x[5]*int32(y[5]) + x[9]*int32(y[9]) + x[13]*int32(y[13])
		s2 += x[2]*int32(y[2]) + x[6]*int32(y[6]) + x[10]*int32(y[10]) + x[14]*int32(y[14])
		s3 += x[3]*int32(y[3]) + x[7]*int32(y[7]) + x[11]*int32(y[11]) + x[15]*int32(y[15])
		a, b = a[16:], b[16:]
	}
	for i := range min(len(a), len(b)) {
		s0 += a[i] * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}

func (v *vectors) clear() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.size, v.ids, v.kinds, v.all, v.scales, v.at, v.gone, v.binary = 0, nil, nil, nil, nil, nil, 0, binaryIndex{}
}

const vectorsPerWorker = 5000 // vectors that are worth a goroutine

// nearest returns for each kind below kinds the n lines that are closest to x, the closest
// first. Whether they are close enough to be meant is for the caller to say.
func (v *vectors) nearest(x []float32, n int, kinds lineKind) [][]neighbour {
	v.mu.RLock()
	defer v.mu.RUnlock()
	found := v.candidates(x, n, kinds)
	for k := range found {
		found[k] = v.withoutCopies(found[k], n)
	}
	return found
}

// candidates are those of nearest, more of them as there may be copies.
func (v *vectors) candidates(x []float32, n int, kinds lineKind) [][]neighbour {
	found := make([][]neighbour, kinds)
	if len(x) != v.size || len(v.ids) == 0 {
		return found
	}
	workers := min(runtime.GOMAXPROCS(0), 1+len(v.ids)/vectorsPerWorker)
	guess := v.preselect(x, n, workers)
	product, kept := v.productsWith(x, guess != nil), copyFactor*n
	if guess != nil {
		defer v.guesses.Put(guess)
		kept *= fineFactor
	}
	parts := make([][][]neighbour, workers)
	v.inParts(workers, func(w, from, to int) {
		s := scan{v: v, product: product, n: kept, best: make([][]neighbour, kinds), worst: make([]float32, kinds)}
		s.look(from, to, guess)
		parts[w] = s.best
	})
	eachKind(kinds, func(k int) {
		var all []neighbour
		for _, p := range parts {
			all = append(all, p[k]...)
		}
		found[k] = v.rescore(x, closest(all, kept))
		found[k] = found[k][:min(len(found[k]), copyFactor*n)]
	})
	return found
}

const (
	nearCopy   = 0.96 // the cosine from which on two lines say the same
	copyFactor = 6    // so many times more lines are looked for than are wanted, for there may be copies
)

// rescore sorts lines by the question as it is, in place of its bytes: half of the error.
func (v *vectors) rescore(x []float32, all []neighbour) []neighbour {
	for i, h := range all {
		first := int(h.at)
		if h.long {
			first = int(v.at[h.id])
		}
		best := float32(-1)
		for k := first; k < len(v.ids) && v.ids[k] == h.id; k++ {
			best = max(best, mixedProduct(x, v.all[k*v.size:(k+1)*v.size])*v.scales[k])
		}
		all[i].similarity = best
	}
	return closest(all, len(all))
}

// mixedProduct is the product of two vectors of one size, in four sums, so that none has to
// wait for the one before.
func mixedProduct(x []float32, b []int8) float32 {
	var s0, s1, s2, s3 float32
	for len(x) >= 4 && len(b) >= 4 {
		f, n := (*[4]float32)(x), (*[4]int8)(b)
		s0 += f[0] * float32(n[0])
		s1 += f[1] * float32(n[1])
		s2 += f[2] * float32(n[2])
		s3 += f[3] * float32(n[3])
		x, b = x[4:], b[4:]
	}
	for i := range min(len(x), len(b)) {
		s0 += x[i] * float32(b[i])
	}
	return s0 + s1 + s2 + s3
}

// withoutCopies leaves n lines of all, of those that say the same one: what is said every
// day would fill the places of what was said once.
func (v *vectors) withoutCopies(all []neighbour, n int) (kept []neighbour) {
	for _, h := range all {
		if len(kept) == n {
			break
		}
		if !slices.ContainsFunc(kept, func(k neighbour) bool {
			c, ok := v.ofTwo(h.id, k.id)
			return ok && c > nearCopy
		}) {
			kept = append(kept, h)
		}
	}
	return kept
}

// similarity is the cosine of two vectors.
func (v *vectors) similarity(i, k int) float32 {
	at := func(i int) []int8 { return v.all[i*v.size : (i+1)*v.size] }
	return float32(dotProduct(at(i), at(k))) * v.scales[i] * v.scales[k]
}

// between is the cosine of two lines; false when one has not one vector: how long ones
// begin tells nothing of them.
func (v *vectors) between(a, b int64) (float32, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.ofTwo(a, b)
}

func (v *vectors) ofTwo(a, b int64) (float32, bool) {
	i, ok := v.at[a]
	k, ok2 := v.at[b]
	if !ok || !ok2 || v.isLong(int(i)) || v.isLong(int(k)) {
		return 0, false
	}
	return v.similarity(int(i), int(k)), true
}

// isLong reports whether the line whose first vector is i has others.
func (v *vectors) isLong(i int) bool { return i+1 < len(v.ids) && v.ids[i+1] == v.ids[i] }

// hasSiblings reports whether the line of vector i has others.
func (v *vectors) hasSiblings(i int) bool { return v.isLong(i) || i > 0 && v.ids[i-1] == v.ids[i] }

// eachKind does something for each kind of lines, all at the same time.
func eachKind(kinds lineKind, do func(kind int)) {
	var wg sync.WaitGroup
	for k := range int(kinds) {
		wg.Go(func() { do(k) })
	}
	wg.Wait()
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

// dotProduct is the product of two vectors of one size.
func dotProduct(a, b []int8) int32 {
	var s0, s1, s2, s3 int32
	for len(a) >= 8 && len(b) >= 8 {
		x, y := (*[8]int8)(a), (*[8]int8)(b)
		s0 += int32(x[0])*int32(y[0]) + int32(x[4])*int32(y[4])
		s1 += int32(x[1])*int32(y[1]) + int32(x[5])*int32(y[5])
		s2 += int32(x[2])*int32(y[2]) + int32(x[6])*int32(y[6])
		s3 += int32(x[3])*int32(y[3]) + int32(x[7])*int32(y[7])
		a, b = a[8:], b[8:]
	}
	for i := range min(len(a), len(b)) {
		s0 += int32(a[i]) * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}
