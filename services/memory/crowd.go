package memory

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// What is said often, in words that are almost the same, is close to many questions and the
// answer to few of them: of what a household says all day there are a hundred lines that are
// closer to "How do I get into the garden hut?" than that of the key for the shed. Such lines
// are close to each other as well, which tells them from what was said once (hubs, and their
// correction by the similarity of their own neighbours: Conneau et al., CSLS, ICLR 2018).
const (
	// maxCrowd is how many of the closest lines are compared with each other: 4560 comparisons,
	// a tenth of a millisecond.
	maxCrowd = 96
	// crowdOf is how many neighbours of a line its crowd is the mean similarity of.
	crowdOf = 5
	// crowdWeight is what the crowd of a line counts against its similarity. On two sets of
	// questions in other words, one of them not used to choose it, 0.3 to 0.5 are about as good.
	crowdWeight = 0.5
	// usualCrowd is the crowd that counts neither for nor against a line: of what is said all
	// day it is 0.8 to 0.9, of what was said once 0.3 to 0.5.
	usualCrowd = 0.7
)

// outstanding is [vectors.nearest], where lines of a crowd come behind those that are like
// no other.
func (v *vectors) outstanding(x []float32, n int, kinds lineKind) [][]neighbour {
	v.mu.RLock()
	defer v.mu.RUnlock()
	found := v.candidates(x, n, kinds)
	eachKind(kinds, func(k int) {
		all := found[k][:min(len(found[k]), max(n, maxCrowd))]
		v.measureCrowds(all)
		slices.SortStableFunc(all, func(a, b neighbour) int { return cmp.Compare(b.apart(), a.apart()) })
		found[k] = v.withoutCopies(all, n)
	})
	return found
}

// crowds are those of lines among each other; of lines that have no vector 0.
func (v *vectors) crowds(ids []int64) map[int64]float32 {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var all []neighbour
	for _, id := range ids {
		if _, ok := v.at[id]; ok {
			all = append(all, neighbour{id: id})
		}
	}
	v.measureCrowds(all)
	out := map[int64]float32{}
	for _, n := range all {
		out[n.id] = n.crowd
	}
	return out
}

// apart is the similarity of a line, less for the crowd that it is in.
func (n neighbour) apart() float32 { return n.similarity - crowdWeight*(n.crowd-usualCrowd) }

// measureCrowds tells of each line how like those of all it is that are most like it: by the
// signs of their numbers alone, which tell the angle between two vectors well enough (Charikar,
// STOC 2002) in a hundredth of the time.
func (v *vectors) measureCrowds(all []neighbour) {
	signs, like := make([][]uint64, len(all)), make([][crowdOf]float32, len(all)) // the closest first
	for i, n := range all {
		if k := int(v.at[n.id]); !v.isLong(k) { // how a long line begins tells nothing of the rest
			signs[i] = v.signs(k)
		}
	}
	note := func(i int, c float32) {
		for k := range like[i] {
			if c > like[i][k] {
				c, like[i][k] = like[i][k], c
			}
		}
	}
	cosines := cosinesBySigns(v.size)
	for i := range all {
		for k := range i {
			if signs[i] == nil || signs[k] == nil {
				continue
			}
			differ := 0
			for w, b := range signs[i] {
				differ += bits.OnesCount64(b ^ signs[k][w])
			}
			if c := cosines[differ]; c > min(like[i][crowdOf-1], like[k][crowdOf-1]) {
				note(i, c)
				note(k, c)
			}
		}
	}
	for i := range all {
		sum := float32(0)
		for _, c := range like[i] {
			sum += c
		}
		if all[i].crowd = sum / crowdOf; signs[i] == nil {
			all[i].crowd = usualCrowd
		}
	}
}

// signs has a bit for each number of vector i that is above 0.
func (v *vectors) signs(i int) []uint64 {
	out := make([]uint64, (v.size+63)/64)
	numbers := v.all[i*v.size : (i+1)*v.size]
	for k := 0; k < len(numbers); k += 8 {
		out[k/64] |= gathered(positive(packed(numbers[k:min(k+8, len(numbers))]))) << (k % 64)
	}
	return out
}

// cosinesBySigns are the cosines of two vectors of which so many signs differ.
func cosinesBySigns(size int) []float32 {
	out := make([]float32, size+1)
	for n := range out {
		out[n] = float32(math.Cos(math.Pi * float64(n) / float64(size)))
	}
	return out
}
