package memory

import (
	"math"
	"math/bits"
)

const (
	// From so many vectors on, looking at all of them takes too long for a query:
	// then a rough look leaves some to compare.
	preselectFrom  = 5000
	preselectShare = 12 // one of so many is left; of the ten nearest 99 of 100 or more are among them

	guessSteps = 1000 // steps of a guess
	maxGuess   = 6    // no guess is below the negative of it, or above it

	queryBits = 4 // of each number of a question
)

// binaryIndex holds the vectors in binary quantization: one bit for each number, which
// tells whether it is above the mean of all vectors. The product of a vector with a question,
// both seen from the mean, is estimated from the sum of the question's numbers whose bit is
// set (RaBitQ, Gao and Long, SIGMOD 2024, without its rotation).
type binaryIndex struct {
	mean     []float32
	builtFor int // vectors at the time of mean; 0: the index is not built yet

	bits    []uint64  // in the order of the vectors, words of each
	ones    []uint16  // bits that are set
	factor  []float32 // by which the sum is multiplied
	meanDot []float32 // the product with the mean
}

// words is how many words the bits of one vector take.
func (o *binaryIndex) words() int { return (len(o.mean) + 63) / 64 }

// add notes x, which comes after the others.
func (o *binaryIndex) add(x []float32) {
	var square, absolute float64
	ones := 0
	for at := 0; at < len(x); at += 64 {
		var w uint64
		for i, f := range x[at:min(at+64, len(x))] {
			d := float64(f - o.mean[at+i])
			square, absolute = square+d*d, absolute+math.Abs(d)
			if d > 0 {
				w |= 1 << i
			}
		}
		o.bits = append(o.bits, w)
		ones += bits.OnesCount64(w)
	}
	o.ones = append(o.ones, uint16(ones))
	o.factor = append(o.factor, float32(square/max(absolute, 1e-9)))
	o.meanDot = append(o.meanDot, floatProduct(x, o.mean))
}

// floatProduct is the product of two vectors of one size.
func floatProduct(a, b []float32) (sum float32) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// updateBinary notes x, which was put last. The mean is taken anew each time that
// the vectors have doubled.
func (v *vectors) updateBinary(x []float32) {
	switch o := &v.binary; {
	case o.builtFor == 0 && len(v.ids) < preselectFrom:
	case len(v.ids) >= 2*o.builtFor:
		v.rebuildBinary()
	default:
		o.add(x)
	}
}

func (v *vectors) rebuildBinary() {
	sum := make([]float64, v.size)
	for i, id := range v.ids {
		if id == 0 {
			continue
		}
		for k, b := range v.all[i*v.size : (i+1)*v.size] {
			sum[k] += float64(float32(b) * v.scales[i])
		}
	}
	v.binary = binaryIndex{mean: make([]float32, v.size), builtFor: len(v.ids)}
	for i, x := range sum {
		v.binary.mean[i] = float32(x / float64(len(v.ids)))
	}
	x := make([]float32, 0, v.size)
	for i := range v.ids {
		x = v.restored(i, x[:0])
		v.binary.add(x)
	}
}

// roughQuery is a question for a binaryIndex: its numbers, seen from the mean, in a few bits.
type roughQuery struct {
	planes    [queryBits][]uint64 // bit j of each number
	low, step float32             // what 0 and 1 stand for
	sum       float32             // of all numbers
}

func (o *binaryIndex) rough(x []float32) (q roughQuery) {
	seen := make([]float32, len(x))
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for i, f := range x {
		seen[i] = f - o.mean[i]
		low, high, q.sum = min(low, seen[i]), max(high, seen[i]), q.sum+seen[i]
	}
	q.low, q.step = low, max((high-low)/(1<<queryBits-1), 1e-9)
	for j := range q.planes {
		q.planes[j] = make([]uint64, o.words())
	}
	for i, f := range seen {
		n := uint64(math.Round(float64((f - low) / q.step)))
		for j := range q.planes {
			q.planes[j][i/64] |= n >> j & 1 << (i % 64)
		}
	}
	return q
}

// guess is about the product of the question with vector i, but for what is the same for
// all.
func (o *binaryIndex) guess(q *roughQuery, i, words int) float32 {
	have := o.bits[i*words : (i+1)*words]
	n := 0
	for j, plane := range q.planes {
		c := 0
		for k, w := range have {
			c += bits.OnesCount64(w & plane[k])
		}
		n += c << j
	}
	return (2*(q.low*float32(o.ones[i])+q.step*float32(n))-q.sum)*o.factor[i] + o.meanDot[i]
}

// preselect guesses how close each vector is to x, and tells from which guess on one
// is worth a look; nil: look at all.
func (v *vectors) preselect(x []float32, n, workers int) (guess []uint16, least uint16) {
	o := &v.binary
	if o.builtFor == 0 || len(v.ids) < preselectFrom {
		return nil, 0
	}
	q, words := o.rough(x), o.words()
	guess = make([]uint16, len(v.ids))
	v.inParts(workers, func(_, from, to int) {
		for i := from; i < to; i++ {
			guess[i] = uint16(guessSteps * (maxGuess + min(max(o.guess(&q, i, words), -maxGuess), maxGuess)))
		}
	})
	var counts [2*guessSteps*maxGuess + 1]int
	for _, g := range guess {
		counts[g]++
	}
	want, got, g := max(len(v.ids)/preselectShare, 40*n), 0, len(counts)
	for got < want && g > 0 {
		g--
		got += counts[g]
	}
	return guess, uint16(g)
}
