package memory

import (
	"math"
	"math/bits"
	"slices"
)

const (
	// From so many vectors on, looking at all of them takes too long for a query:
	// then a rough look leaves some to compare.
	preselectFrom  = 5000
	preselectShare = 12 // one of so many is left; of the ten nearest 99 of 100 or more are among them

	guessSteps = 500 // steps of a guess
	maxGuess   = 6   // no guess is below the negative of it, or above it

	queryBits = 4 // of each number of a question
	fineBits  = 4 // of each number of a vector in the second look

	// The second look keeps so many times more lines than are wanted, for the third one, which
	// is exact, to choose from: its cosines are wrong by a hundredth in the mean.
	fineFactor = 2
)

// binaryIndex holds the vectors in binary quantization: one bit for each number, which
// tells whether it is above the mean of all vectors. The product of a vector with a question,
// both seen from the mean, is estimated from the sum of the question's numbers whose bit is
// set (RaBitQ, Gao and Long, SIGMOD 2024, without its rotation).
//
// For a second look at those that seem near, it has the upper bits of each number as well, the
// first bits of all numbers together, then their second ones: so a few instructions multiply
// 64 numbers, where a product of bytes takes one for each.
type binaryIndex struct {
	mean     []float32
	builtFor int // vectors at the time of mean; 0: the index is not built yet

	bits    []uint64  // in the order of the vectors, words of each
	ones    []uint16  // bits that are set
	factor  []float32 // by which the sum is multiplied
	meanDot []float32 // the product with the mean

	fine    [][fineBits]uint64 // bit j of the upper bits of 64 numbers; words of each vector
	fineSum []uint32           // the sum of those numbers
}

// words is how many words the bits of one vector take.
func (o *binaryIndex) words() int { return (len(o.mean) + 63) / 64 }

// add notes x, which comes after the others, and the bytes it is kept in.
func (o *binaryIndex) add(x []float32, bytes []int8) {
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
	o.addFine(bytes)
}

const (
	lowestBits  = 0x0101010101010101 // of eight bytes
	highestBits = lowestBits << 7
)

// packed are up to eight numbers as bytes from 0 to 255, the first one lowest: 128 stands for 0.
func packed(numbers []int8) (eight uint64) {
	for i, b := range numbers {
		eight |= uint64(uint8(b)^0x80) << (8 * i)
	}
	return eight
}

// gathered are the lowest bits of eight bytes, side by side.
func gathered(eight uint64) uint64 {
	return eight & lowestBits * 0x0102040810204080 >> 56
}

// positive has the lowest bit of each byte of packed set whose number is above 0.
func positive(eight uint64) uint64 {
	return ((eight &^ highestBits) + (highestBits - lowestBits)) & eight & highestBits >> 7
}

// addFine notes the upper bits of a vector, which comes after the others.
func (o *binaryIndex) addFine(bytes []int8) {
	sum := 0
	for len(bytes) > 0 {
		var planes [fineBits]uint64
		n := min(64, len(bytes))
		for at := 0; at < n; at += 8 {
			eight := packed(bytes[at:min(at+8, n)])
			for j := range planes {
				planes[j] |= gathered(eight>>(8-fineBits+j)) << at
			}
		}
		for j, w := range planes {
			sum += bits.OnesCount64(w) << j
		}
		o.fine, bytes = append(o.fine, planes), bytes[n:]
	}
	o.fineSum = append(o.fineSum, uint32(sum))
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
		o.add(x, v.all[(len(v.ids)-1)*v.size:])
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
		v.binary.add(x, v.all[i*v.size:(i+1)*v.size])
	}
}

// roughQuery is a question for a binaryIndex: numbers in a few bits each.
type roughQuery struct {
	planes    [][queryBits]uint64 // bit j of 64 numbers
	low, step float32             // what 0 and 1 stand for
	sum       float32             // of all numbers
	steps     int                 // of all numbers
}

func newRoughQuery(x []float32) (q roughQuery) {
	low, high := slices.Min(x), slices.Max(x)
	q.low, q.step = low, max((high-low)/(1<<queryBits-1), 1e-9)
	q.planes = make([][queryBits]uint64, (len(x)+63)/64)
	for i, f := range x {
		n := uint64(math.Round(float64((f - low) / q.step)))
		for j := range queryBits {
			q.planes[i/64][j] |= n >> j & 1 << (i % 64)
		}
		q.sum, q.steps = q.sum+f, q.steps+int(n)
	}
	return q
}

