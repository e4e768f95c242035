package echo

import (
	"math"
	"time"

	"gonum.org/v1/gonum/dsp/fourier"
)

// Latest is how late an echo may be for [Compare], with its way through a sound card.
const Latest = 450 * time.Millisecond

const (
	hop           = Rate / 100 // samples from one spectrum to the next: 10 ms
	spectrumSize  = Rate / 40  // samples of one: 25 ms
	transformSize = 512
	bands         = 14   // that a spectrum is gathered in, as wide as each other to the ear
	lowest        = 150  // Hz, of the first band
	highest       = 3600 // Hz, of the last: what loudspeakers and microphones of any kind pass on

	// Powers of ten below the loudest, from which on a band of a spectrum counts as silence,
	// and a spectrum as a pause.
	bandRange  = 3.0
	pauseRange = 2.5

	partHops  = 60 // of the parts that are compared each: 0.6 s
	partStep  = 20 // from one to the next
	minVoiced = 15 // spectra of a part that are no pause, for it to count

	// In 40 simulated rooms, each with 5, 10 and 20 % of the voice in the microphone, an
	// echo had at least 0.70 as a whole, and 99 of 100 people who spoke into it at most 0.64.
	minWhole = 0.68
	minPart  = 0.4
	maxOther = 0.5
)

// Likeness is how much two sounds are alike: 1 for the same, about 0 for different speech.
// What it compares is how the loudness of each band changes, which the reverberation of a room
// and a dull loudspeaker leave as it is.
type Likeness struct {
	Whole float64
	Least float64 // of the parts of 0.6 s
}

// IsEcho reports whether what was heard is what was played and nothing else.
func (l Likeness) IsEcho() bool { return l.Whole >= minWhole && l.Least >= minPart }

// IsOther reports whether what was heard is not what was played, at least not for the most part.
func (l Likeness) IsOther() bool { return l.Whole < maxOther }

// Compare compares what was heard with what was played. Played begins [Latest] before heard
// and ends with it. Samples are between -1 and 1.
func Compare(heard, played []float64) Likeness {
	h, p := bandLevels(heard), bandLevels(played)
	if len(h) == 0 || len(p) < len(h) {
		return Likeness{}
	}
	voiced := voicedOf(h)
	flatten(h)
	flatten(p)
	lag := 0
	var l Likeness
	for at := range len(p) - len(h) + 1 {
		if c := correlation(h, p[at:], voiced); c > l.Whole {
			l.Whole, lag = c, at
		}
	}
	l.Least = l.Whole
	for last, at := len(h)-partHops, 0; last > 0 && at < last+partStep; at += partStep {
		from := min(at, last)
		if part := voiced[from : from+partHops]; count(part) >= minVoiced {
			l.Least = min(l.Least, correlation(h[from:], p[lag+from:], part))
		}
	}
	return l
}

// bandLevels are the levels of the bands every 10 ms, as powers of ten.
func bandLevels(samples []float64) (all [][bands]float64) {
	transform := fourier.NewFFT(transformSize)
	in, out := make([]float64, transformSize), []complex128(nil)
	for ; len(samples) >= spectrumSize; samples = samples[hop:] {
		for i, v := range samples[:spectrumSize] {
			in[i] = v * hann[i]
		}
		out = transform.Coefficients(out, in)
		var levels [bands]float64
		for b := range levels {
			sum := 1e-10 // whose logarithm is taken for silence
			for _, c := range out[firstBins[b]:firstBins[b+1]] {
				sum += squared(c)
			}
			levels[b] = math.Log10(sum)
		}
		all = append(all, levels)
	}
	return all
}

// hann fades the samples of a spectrum in and out.
var hann = func() (all [spectrumSize]float64) {
	for i := range all {
		all[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/spectrumSize)
	}
	return all
}()

// firstBins are the first frequencies of the bands, and the end of the last.
var firstBins = func() (all [bands + 1]int) {
	for i := range all {
		hertz := lowest * math.Pow(highest/lowest, float64(i)/bands)
		all[i] = int(math.Round(hertz * transformSize / Rate))
		if i > 0 {
			all[i] = max(all[i], all[i-1]+1)
		}
	}
	return all
}()

// voicedOf tells which spectra are no pause.
func voicedOf(all [][bands]float64) []bool {
	loudest, sums := math.Inf(-1), make([]float64, len(all))
	for i, levels := range all {
		for _, l := range levels {
			sums[i] += math.Pow(10, l)
		}
		sums[i] = math.Log10(sums[i])
		loudest = max(loudest, sums[i])
	}
	voiced := make([]bool, len(all))
	for i, s := range sums {
		voiced[i] = s > loudest-pauseRange
	}
	return voiced
}

// flatten makes each band relative to its loudest moment, with the same silence below.
func flatten(all [][bands]float64) {
	for b := range bands {
		loudest := math.Inf(-1)
		for _, levels := range all {
			loudest = max(loudest, levels[b])
		}
		for i := range all {
			all[i][b] = max(all[i][b]-loudest, -bandRange)
		}
	}
}

// correlation is that of the levels of all bands, each about its mean, where used says so.
func correlation(a, b [][bands]float64, used []bool) float64 {
	var ab, aa, bb float64
	n := float64(count(used))
	for band := range bands {
		var sumA, sumB, sumAB, sumAA, sumBB float64
		for i, use := range used {
			if use {
				x, y := a[i][band], b[i][band]
				sumA, sumB, sumAB, sumAA, sumBB = sumA+x, sumB+y, sumAB+x*y, sumAA+x*x, sumBB+y*y
			}
		}
		ab, aa, bb = ab+sumAB-sumA*sumB/n, aa+sumAA-sumA*sumA/n, bb+sumBB-sumB*sumB/n
	}
	if aa <= 0 || bb <= 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

func count(all []bool) (n int) {
	for _, is := range all {
		if is {
			n++
		}
	}
	return n
}
