package pcm

import (
	"encoding/binary"
	"math"
)

// Resampler brings samples of any rate to [Rate], with a low-pass filter below half of
// the lower rate so that nothing above folds down into the voice. It is a polyphase
// filter of a sinc in a Blackman window. It hears one stream from its beginning, and is
// not safe for concurrent use.
type Resampler struct {
	up, down int         // up/down is the ratio of the rates, in lowest terms
	filters  [][]float64 // one for each phase between two samples
	heard    []float64   // samples that are still needed
	at       int         // of the next sample to make, in parts of 1/up after heard[0]
}

const (
	zeroCrossings = 32   // of the sinc on each side: 60 dB less from 10 % above the cut-off on
	maxPhases     = 1024 // rates without a common divisor would want one phase a sample
	passShare     = 0.9  // of half of the lower rate
)

// NewResampler returns a resampler of a stream with rate samples per second.
func NewResampler(rate int) *Resampler {
	divisor := rate
	for a := Rate; a != 0; {
		divisor, a = a, divisor%a
	}
	r := &Resampler{up: Rate / divisor, down: rate / divisor}
	cutoff := passShare * min(1, float64(Rate)/float64(rate)) // of half of the rate
	half := int(math.Ceil(zeroCrossings / cutoff))
	phases := min(r.up, maxPhases)
	for p := range phases {
		shift := float64(p) / float64(phases)
		filter, sum := make([]float64, 2*half), 0.0
		for i := range filter {
			x := float64(i-half+1) - shift
			filter[i] = sinc(cutoff*x) * blackman(x/float64(half))
			sum += filter[i]
		}
		for i := range filter { // a constant stays what it is
			filter[i] /= sum
		}
		r.filters = append(r.filters, filter)
	}
	r.heard = make([]float64, half-1) // silence before the first sample
	return r
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

func blackman(x float64) float64 {
	if math.Abs(x) > 1 {
		return 0
	}
	return 0.42 + 0.5*math.Cos(math.Pi*x) + 0.08*math.Cos(2*math.Pi*x)
}

// Resample takes the next samples, signed 16-bit little-endian ones of one channel, and
// returns what can be made of them.
func (r *Resampler) Resample(samples []byte) Audio {
	for ; len(samples) >= 2; samples = samples[2:] {
		r.heard = append(r.heard, float64(int16(binary.LittleEndian.Uint16(samples))))
	}
	var out Audio
	for taps := len(r.filters[0]); r.at/r.up+taps <= len(r.heard); r.at += r.down {
		filter := r.filters[r.at%r.up*len(r.filters)/r.up]
		sum := 0.0
		for i, x := range r.heard[r.at/r.up:][:taps] {
			sum += filter[i] * x
		}
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(math.Round(max(-32768, min(32767, sum))))))
	}
	done := min(r.at/r.up, len(r.heard))
	r.heard = append(r.heard[:0], r.heard[done:]...)
	r.at -= done * r.up
	return out
}

// Mono mixes interleaved samples of several channels to one.
func Mono(samples []byte, channels int) []byte {
	if channels < 2 {
		return samples
	}
	out := make([]byte, 0, len(samples)/channels)
	for ; len(samples) >= 2*channels; samples = samples[2*channels:] {
		sum := 0
		for c := range channels {
			sum += int(int16(binary.LittleEndian.Uint16(samples[2*c:])))
		}
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(sum/channels)))
	}
	return out
}
