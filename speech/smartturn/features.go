package smartturn

import (
	"encoding/binary"
	"math"

	"gonum.org/v1/gonum/dsp/fourier"

	"github.com/gotars/tars/speech/pcm"
)

// What the network was trained on: spectra as Whisper makes them, of 8 s.
const (
	windowSamples   = 8 * pcm.Rate
	hopSamples      = pcm.Rate / 100             // from one spectrum to the next: 10 ms
	spectrumSamples = pcm.Rate / 40              // of one spectrum: 25 ms
	mirrorSamples   = spectrumSamples / 2        // at each end of the window
	frames          = windowSamples / hopSamples // spectra; one more would reach beyond the window
	bins            = spectrumSamples/2 + 1      // frequencies of one spectrum
	binHertz        = float64(pcm.Rate) / spectrumSamples
	bands           = 80           // that the frequencies are gathered in
	topHertz        = pcm.Rate / 2 // end of the last band

	minPower     = 1e-10 // whose logarithm is taken for silence
	dynamicRange = 8     // powers of ten below the loudest band; what is quieter counts as that
)

// extractor makes the features of audio. It is not safe for concurrent use.
type extractor struct {
	transform *fourier.FFT
	hann      [spectrumSamples]float64 // fades a spectrum's samples in and out
	filters   [bands]bandFilter

	samples  []float64 // the window, with its mirrored ends
	faded    []float64 // samples of one spectrum
	spectrum []complex128
	levels   [][bands]float64 // of each frame: powers of ten
}

// bandFilter is one band: weights of the bins from first on.
type bandFilter struct {
	first   int
	weights []float64
}

func newExtractor() *extractor {
	e := &extractor{
		transform: fourier.NewFFT(spectrumSamples),
		filters:   melFilters(),
		samples:   make([]float64, windowSamples+2*mirrorSamples),
		faded:     make([]float64, spectrumSamples),
		spectrum:  make([]complex128, bins),
		levels:    make([][bands]float64, frames),
	}
	for i := range e.hann {
		e.hann[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/spectrumSamples)
	}
	return e
}

// melFilters are triangles that are equally wide for the ear: each rises from the
// middle of the one before to its own, falls to the middle of the next, and has an
// area of 1.
func melFilters() (filters [bands]bandFilter) {
	edge := func(i int) float64 { return hertz(mel(topHertz) * float64(i) / (bands + 1)) }
	for b := range filters {
		low, middle, high := edge(b), edge(b+1), edge(b+2)
		f := &filters[b]
		for bin := range bins {
			at := float64(bin) * binHertz
			weight := min((at-low)/(middle-low), (high-at)/(high-middle)) * 2 / (high - low)
			if weight <= 0 {
				continue
			}
			if f.weights == nil {
				f.first = bin
			}
			f.weights = append(f.weights, weight)
		}
	}
	return filters
}

// Slaney's scale of pitch, by which Whisper's bands are cut: steps of 200/3 Hz up to
// 1000 Hz, above it 27 steps for each factor of 6.4.
const (
	linearStep = 200.0 / 3
	linearTop  = 1000.0
)

var logStep = math.Log(6.4) / 27

func mel(hertz float64) float64 {
	if hertz < linearTop {
		return hertz / linearStep
	}
	return linearTop/linearStep + math.Log(hertz/linearTop)/logStep
}

func hertz(mel float64) float64 {
	if mel < linearTop/linearStep {
		return mel * linearStep
	}
	return linearTop * math.Exp((mel-linearTop/linearStep)*logStep)
}

// features writes the features of the last 8 s of audio to out: a row of all frames
// for each band. Shorter audio has silence before it.
func (e *extractor) features(audio pcm.Audio, out []float32) {
	silent := e.fill(audio)
	// All frames in the silence are the same, so only the last of them is computed.
	first := max(0, (silent-mirrorSamples)/hopSamples)
	loudest := math.Inf(-1)
	for t := first; t < frames; t++ {
		loudest = max(loudest, e.measure(t))
	}
	for t := range frames {
		for b, level := range e.levels[max(t, first)] {
			out[b*frames+t] = float32((max(level, loudest-dynamicRange) + 4) / 4) // as Whisper scales them
		}
	}
}

// fill makes the window of audio: its last 8 s with a mean of 0 and a variance of 1,
// silence before it included, as the network was trained. It returns how many samples
// of the window are that silence.
func (e *extractor) fill(audio pcm.Audio) (silent int) {
	audio = audio[max(0, len(audio)/2-windowSamples)*2:]
	n := len(audio) / 2
	window := e.samples[mirrorSamples : mirrorSamples+windowSamples]
	silent = windowSamples - n
	clear(window[:silent])
	sum, squares := 0.0, 0.0
	for i := range n {
		v := float64(int16(binary.LittleEndian.Uint16(audio[2*i:]))) / 32768
		window[silent+i] = v
		sum += v
		squares += v * v
	}
	mean := sum / windowSamples
	deviation := math.Sqrt(max(0, squares/windowSamples-mean*mean) + 1e-7)
	for i, v := range window {
		window[i] = (v - mean) / deviation
	}
	for i := range mirrorSamples {
		e.samples[i] = window[mirrorSamples-i]
		e.samples[mirrorSamples+windowSamples+i] = window[windowSamples-2-i]
	}
	return silent
}

// measure computes the levels of a frame and returns the highest.
func (e *extractor) measure(frame int) (highest float64) {
	for i, v := range e.samples[frame*hopSamples:][:spectrumSamples] {
		e.faded[i] = v * e.hann[i]
	}
	e.transform.Coefficients(e.spectrum, e.faded)
	var power [bins]float64
	for i, c := range e.spectrum {
		power[i] = real(c)*real(c) + imag(c)*imag(c)
	}
	highest = math.Inf(-1)
	for b, f := range e.filters {
		sum := 0.0
		for i, w := range f.weights {
			sum += w * power[f.first+i]
		}
		level := math.Log10(max(sum, minPower))
		e.levels[frame][b] = level
		highest = max(highest, level)
	}
	return highest
}
