package echo

import "gonum.org/v1/gonum/dsp/fourier"

// spectra are those of the last blocks that were played, each with the block before.
type spectra struct {
	fft   *fourier.FFT
	all   [][]complex128 // newest first
	sound []float64      // the last two blocks
}

func newSpectra(blocks int) *spectra {
	s := &spectra{fft: fourier.NewFFT(2 * Block), sound: make([]float64, 2*Block)}
	for range blocks {
		s.all = append(s.all, make([]complex128, bins))
	}
	return s
}

// add takes the next block, and returns all spectra.
func (s *spectra) add(played []float64) [][]complex128 {
	n := len(s.all)
	oldest := s.all[n-1]
	copy(s.all[1:], s.all[:n-1])
	copy(s.sound, s.sound[Block:])
	copy(s.sound[Block:], played)
	s.all[0] = s.fft.Coefficients(oldest, s.sound)
	return s.all
}
