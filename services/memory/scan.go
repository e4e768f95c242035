package memory

import (
	"cmp"
	"slices"
)

// productsWith tells the product of x with a vector: of its upper bits alone, or of its bytes.
func (v *vectors) productsWith(x []float32, fine bool) func(i int) float32 {
	if fine {
		q, words := newRoughQuery(x), v.binary.words()
		return func(i int) float32 { return v.fineProduct(&q, i, words) }
	}
	q := newQuestion(x)
	return func(i int) float32 { return v.product(q, i) }
}

// closest sorts all, and leaves the n closest, each line once.
func closest(all []neighbour, n int) []neighbour {
	slices.SortFunc(all, func(a, b neighbour) int {
		switch {
		case a.similarity > b.similarity:
			return -1
		case a.similarity < b.similarity:
			return 1
		}
		return cmp.Compare(b.id, a.id)
	})
	kept := all[:0]
	var seen map[int64]bool
	for _, h := range all {
		if len(kept) == n {
			break
		}
		if h.long {
			if seen[h.id] {
				continue
			}
			if seen == nil {
				seen = map[int64]bool{}
			}
			seen[h.id] = true
		}
		kept = append(kept, h)
	}
	return kept
}

// scan looks at a part of the vectors.
type scan struct {
	v       *vectors
	product func(i int) float32 // with vector i
	n       int
	best    [][]neighbour // by kind, in no order
	worst   []float32     // by kind: what is not closer need not be kept
	fetched uint64        // of no meaning: what is read for nothing would be left out by the compiler
}

// blockSize is how many vectors are brought from memory at once: they lie apart, and to wait
// for each takes the processor longer than to multiply it.
const blockSize = 16

// look looks at the vectors from one index up to another: all, or those that a guess finds
// worth it.
func (s *scan) look(from, to int, guess *guesses) {
	block := make([]int, 0, blockSize)
	for i := from; i < to; i++ {
		if guess != nil && guess.of[i] < guess.least || int(s.v.kinds[i]) >= len(s.best) || s.v.ids[i] == 0 {
			continue
		}
		if block = append(block, i); len(block) == blockSize {
			s.compare(block, guess != nil)
			block = block[:0]
		}
	}
	s.compare(block, guess != nil)
}

// compare keeps those vectors of a block that are among the closest.
func (s *scan) compare(block []int, apart bool) {
	if apart {
		s.fetched ^= s.v.binary.fetch(block)
	}
	for _, i := range block {
		kind, c := s.v.kinds[i], s.product(i)
		if c <= s.worst[kind] { // nothing below 0 is near
			continue
		}
		s.best[kind] = append(s.best[kind], neighbour{id: s.v.ids[i], similarity: c, at: int32(i), long: s.v.hasSiblings(i)})
		if len(s.best[kind]) >= 3*s.n { // sorting now and then is cheaper than a heap
			s.best[kind] = closest(s.best[kind], s.n)
			if len(s.best[kind]) == s.n {
				s.worst[kind] = s.best[kind][s.n-1].similarity
			}
		}
	}
}
