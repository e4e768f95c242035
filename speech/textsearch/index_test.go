package textsearch

import (
	"fmt"
	"slices"
	"testing"
)

func ids(hits []Hit) (out []int64) {
	for _, h := range hits {
		out = append(out, h.ID)
	}
	return out
}

func TestSearch(t *testing.T) {
	tests := map[string]struct {
		texts []string // the first has id 1
		ask   string
		want  []int64
	}{
		"the rarer word first":             {[]string{"the red boat", "the red car", "the red house"}, "red boat", []int64{1, 3, 2}},
		"another form of the word":         {[]string{"we sailed two boats"}, "a boat", []int64{1}},
		"without accents":                  {[]string{"meet at the Café"}, "cafe", []int64{1}},
		"a word that is nowhere":           {[]string{"buy milk"}, "bread", nil},
		"only words that tell nothing":     {[]string{"what is it"}, "what was that", nil},
		"of the same words the newest":     {[]string{"my boat is red", "the boat is red", "the boat is not red"}, "boat", []int64{3, 2}},
		"a word twice is a little better":  {[]string{"tea and cake", "tea with tea"}, "tea", []int64{2, 1}},
		"a short line is a little better":  {[]string{"tea in the garden of the old house by the sea", "tea in the garden"}, "tea", []int64{2, 1}},
		"a query has more words than asks": {[]string{"red", "green"}, "red green blue", []int64{2, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var x Index
			for i, text := range tt.texts {
				x.Put(int64(i)+1, 0, text)
			}
			found := x.Search(Stems(tt.ask, 64), 10, 1)[0]
			if got := ids(found); !slices.Equal(got, tt.want) {
				t.Errorf("found %v, want %v", got, tt.want)
			}
			for _, h := range found {
				score, share := x.Score(Stems(tt.ask, 64), h.ID)
				if d := score - h.Score; d > 1e-6 || d < -1e-6 || share <= 0 || share > 1 {
					t.Errorf("text %d scores %v, %v by itself, %v in a search", h.ID, score, share, h.Score)
				}
			}
		})
	}
}

func TestClassesAreApart(t *testing.T) {
	var x Index
	x.Put(1, 0, "the key is here")
	x.Put(2, 1, "where is the key")
	x.Put(3, 2, "you said the key is here")
	found := x.Search([]string{"key"}, 5, 2)
	if !slices.Equal(ids(found[0]), []int64{1}) || !slices.Equal(ids(found[1]), []int64{2}) {
		t.Errorf("found %v", found)
	}
	if c, ok := x.Class(3); c != 2 || !ok {
		t.Errorf("class %d, %v", c, ok)
	}
}

// What is removed is not found, whether the lists are made anew or not, and what is put
// again is found as it is then.
func TestRemoved(t *testing.T) {
	var x Index
	const n = 5000
	for i := range int64(n) {
		x.Put(i, 0, fmt.Sprintf("boat number%d", i))
	}
	for i := range int64(n) {
		if i%2 == 1 {
			x.Remove(i)
		}
	}
	x.Put(4, 0, "a ship")
	if x.Len() != n/2 {
		t.Errorf("%d texts, want %d", x.Len(), n/2)
	}
	for word, want := range map[string][]int64{"number7": nil, "number8": {8}, "number4": nil, "ship": {4}} {
		if got := ids(x.Search([]string{word}, 5, 1)[0]); !slices.Equal(got, want) {
			t.Errorf("%s finds %v, want %v", word, got, want)
		}
	}
}
