package echo

import (
	"math"
	"math/rand/v2"
	"testing"
)

// syllables are sounds of three tones each, as vowels have, with pauses between them.
func syllables(seed uint64, seconds float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 3))
	out := make([]float64, int(seconds*Rate))
	var tones [3]float64
	level, length, at := 0.0, 0, 0
	for i := range out {
		if at == length {
			at, length, level = 0, Rate/20+r.IntN(Rate/5), max(0, r.Float64()-0.2)
			for k := range tones {
				tones[k] = 150 * math.Pow(20, r.Float64())
			}
		}
		for _, hertz := range tones {
			out[i] += 0.1 * level * math.Sin(2*math.Pi*hertz*float64(at)/Rate)
		}
		out[i] = out[i]*math.Sin(math.Pi*float64(at)/float64(length)) + 0.0001*r.NormFloat64()
		at++
	}
	return out
}

func TestAnEchoSoundsAsWhatIsPlayed(t *testing.T) {
	const from, to = Rate, 5 * Rate / 2
	for seed := range uint64(10) {
		played := syllables(seed, 4)
		heard := through(room(seed, 0.1), played)
		before := played[from-Rate*int(Latest.Milliseconds())/1000 : to]
		if l := Compare(heard[from:to], before); !l.IsEcho() || l.IsOther() {
			t.Errorf("echo %d: %+v", seed, l)
		}
		person := syllables(seed+100, 4)
		if l := Compare(sum(heard, person)[from:to], before); l.IsEcho() {
			t.Errorf("a person over echo %d: %+v", seed, l)
		}
		if l := Compare(person[from:to], before); l.IsEcho() || !l.IsOther() {
			t.Errorf("a person beside %d: %+v", seed, l)
		}
		for i := range person { // says a word of 0.4 s
			if i < 2*Rate || i > 2*Rate+2*Rate/5 {
				person[i] = 0
			}
		}
		if l := Compare(sum(heard, person)[from:to], before); l.IsEcho() {
			t.Errorf("a word over echo %d: %+v", seed, l)
		}
		if l := Compare(person[:to-from], before); l.IsEcho() {
			t.Errorf("silence beside %d: %+v", seed, l)
		}
	}
	for _, n := range []int{0, 1, spectrumSize, Rate} {
		if l := Compare(make([]float64, n), make([]float64, n)); l.IsEcho() {
			t.Errorf("%d samples of silence: %+v", n, l)
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	played := syllables(1, 5)
	heard := through(room(1, 0.1), played)
	for b.Loop() {
		Compare(heard[Rate:], played[Rate-Rate*int(Latest.Milliseconds())/1000:])
	}
}
