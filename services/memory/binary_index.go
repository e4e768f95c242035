package memory

import (
	"math"
	"math/bits"
)

const (
	// From so many vectors on, looking at all of them takes too long for a query:
	// then a rough look leaves some to compare.
	preselectFrom  = 20_000
	preselectShare = 4 // one of so many is left; of the ten nearest 99 of 100 or more are among them

	guessSteps = 1000 // steps of a guess
	maxGuess   = 6    // no guess is below the negative of it, or above it
)

// binaryIndex holds the vectors in binary quantization: one bit for each number, which
// tells whether it is above the mean of all vectors. The share of bits in which two
// vectors differ (their Hamming distance) estimates the angle between them, seen from
// the mean, in half turns.
type binaryIndex struct {
	mean     []float32
	builtFor int // vectors at the time of mean; 0: the index is not built yet

	bits         []uint64  // in the order of the vectors, words of each
	meanDot      []float32 // the product with the mean
	meanDistance []float32 // the distance from the mean
}

// words is how many words the bits of one vector take.
func (o *binaryIndex) words() int { return (len(o.mean) + 63) / 64 }

// signs appends the bits of x to dst.
func (o *binaryIndex) signs(dst []uint64, x []float32) []uint64 {
	for at := 0; at < len(x); at += 64 {
		var w uint64
		for i, f := range x[at:min(at+64, len(x))] {
			if f > o.mean[at+i] {
				w |= 1 << i
			}
		}
		dst = append(dst, w)
	}
	return dst
}

// distance of x from the mean.
func (o *binaryIndex) distance(x []float32) float32 {
	sum := float32(0)
	for i, f := range x {
		sum += (f - o.mean[i]) * (f - o.mean[i])
	}
	return float32(math.Sqrt(float64(sum)))
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

func (o *binaryIndex) add(x []float32) {
	o.bits = o.signs(o.bits, x)
	o.meanDot = append(o.meanDot, floatProduct(x, o.mean))
	o.meanDistance = append(o.meanDistance, o.distance(x))
}

// floatProduct is the product of two vectors of one size.
func floatProduct(a, b []float32) (sum float32) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
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

// preselect guesses how close each vector is to x, and tells from which guess on one
// is worth a look; nil: look at all.
func (v *vectors) preselect(x []float32, n, workers int) (guess []uint16, least uint16) {
	o := &v.binary
	if o.builtFor == 0 || len(v.ids) < preselectFrom {
		return nil, 0
	}
	w := o.words()
	like, away := o.signs(make([]uint64, 0, w), x), o.distance(x)
	cosine := make([]float32, v.size+1) // by the bits that differ
	for d := range cosine {
		cosine[d] = away * float32(math.Cos(math.Pi*float64(d)/float64(v.size)))
	}
	guess = make([]uint16, len(v.ids))
	v.inParts(workers, func(_, from, to int) {
		for i := from; i < to; i++ {
			d, have := 0, o.bits[i*w:(i+1)*w]
			for k, l := range like {
				d += bits.OnesCount64(l ^ have[k])
			}
			g := cosine[d]*o.meanDistance[i] + o.meanDot[i]
			guess[i] = uint16(guessSteps * (maxGuess + min(max(g, -maxGuess), maxGuess)))
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
