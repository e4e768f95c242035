package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// differenceIn says how many points more words are wrong in clips than in what the engine
// reads of the whole files, and between which two differences 95 of 100 collections of as many
// clips would lie: the clips are drawn again, with repetition (bootstrap; Efron, "Bootstrap
// methods: another look at the jackknife", 1979).
func differenceIn(clips []Heard) string {
	const drawn = 2000
	difference := func(pick func(i int) Heard) float64 {
		wrong, words := 0, 0
		for i := range clips {
			h := pick(i)
			wrong, words = wrong+h.Wrong-h.WholeWrong, words+h.Words
		}
		return 100 * float64(wrong) / float64(max(1, words))
	}
	dice := rand.New(rand.NewPCG(1, 2)) // the same for the same clips
	all := make([]float64, drawn)
	for n := range all {
		all[n] = difference(func(int) Heard { return clips[dice.IntN(len(clips))] })
	}
	slices.Sort(all)
	return fmt.Sprintf("%+.1f (%+.1f to %+.1f)", difference(func(i int) Heard { return clips[i] }), all[drawn*25/1000], all[drawn*975/1000])
}
