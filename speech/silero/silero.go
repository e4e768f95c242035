// Package silero tells speech from other sounds with the Silero voice activity
// detector, version 6.2, a small neural network. It runs in plain Go, on one
// goroutine and without allocations, in 0.3 to 0.7 ms for a frame of 32 ms
// (2 cores at 2.5 GHz). Weights come from a file that is not part of the binary.
//
// The network sees 32 ms of sound with the 4 ms before them:
//
//	samples → 4 spectra (short-time Fourier transform) → 4 convolutions → LSTM → probability
package silero

import (
	"fmt"
	"math"
)

const (
	// FileName is what the package silero-vad calls the weights.
	FileName = "silero_vad_16k_op15.onnx"
	// SampleRate is what the network was trained on, in samples per second.
	SampleRate = 16000
	// FrameSamples is how many samples one step takes: 32 ms.
	FrameSamples = 512

	contextSamples = 64  // of the frame before, without which the network is deaf
	mirrorSamples  = 64  // after the frame: its end, backwards
	windowSamples  = 256 // of one spectrum
	hopSamples     = 128 // from one spectrum to the next
	bands          = windowSamples/2 + 1
	spectra        = 4
	hiddenSize     = 128 // of the LSTM, and channels of the last convolution
	kernelSize     = 3   // steps in time that a convolution sees
	gates          = 4   // of the LSTM: input, forget, cell, output
)

// Model is the weights. It is never changed, so any number of detectors on any
// number of goroutines may share one.
type Model struct {
	cosines, sines []float32 // bands rows of windowSamples each
	layers         [4]convolution
	inputWeights   []float32 // gates*hiddenSize rows of hiddenSize each
	stateWeights   []float32 // as inputWeights
	gateBias       []float32 // gates*hiddenSize
	outputWeights  []float32 // hiddenSize
	outputBias     float32
}

// convolution is a layer in time, followed by a rectifier.
type convolution struct {
	inputs, outputs int       // channels
	stride          int       // steps in time
	weights         []float32 // outputs rows of inputs*kernelSize
	bias            []float32 // outputs
}

// ParseModel reads the weights from the bytes of silero_vad_16k_op15.onnx of the
// Python package silero-vad 6.2. The error names what is missing or damaged.
func ParseModel(onnx []byte) (*Model, error) {
	tensors, err := parseTensors(onnx)
	if err != nil {
		return nil, fmt.Errorf("silero: %w", err)
	}
	get := func(name string, size int) []float32 {
		t := tensors["model."+name]
		if len(t) != size && err == nil {
			err = fmt.Errorf("silero: the model has %d values of %s, want %d: is this silero_vad_16k_op15.onnx of silero-vad 6.2?", len(t), name, size)
		}
		return t
	}
	basis := get("stft.forward_basis_buffer", 2*bands*windowSamples)
	m := &Model{layers: [4]convolution{
		{inputs: bands, outputs: 128, stride: 1},
		{inputs: 128, outputs: 64, stride: 2},
		{inputs: 64, outputs: 64, stride: 2},
		{inputs: 64, outputs: hiddenSize, stride: 1},
	}}
	for i := range m.layers {
		l := &m.layers[i]
		l.weights = get(fmt.Sprintf("encoder.%d.reparam_conv.weight", i), l.outputs*l.inputs*kernelSize)
		l.bias = get(fmt.Sprintf("encoder.%d.reparam_conv.bias", i), l.outputs)
	}
	m.inputWeights = get("decoder.rnn.weight_ih", gates*hiddenSize*hiddenSize)
	m.stateWeights = get("decoder.rnn.weight_hh", gates*hiddenSize*hiddenSize)
	inputBias, stateBias := get("decoder.rnn.bias_ih", gates*hiddenSize), get("decoder.rnn.bias_hh", gates*hiddenSize)
	m.outputWeights = get("decoder.decoder.2.weight", hiddenSize)
	outputBias := get("decoder.decoder.2.bias", 1)
	if err != nil {
		return nil, err
	}
	m.cosines, m.sines = basis[:bands*windowSamples], basis[bands*windowSamples:]
	m.gateBias = make([]float32, len(inputBias))
	for i := range m.gateBias {
		m.gateBias[i] = inputBias[i] + stateBias[i]
	}
	m.outputBias = outputBias[0]
	return m, nil
}

// Detector follows the sound of one microphone. It remembers what it heard, so
// that each source needs its own. It is not safe for concurrent use.
type Detector struct {
	model        *Model
	samples      [contextSamples + FrameSamples + mirrorSamples]float32
	hidden, cell [hiddenSize]float32

	// Scratch space: activations as [time][channel], and what each output of a
	// convolution sees.
	before, after [spectra * bands]float32
	receptive     [spectra * bands * kernelSize]float32
}

