package room

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"
)

// Path is the way of the loudspeaker's sound to the microphone: some of it, late, dull,
// with the reverberation of the room, and clipped by a cheap microphone.
type Path struct {
	gain    float32
	lowPass float32 // share of a new sample in the output
	clip    float32
	before  []float32 // impulse response
	history []float32 // the last samples, newest at the end
	last    float32
}

// PathSettings describe a [Path].
type PathSettings struct {
	Gain    float64       // share of the sound that arrives
	Delay   time.Duration // on its way, sound card included
	Reverb  time.Duration // until the room is 60 dB quieter; 0 is a dead room
	LowPass float64       // Hz; 0: none
	Clip    float64       // full scale of the microphone; 0: 1
	Seed    uint64
}

// NewPath returns a path.
func NewPath(s PathSettings) *Path {
	p := &Path{gain: float32(s.Gain), lowPass: 1, clip: 1}
	if s.LowPass > 0 {
		p.lowPass = float32(1 - math.Exp(-2*math.Pi*s.LowPass/Rate))
	}
	if s.Clip > 0 {
		p.clip = float32(s.Clip)
	}
	p.before = append(make([]float32, int(s.Delay.Seconds()*Rate)), Reverberation(s.Reverb, s.Seed)...)
	p.history = make([]float32, len(p.before)-1)
	return p
}

// Reverberation is the impulse response of a room: the sound itself, and reflections that
// are 60 dB quieter after decay. It is sparse, some hundred reflections a second.
func Reverberation(decay time.Duration, seed uint64) []float32 {
	const (
		reflections = 400 // per second
		direct      = 0.5 // of the energy of the reflections together
	)
	response := make([]float32, 1+int(decay.Seconds()*Rate))
	random := rand.New(rand.NewPCG(seed, 1))
	sum := 0.0
	for range int(decay.Seconds() * reflections) {
		at := 1 + random.IntN(len(response)-1)
		v := random.NormFloat64() * math.Pow(10, -3*float64(at)/float64(len(response)))
		response[at] += float32(v)
		sum += v * v
	}
	if sum > 0 {
		for i := range response {
			response[i] *= float32(math.Sqrt(direct / sum))
		}
	}
	response[0] = 1
	return response
}

// Process adds what arrives of played to heard, which is as long.
func (p *Path) Process(played, heard []float32) {
	sound := append(p.history, played...)
	arrived := Convolve(sound, p.before, len(p.before)-1)
	for i, v := range arrived {
		p.last += (v - p.last) * p.lowPass
		heard[i] += max(-p.clip, min(p.clip, p.gain*p.last))
	}
	p.history = append([]float32(nil), sound[len(sound)-len(p.history):]...)
}

// Convolve returns the samples from first on of sound through an impulse response. Zeros
// in the response cost nothing.
func Convolve(sound, response []float32, first int) []float32 {
	out := make([]float32, len(sound)-first)
	for delay, share := range response {
		if share == 0 {
			continue
		}
		for i := max(0, delay-first); i < len(out); i++ {
			out[i] += share * sound[first+i-delay]
		}
	}
	return out
}

// Encode turns samples into signed 16-bit little-endian ones.
func Encode(samples []float32) []byte {
	out := make([]byte, 2*len(samples))
	for i, v := range samples {
		binary.LittleEndian.PutUint16(out[2*i:], uint16(int16(max(-32768, min(32767, math.Round(float64(v)*32768))))))
	}
	return out
}

// Decode turns signed 16-bit little-endian samples into numbers; 1 is full scale.
func Decode(samples []byte) []float32 {
	out := make([]float32, len(samples)/2)
	for i := range out {
		out[i] = float32(int16(binary.LittleEndian.Uint16(samples[2*i:]))) / 32768
	}
	return out
}
