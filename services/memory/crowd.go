package memory

import (
	"cmp"
	"slices"
)

// What is said often, in words that are almost the same, is close to many questions and the
// answer to few of them: of what a household says all day there are a hundred lines that are
// closer to "How do I get into the garden hut?" than that of the key for the shed. Such lines
// are close to each other as well, which tells them from what was said once (hubs, and their
// correction by the similarity of their own neighbours: Conneau et al., CSLS, ICLR 2018).
const (
	// maxCrowd is how many of the closest lines are compared with each other: 4560 products, half
	// a millisecond.
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
	for k, all := range found {
		all = all[:min(len(all), max(n, maxCrowd))]
		v.measureCrowds(all)
		slices.SortStableFunc(all, func(a, b neighbour) int { return cmp.Compare(b.apart(), a.apart()) })
		found[k] = v.withoutCopies(all, n)
	}
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

// measureCrowds tells of each line how like those of all it is that are most like it.
func (v *vectors) measureCrowds(all []neighbour) {
	like := make([][crowdOf]float32, len(all)) // of each line its closest, the closest first
	note := func(i int, c float32) {
		for k := range like[i] {
			if c > like[i][k] {
				c, like[i][k] = like[i][k], c
			}
		}
	}
	long := make([]bool, len(all)) // how a long line begins tells nothing of the rest
	for i := range all {
		long[i] = v.isLong(int(v.at[all[i].id]))
	}
	for i := range all {
		for k := range i {
			if long[i] || long[k] {
				continue
			}
			c := v.similarity(int(v.at[all[i].id]), int(v.at[all[k].id]))
			note(i, c)
			note(k, c)
		}
	}
	for i := range all {
		sum := float32(0)
		for _, c := range like[i] {
			sum += c
		}
		if all[i].crowd = sum / crowdOf; long[i] {
			all[i].crowd = usualCrowd
		}
	}
}
