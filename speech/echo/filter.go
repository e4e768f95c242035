package echo

import "gonum.org/v1/gonum/dsp/fourier"

const (
	bins = Block + 1 // of the spectrum of two blocks

	// stays is how much of a way is the same after a block: people walk through rooms.
	// Less follows changes sooner and leaves more echo. The values here were chosen with
	// the simulated rooms of docs/conversation.md.
	stays = 0.9995
	// unknown is how far a way may be from silence before anything is known of it, as the
	// power of one bin in one block of delay.
	unknown = 0.01
	// otherMemory is how slowly the power of what is no echo is followed, a share a block.
	otherMemory = 0.5
	minPower    = 1e-9
	minVariance = 1e-12
)

// filter knows the way from a loudspeaker to a microphone. It is a Kalman filter of the
// spectrum, block by block of delay: Enzner and Vary, "Frequency-domain adaptive Kalman
// filter for acoustic echo control in hands-free telephones" (2006), divided into blocks
// as in Kuech, Mabande and Enzner, "State-space architecture of the partitioned-block-based
// acoustic echo controller" (2014). It needs no detector of people who speak at the same
// time: the louder what it cannot explain, the less it learns of that.
type filter struct {
	fft      *fourier.FFT
	path     [][]complex128 // what is known of the way, by delay
	variance [][]float64    // how wrong that may be
	other    []float64      // power of what is no echo

	// For one block.
	sum, step []complex128
	gain      []float64
	leftover  []float64 // power of the echo that may be left, by bin
	sound     []float64
}

func newFilter(blocks int) *filter {
	f := &filter{fft: fourier.NewFFT(2 * Block), other: make([]float64, bins),
		sum: make([]complex128, bins), step: make([]complex128, bins), gain: make([]float64, bins), leftover: make([]float64, bins), sound: make([]float64, 2*Block)}
	for range blocks {
		f.path = append(f.path, make([]complex128, bins))
		variance := make([]float64, bins)
		for k := range variance {
			variance[k] = unknown
		}
		f.variance = append(f.variance, variance)
	}
	return f
}

// process returns what is left of a block that is heard without the echo of what was
// played: the spectra of the last blocks, newest first.
func (f *filter) process(heard []float64, played [][]complex128, learns bool) (rest []float64) {
	clear(f.sum)
	for p, path := range f.path {
		for k, x := range played[p] {
			f.sum[k] += path[k] * x
		}
	}
	f.fft.Sequence(f.sound, f.sum)
	rest = make([]float64, Block)
	for i := range rest {
		rest[i] = heard[i] - f.sound[Block+i]/(2*Block)
	}
	clear(f.sound[:Block])
	copy(f.sound[Block:], rest)
	f.expect(f.fft.Coefficients(f.sum, f.sound), played)
	if learns {
		f.learn(f.sum, played)
	}
	return rest
}

// expect finds out how much of the spectrum of what is left may be echo.
func (f *filter) expect(rest []complex128, played [][]complex128) {
	for k, e := range rest {
		f.other[k] = otherMemory*f.other[k] + (1-otherMemory)*squared(e)
		sum := 0.0
		for p, x := range played {
			sum += f.variance[p][k] * squared(x[k])
		}
		f.leftover[k] = sum / 2 // half of the window is new
		f.gain[k] = 1 / (f.leftover[k] + f.other[k] + minPower)
	}
}

// learn corrects what is known of the way by the spectrum of what is left.
func (f *filter) learn(rest []complex128, played [][]complex128) {
	for p, path := range f.path {
		variance := f.variance[p]
		for k, x := range played[p] {
			f.step[k] = complex(variance[k]*f.gain[k], 0) * complex(real(x), -imag(x)) * rest[k]
		}
		f.limit(f.step)
		for k, x := range played[p] {
			path[k] = stays * (path[k] + f.step[k])
			known := 1 - variance[k]*f.gain[k]*squared(x)/2
			variance[k] = max(minVariance, stays*stays*known*variance[k]+(1-stays*stays)*squared(path[k]))
		}
	}
}

// limit lets the response that has the spectrum s last for one block, so that the
// convolution with it does not wrap.
func (f *filter) limit(s []complex128) {
	f.fft.Sequence(f.sound, s)
	for i := range Block {
		f.sound[i] /= 2 * Block
	}
	clear(f.sound[Block:])
	f.fft.Coefficients(s, f.sound)
}

func squared(x complex128) float64 { return real(x)*real(x) + imag(x)*imag(x) }
