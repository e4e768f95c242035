package memory

import (
	"cmp"
	"slices"
)

const (
	rankOffset = 60   // of reciprocal rank fusion: how little the first places differ
	newness    = 0.25 // weight of the rank by age; words and meaning have 1
)

// fuse joins two lists of at most n lines, best first, by the reciprocals of
// their ranks. A line that is in one list has place n+1 of the other one. Newer
// lines are a little better. The score is the sum.
func fuse(words, meaning []Line, n int) []Line {
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
					x.Score = 1 / float64(rankOffset+n+1)
				}
			}
			x.Score += 1 / float64(rankOffset+rank+1)
		}
	}
	add(words, meaning)
	add(meaning, words)
	slices.SortFunc(all, func(a, b *Line) int { return cmp.Compare(b.ID, a.ID) })
	for rank, l := range all {
		l.Score += newness / float64(rankOffset+rank+1)
	}
	slices.SortStableFunc(all, func(a, b *Line) int { return cmp.Compare(b.Score, a.Score) })
	out := make([]Line, len(all))
	for i, l := range all {
		out[i] = *l
	}
	return out
}
