package textsearch

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

const (
	// The parameters of BM25 (Robertson and Zaragoza, 2009) for lines of conversation, which
	// are short: a word said twice in a line tells little more than once, and the length of a
	// line tells less than that of a document. Measured with go test ./services/memory -run
	// TestRecallQuality: see docs/memory.md.
	saturation   = 0.9 // k1
	lengthWeight = 0.4 // b

	maxCount   = 15   // occurrences of a word in a line that are told apart
	countBits  = 4    // of a posting, for those
	minCompact = 1024 // removed texts from which on the lists are made anew
)

// Index finds texts by their words. The zero value is empty and ready; it is safe for
// concurrent use.
type Index struct {
	mu     sync.RWMutex
	terms  map[string]int32 // by stem
	known  map[string]int32 // by word as it is written, to stem each once; -1: a stop word
	stems  []string         // of each term
	lists  [][]uint32       // of each term: the slots that have it, and how often
	ids    []int64          // of each slot
	class  []uint8          // of each slot
	length []uint16         // words of each slot
	saying []uint64         // of each slot: the same where the same stems are said
	slots  map[int64]int32
	total  int // words of all
	gone   int // slots that were removed

	tables sync.Pool // of *table
}

// table is where a search counts.
type table struct {
	score, share []float32 // by slot; all 0 when it is not in use
	touched      []uint32  // slots that are not 0
}

const removed = math.MinInt64 // the id of a slot that was removed

// Hit is a text that has words of a query.
type Hit struct {
	ID    int64
	Class uint8
	Score float64 // BM25 as a part of what a text with all words once would have, 0 to about 1.5
	Share float64 // of the words of the query, weighted by how rare they are, 0 to 1

	saying uint64
}

// maxKnownWords bounds the words of which the stem is kept.
const maxKnownWords = 200_000

// Put adds a text, or replaces it. The class is the caller's; a Search can tell classes
// apart.
func (x *Index) Put(id int64, class uint8, text string) {
	words := Words(text)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.slots == nil {
		x.slots, x.terms, x.known = map[int64]int32{}, map[string]int32{}, map[string]int32{}
	}
	x.remove(id)
	slot := int32(len(x.ids))
	x.slots[id] = slot
	x.ids, x.class = append(x.ids, id), append(x.class, class)
	n, saying := 0, uint64(0)
	for _, w := range words {
		t := x.term(w)
		if t < 0 {
			if IsNegation(w) {
				saying = ^saying
			}
			continue
		}
		n++
		list := x.lists[t]
		if k := len(list); k > 0 && list[k-1]>>countBits == uint32(slot) {
			if list[k-1]&maxCount < maxCount {
				list[k-1]++
			}
			continue
		}
		x.lists[t] = append(list, uint32(slot)<<countBits|1)
		saying += mix(uint64(t))
	}
	x.saying = append(x.saying, saying)
	n = min(n, math.MaxUint16)
	x.length = append(x.length, uint16(n))
	x.total += n
}