// rough is x as it is seen from the mean.
func (o *binaryIndex) rough(x []float32) roughQuery {
	seen := make([]float32, len(x))
	for i, f := range x {
		seen[i] = f - o.mean[i]
	}
	return newRoughQuery(seen)
}

// weightedOnes is the sum of the numbers in p whose bit is set in w.
func weightedOnes(w uint64, p *[queryBits]uint64) int {
	return bits.OnesCount64(w&p[0]) + bits.OnesCount64(w&p[1])<<1 + bits.OnesCount64(w&p[2])<<2 + bits.OnesCount64(w&p[3])<<3
}

// guess is about the product of the question with vector i, but for what is the same for
// all.
func (o *binaryIndex) guess(q *roughQuery, i, words int) float32 {
	have := o.bits[i*words : (i+1)*words]
	planes := q.planes[:len(have)]
	n := 0
	for k, w := range have {
		n += weightedOnes(w, &planes[k])
	}
	return (2*(q.low*float32(o.ones[i])+q.step*float32(n))-q.sum)*o.factor[i] + o.meanDot[i]
}

// fetch reads a word of each piece of 64 bytes of the vectors of a block, so that all are on
// their way from memory at the same time. What it returns has no meaning.
func (o *binaryIndex) fetch(block []int) (x uint64) {
	words := o.words()
	for _, i := range block {
		vector := o.fine[i*words : (i+1)*words]
		for k := 0; k < words; k += 2 {
			x ^= vector[k][0]
		}
		x ^= vector[words-1][fineBits-1]
	}
	return x
}

// fineProduct is the product of a question, not seen from the mean, with vector i: wrong by a
// hundredth in the mean.
func (v *vectors) fineProduct(q *roughQuery, i, words int) float32 {
	o := &v.binary
	have := o.fine[i*words : (i+1)*words]
	planes := q.planes[:len(have)]
	var n0, n1, n2, n3 int
	for k := range have {
		w, p := &have[k], &planes[k]
		n0 += weightedOnes(w[0], p)
		n1 += weightedOnes(w[1], p)
		n2 += weightedOnes(w[2], p)
		n3 += weightedOnes(w[3], p)
	}
	n := n0 + n1<<1 + n2<<2 + n3<<3
	const step = 1 << (8 - fineBits) // of a number of the vector; 0 stands for middle
	const middle = step/2 - 128
	return v.scales[i] * (step*(q.low*float32(o.fineSum[i])+q.step*float32(n)) + middle*(q.low*float32(v.size)+q.step*float32(q.steps)))
}

// guesses are how close each vector seems to a question, and from which guess on one is worth
// a look.
type guesses struct {
	of     []uint16
	least  uint16
	counts [][]int32 // of each worker: how often each guess was made
}

// newGuesses returns guesses for all vectors, in memory that was used before where there is.
func (v *vectors) newGuesses(workers int) *guesses {
	g, _ := v.guesses.Get().(*guesses)
	if g == nil || cap(g.of) < len(v.ids) || len(g.counts) != workers {
		g = &guesses{of: make([]uint16, len(v.ids)+len(v.ids)/8), counts: make([][]int32, workers)}
		for w := range g.counts {
			g.counts[w] = make([]int32, 2*guessSteps*maxGuess+1)
		}
	}
	g.of = g.of[:len(v.ids)]
	return g
}

// preselect guesses how close each vector is to x; nil: look at all. Who asks puts the guesses
// back.
func (v *vectors) preselect(x []float32, n, workers int) *guesses {
	o := &v.binary
	if o.builtFor == 0 || len(v.ids) < preselectFrom {
		return nil
	}
	q, words, all := o.rough(x), o.words(), v.newGuesses(workers)
	v.inParts(workers, func(w, from, to int) {
		counts := all.counts[w]
		clear(counts)
		for i := from; i < to; i++ {
			g := int(guessSteps * (maxGuess + o.guess(&q, i, words)))
			if uint(g) >= uint(len(counts)) { // nearly never
				g = min(max(g, 0), len(counts)-1)
			}
			all.of[i] = uint16(g)
			counts[g]++
		}
	})
	want, got, g := int32(max(len(v.ids)/preselectShare, 40*n)), int32(0), len(all.counts[0])
	for got < want && g > 0 {
		g--
		for _, c := range all.counts {
			got += c[g]
		}
	}
	all.least = uint16(g)
	return all
}
