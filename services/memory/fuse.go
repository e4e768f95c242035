package memory

import (
	"cmp"
	"slices"
)

const (
	// rrfK is k of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009),
	// with the value of that paper: the larger, the less the first places differ.
	rrfK = 60
	// recencyWeight is the weight of the rank by age; words and meaning have 1. Age is
	// to decide between lines that are about as good. Chosen by ear, with the cases
	// of TestFuse.
	recencyWeight = 0.25
)

// fuseRanks joins two lists of at most n lines, best first, by reciprocal rank fusion:
// a line scores 1/(k+rank) in each. A line that is in one list has place n+1 of the other one. Newer
// lines are a little better. The score is the sum.
func fuseRanks(words, meaning []Line, n int) []Line {
	byID := map[int64]*Line{}
	var all []*Line
	add := func(list, other []Line) {
		for rank, l := range list {
			x := byID[l.ID]
			if x == nil {
				x = &l
				x.Score = 0
				byID[l.ID] = x
				all = append(all, x)
				if !slices.ContainsFunc(other, func(o Line) bool { return o.ID == l.ID }) {
					x.Score = 1 / float64(rrfK+n+1)
				}
			}
			x.Score += 1 / float64(rrfK+rank+1)
		}
	}
	add(words, meaning)
	add(meaning, words)
	slices.SortFunc(all, func(a, b *Line) int { return cmp.Compare(b.ID, a.ID) })
	for rank, l := range all {
		l.Score += recencyWeight / float64(rrfK+rank+1)
	}
	slices.SortStableFunc(all, func(a, b *Line) int { return cmp.Compare(b.Score, a.Score) })
	out := make([]Line, len(all))
	for i, l := range all {
		out[i] = *l
	}
	return out
}