// mix spreads the bits of a number (the finalizer of splitmix64), so that sums of several
// hardly ever meet.
func mix(n uint64) uint64 {
	n = (n + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// term is the number of a word's stem; -1 for a stop word.
func (x *Index) term(word string) int32 {
	if t, ok := x.known[word]; ok {
		return t
	}
	t := int32(-1)
	if !stopWords[word] {
		stem := Stem(word)
		var ok bool
		if t, ok = x.terms[stem]; !ok {
			t = int32(len(x.lists))
			x.terms[stem] = t
			x.lists, x.stems = append(x.lists, nil), append(x.stems, stem)
		}
	}
	if len(x.known) < maxKnownWords {
		x.known[word] = t
	}
	return t
}

// Remove forgets a text.
func (x *Index) Remove(ids ...int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range ids {
		x.remove(id)
	}
	if x.gone > minCompact && x.gone > len(x.ids)/4 {
		x.compact()
	}
}

func (x *Index) remove(id int64) {
	slot, ok := x.slots[id]
	if !ok {
		return
	}
	delete(x.slots, id)
	x.total -= int(x.length[slot])
	x.ids[slot] = removed
	x.gone++
}

// compact makes the lists anew without the slots that were removed.
func (x *Index) compact() {
	to := make([]int32, len(x.ids))
	kept := int32(0)
	for slot, id := range x.ids {
		if to[slot] = -1; id != removed {
			to[slot] = kept
			x.ids[kept], x.class[kept], x.length[kept], x.saying[kept] = id, x.class[slot], x.length[slot], x.saying[slot]
			x.slots[id] = kept
			kept++
		}
	}
	x.ids, x.class, x.length, x.saying, x.gone = x.ids[:kept], x.class[:kept], x.length[:kept], x.saying[:kept], 0
	for t, list := range x.lists {
		var left []uint32
		for _, p := range list {
			if s := to[p>>countBits]; s >= 0 {
				left = append(left, uint32(s)<<countBits|p&maxCount)
			}
		}
		x.lists[t] = left
	}
	for stem, t := range x.terms { // the words of what was removed are gone too
		if len(x.lists[t]) == 0 {
			delete(x.terms, stem)
		}
	}
	x.known = map[string]int32{}
}

// Len is how many texts there are.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.slots)
}

// Class is the class of a text; false when there is none with this id.
func (x *Index) Class(id int64) (uint8, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	slot, ok := x.slots[id]
	if !ok {
		return 0, false
	}
	return x.class[slot], true
}

// Search returns for each class below classes the n texts that have most of the stems, best
// first, the one with the highest id first among equals. Of texts with the same stems the
// one with the highest id is returned.
func (x *Index) Search(stems []string, n int, classes uint8) [][]Hit {
	x.mu.RLock()
	defer x.mu.RUnlock()
	found := make([][]Hit, classes)
	if len(x.slots) == 0 || len(stems) == 0 {
		return found
	}
	t, _ := x.tables.Get().(*table)
	if t == nil || len(t.score) < len(x.ids) {
		n := len(x.ids) + len(x.ids)/4
		t = &table{score: make([]float32, n), share: make([]float32, n)}
	}
	defer x.tables.Put(t)
	all := 0.0
	for _, stem := range stems {
		list, rare := x.list(stem)
		all += rare
		for _, p := range list {
			slot := p >> countBits
			if t.score[slot] == 0 {
				t.touched = append(t.touched, slot)
			}
			t.score[slot] += float32(rare * x.weight(p))
			t.share[slot] += float32(rare)
		}
	}
	for _, slot := range t.touched {
		s, share, class := t.score[slot], t.share[slot], x.class[slot]
		t.score[slot], t.share[slot] = 0, 0
		if class >= classes || x.ids[slot] == removed {
			continue
		}
		best := found[class]
		if len(best) == n && float64(s)/all < best[n-1].Score {
			continue
		}
		h := Hit{ID: x.ids[slot], Class: class, Score: float64(s) / all, Share: float64(share) / all, saying: x.saying[slot]}
		found[class] = insertHit(best, n, h)
	}
	t.touched = t.touched[:0]
	return found
}

// Stems is [Stems], quicker for words that are in the index.
func (x *Index) Stems(text string) (out []string) {
	words := Words(text)
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, w := range words {
		t, ok := x.known[w]
		switch {
		case ok && t < 0:
		case ok:
			if s := x.stems[t]; !slices.Contains(out, s) {
				out = append(out, s)
			}
		case !stopWords[w]:
			if s := Stem(w); !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// insertHit puts h in its place among the n best.
func insertHit(best []Hit, n int, h Hit) []Hit {
	for i, b := range best {
		if b.saying == h.saying && b.Score == h.Score {
			if h.ID > b.ID {
				best[i] = h
			}
			return best
		}
	}
	at, _ := slices.BinarySearchFunc(best, h, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.ID, a.ID))
	})
	if len(best) == n {
		if at == n {
			return best
		}
		best = best[:n-1]
	}
	return slices.Insert(best, at, h)
}

// Score is how well one text matches, as Search tells it.
func (x *Index) Score(stems []string, id int64) (score, share float64) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	slot, ok := x.slots[id]
	if !ok {
		return 0, 0
	}
	all := 0.0
	for _, stem := range stems {
		list, rare := x.list(stem)
		all += rare
		at, found := slices.BinarySearchFunc(list, uint32(slot), func(p, slot uint32) int { return cmp.Compare(p>>countBits, slot) })
		if found {
			score += rare * x.weight(list[at])
			share += rare
		}
	}
	if all == 0 {
		return 0, 0
	}
	return score / all, share / all
}

// list is the posting list of a stem, and how much it tells (the inverse document
// frequency).
func (x *Index) list(stem string) (list []uint32, rare float64) {
	if t, ok := x.terms[stem]; ok {
		list = x.lists[t]
	}
	count := float64(len(x.slots))
	in := min(float64(len(list)), count)
	return list, math.Log(1 + (count-in+0.5)/(in+0.5))
}

// weight is how much a posting counts, from 0 to k1 + 1.
func (x *Index) weight(posting uint32) float64 {
	mean := max(1, float64(x.total)/float64(len(x.slots)))
	times := float64(posting & maxCount)
	return times * (saturation + 1) / (times + saturation*(1-lengthWeight+lengthWeight*float64(x.length[posting>>countBits])/mean))
}
