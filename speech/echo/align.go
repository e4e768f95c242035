package echo

import (
	"math"

	"gonum.org/v1/gonum/dsp/fourier"
)

const (
	// A sound begins sooner or later than the one before, by the clock of the microphone:
	// audio comes in chunks and messages take their time.
	maxShift = Rate / 25 // samples: 40 ms
	// alignBlocks of echo, 0.2 s, tell by how much; minAlike is how much what is heard then has to be
	// like what was expected, as their correlation.
	alignBlocks = 10
	minAlike    = 0.5
)

// aligner finds out by how much an echo comes sooner or later than expected.
type aligner struct {
	heard, expected []float64
	blocks          int // in which an echo was expected
}

// add takes a block. It reports when there is enough to tell.
func (a *aligner) add(heard, rest []float64) (enough bool) {
	expected := difference(heard, rest)
	if a.blocks == 0 && power(expected) < minPlayed/100 { // nothing yet
		return false
	}
	a.heard, a.expected = append(a.heard, heard...), append(a.expected, expected...)
	a.blocks++
	return a.blocks == alignBlocks
}

// shift is how many samples later than expected the echo is heard, and how alike both
// are then, from 0 to 1.
func (a *aligner) shift() (samples int, alike float64) {
	n := 1
	for n < len(a.heard)+maxShift {
		n *= 2
	}
	fft := fourier.NewFFT(n)
	pad := func(samples []float64) []complex128 {
		padded := make([]float64, n)
		copy(padded, samples)
		return fft.Coefficients(nil, padded)
	}
	product, expected := pad(a.heard), pad(a.expected)
	for k, e := range expected {
		product[k] *= complex(real(e), -imag(e))
	}
	correlation := fft.Sequence(nil, product)
	best := math.Inf(-1)
	for lag := -maxShift; lag <= maxShift; lag++ {
		if v := correlation[(lag+n)%n]; v > best {
			samples, best = lag, v
		}
	}
	both := math.Sqrt(power(a.heard)*power(a.expected)) * float64(len(a.heard))
	return samples, best / float64(n) / max(both, minPower)
}

// shift makes the way longer by so many samples, or shorter.
func (f *filter) shift(samples int) {
	taps := make([]float64, len(f.path)*Block)
	for p, path := range f.path {
		f.fft.Sequence(f.sound, path)
		for i := range Block {
			taps[p*Block+i] = f.sound[i] / (2 * Block)
		}
	}
	clear(f.sound[Block:])
	for p, path := range f.path {
		for i := range Block {
			f.sound[i] = 0
			if from := p*Block + i - samples; from >= 0 && from < len(taps) {
				f.sound[i] = taps[from]
			}
		}
		f.fft.Coefficients(path, f.sound)
	}
}
