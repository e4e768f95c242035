package echo

import (
	"math"

	"gonum.org/v1/gonum/dsp/fourier"
)

// minGain is how much is left of what is all echo: -26 dB, as silence between words that
// is deeper sounds like a broken line to recognisers.
const minGain = 0.05

// suppressor weakens what may be echo, bin by bin, as far as it is not known how to take
// it away.
type suppressor struct {
	fft      *fourier.FFT
	window   []float64
	last     []float64 // block before
	tail     []float64 // of what goes out, one block
	sound    []float64
	spectrum []complex128
}

func newSuppressor() *suppressor {
	s := &suppressor{fft: fourier.NewFFT(2 * Block), window: make([]float64, 2*Block), last: make([]float64, Block), tail: make([]float64, Block),
		sound: make([]float64, 2*Block), spectrum: make([]complex128, bins)}
	for i := range s.window {
		s.window[i] = math.Sin(math.Pi * (float64(i) + 0.5) / (2 * Block))
	}
	return s
}

// suppress returns the block before next. echo is the power of what may be echo in next
// and that block, by bin.
func (s *suppressor) suppress(next, echo []float64) []float64 {
	copy(s.sound, s.last)
	copy(s.sound[Block:], next)
	copy(s.last, next)
	for i, w := range s.window {
		s.sound[i] *= w
	}
	s.fft.Coefficients(s.spectrum, s.sound)
	for k, x := range s.spectrum {
		s.spectrum[k] *= complex(max(minGain, 1-echo[k]/(squared(x)+minPower)), 0)
	}
	s.fft.Sequence(s.sound, s.spectrum)
	out := make([]float64, Block)
	for i := range out {
		out[i] = s.tail[i] + s.sound[i]*s.window[i]/(2*Block)
		s.tail[i] = s.sound[Block+i] * s.window[Block+i] / (2 * Block)
	}
	return out
}