// NewDetector returns a detector that has heard nothing.
func NewDetector(m *Model) *Detector { return &Detector{model: m} }

// Reset forgets what was heard, as for another source.
func (d *Detector) Reset() { *d = Detector{model: d.model} }

// SpeechProbability takes the next [FrameSamples] samples, of -1 to 1, and returns
// the probability from 0 to 1 that somebody speaks in them. Other lengths panic.
func (d *Detector) SpeechProbability(frame []float32) float32 {
	if len(frame) != FrameSamples {
		panic(fmt.Sprintf("silero: a frame of %d samples, want %d", len(frame), FrameSamples))
	}
	const end = contextSamples + FrameSamples
	copy(d.samples[:contextSamples], d.samples[FrameSamples:end])
	copy(d.samples[contextSamples:end], frame)
	for i := range mirrorSamples {
		d.samples[end+i] = d.samples[end-2-i]
	}
	d.magnitudes()
	in, out, steps := d.before[:], d.after[:], spectra
	for i := range d.model.layers {
		steps = d.convolve(&d.model.layers[i], out, in, steps)
		in, out = out, in
	}
	d.advance(in[:hiddenSize])
	sum := d.model.outputBias
	for i, h := range d.hidden {
		sum += d.model.outputWeights[i] * max(h, 0)
	}
	return float32(sigmoid(float64(sum)))
}

// magnitudes puts the four spectra of the samples into d.before.
func (d *Detector) magnitudes() {
	x := d.samples[:]
	for band := range bands {
		row := band * windowSamples
		re := dot4(d.model.cosines[row:][:windowSamples], x, x[hopSamples:], x[2*hopSamples:], x[3*hopSamples:])
		im := dot4(d.model.sines[row:][:windowSamples], x, x[hopSamples:], x[2*hopSamples:], x[3*hopSamples:])
		for t := range spectra {
			d.before[t*bands+band] = float32(math.Sqrt(float64(re[t]*re[t] + im[t]*im[t])))
		}
	}
}

// convolve runs one layer over steps in time and returns how many come out. What
// lies before the first and after the last step is zero.
func (d *Detector) convolve(l *convolution, out, in []float32, steps int) int {
	n, width := (steps-1)/l.stride+1, l.inputs*kernelSize
	for t := range n {
		seen := d.receptive[t*width:][:width]
		for k := range kernelSize {
			at := t*l.stride + k - kernelSize/2
			for i := range l.inputs {
				seen[i*kernelSize+k] = 0
				if at >= 0 && at < steps {
					seen[i*kernelSize+k] = in[at*l.inputs+i]
				}
			}
		}
	}
	for o := range l.outputs {
		weights := l.weights[o*width:][:width]
		if n == spectra { // four results for one pass over the weights
			for t, sum := range dot4(weights, d.receptive[:], d.receptive[width:], d.receptive[2*width:], d.receptive[3*width:]) {
				out[t*l.outputs+o] = max(sum+l.bias[o], 0)
			}
			continue
		}
		for t := range n {
			out[t*l.outputs+o] = max(dot(weights, d.receptive[t*width:])+l.bias[o], 0)
		}
	}
	return n
}

// advance takes one step of the LSTM (long short-term memory).
func (d *Detector) advance(input []float32) {
	m := d.model
	var next [hiddenSize]float32
	for unit := range hiddenSize {
		var gate [gates]float64
		for g := range gates {
			row := g*hiddenSize + unit
			sum := dot(m.inputWeights[row*hiddenSize:][:hiddenSize], input) + dot(m.stateWeights[row*hiddenSize:][:hiddenSize], d.hidden[:])
			gate[g] = float64(sum + m.gateBias[row])
		}
		cell := sigmoid(gate[1])*float64(d.cell[unit]) + sigmoid(gate[0])*math.Tanh(gate[2])
		d.cell[unit] = float32(cell)
		next[unit] = float32(sigmoid(gate[3]) * math.Tanh(cell))
	}
	d.hidden = next
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// dot is the scalar product of a with the beginning of b. Four sums let the
// processor work on four products at a time.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for ; len(a) >= 4 && len(b) >= 4; a, b = a[4:], b[4:] {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
	}
	for i := range a {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

// dot4 is the scalar product of a with the beginnings of four others, which reads
// a once instead of four times.
func dot4(a, w, x, y, z []float32) (sums [4]float32) {
	w, x, y, z = w[:len(a)], x[:len(a)], y[:len(a)], z[:len(a)]
	for i, v := range a {
		sums[0] += v * w[i]
		sums[1] += v * x[i]
		sums[2] += v * y[i]
		sums[3] += v * z[i]
	}
	return sums
}
