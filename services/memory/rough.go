package memory

import (
	"math"
	"math/bits"
)

const (
	// From so many vectors on, looking at all of them takes too long for a query:
	// then a rough look leaves some to compare.
	roughFrom = 20_000
	roughLeft = 5    // one of so many is left; of those that are near hardly any is lost
	sample    = 2000 // vectors that tell how close all are

	grain  = 1000 // steps of a guess
	lowest = 6    // no guess is below the negative of it, or above it
)

// outline is the vectors of an index with one bit a number: whether it is above
// what the vectors have on average. The bits in which two differ tell the angle
// between them, seen from the mean.
type outline struct {
	mean []float32
	made int // vectors at the time of mean; 0: there is no outline yet

	bits []uint64  // in the order of the vectors, words of each
	lean []float32 // the product with the mean
	away []float32 // the distance from the mean
}

// words is how many words the bits of one vector take.
func (o *outline) words() int { return (len(o.mean) + 63) / 64 }

// signs appends the bits of x to dst.
func (o *outline) signs(dst []uint64, x []float32) []uint64 {
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
func (o *outline) distance(x []float32) float32 {
	sum := float32(0)
	for i, f := range x {
		sum += (f - o.mean[i]) * (f - o.mean[i])
	}
	return float32(math.Sqrt(float64(sum)))
}

// draw notes vector i, which is in v.all. The mean is taken anew each time that
// the vectors have doubled.
func (v *vectors) draw(i int) {
	o := &v.outline
	switch {
	case o.made == 0 && len(v.ids) < roughFrom:
		return
	case len(v.ids) >= 2*o.made:
		v.drawAll()
		return
	case i == len(o.lean):
		o.add(v.all[i*v.size : (i+1)*v.size])
		return
	}
	x, w := v.all[i*v.size:(i+1)*v.size], o.words()
	o.signs(o.bits[i*w:i*w], x)
	o.lean[i], o.away[i] = dot(x, o.mean), o.distance(x)
}

func (o *outline) add(x []float32) {
	o.bits = o.signs(o.bits, x)
	o.lean = append(o.lean, dot(x, o.mean))
	o.away = append(o.away, o.distance(x))
}

func (v *vectors) drawAll() {
	sum := make([]float64, v.size)
	for at := 0; at < len(v.all); at += v.size {
		for i, x := range v.all[at : at+v.size] {
			sum[i] += float64(x)
		}
	}
	v.outline = outline{mean: make([]float32, v.size), made: len(v.ids)}
	for i, x := range sum {
		v.outline.mean[i] = float32(x / float64(len(v.ids)))
	}
	for at := 0; at < len(v.all); at += v.size {
		v.outline.add(v.all[at : at+v.size])
	}
}

// replace puts the last vector in the place of vector i.
func (o *outline) replace(i, last int) {
	if o.made == 0 {
		return
	}
	w := o.words()
	copy(o.bits[i*w:(i+1)*w], o.bits[last*w:])
	o.lean[i], o.away[i] = o.lean[last], o.away[last]
	o.bits, o.lean, o.away = o.bits[:last*w], o.lean[:last], o.away[:last]
}

// rough guesses how close each vector is to x, and tells from which guess on one
// is worth a look; nil: look at all.
func (v *vectors) rough(x []float32, n, workers int) (guess []uint16, least uint16) {
	o := &v.outline
	if o.made == 0 || len(v.ids) < roughFrom {
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
			g := cosine[d]*o.away[i] + o.lean[i]
			guess[i] = uint16(grain * (lowest + min(max(g, -lowest), lowest)))
		}
	})
	var counts [2*grain*lowest + 1]int
	for _, g := range guess {
		counts[g]++
	}
	want, got, g := max(len(v.ids)/roughLeft, 40*n), 0, len(counts)
	for got < want && g > 0 {
		g--
		got += counts[g]
	}
	return guess, uint16(g)
}
