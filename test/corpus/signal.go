package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"os"

	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/speech/wav"
)

// signal is samples of -1 to 1, [pcm.Rate] a second.
type signal []float64

// samplesOf is how many samples play for so many seconds.
func samplesOf(seconds float64) int { return int(math.Round(seconds * pcm.Rate)) }

// seconds is how long s plays.
func (s signal) seconds() float64 { return float64(len(s)) / pcm.Rate }

// peak is the greatest distance of a sample from zero.
func (s signal) peak() (p float64) {
	for _, v := range s {
		p = max(p, math.Abs(v))
	}
	return p
}

// rms is the root mean square of s.
func (s signal) rms() float64 {
	sum := 0.0
	for _, v := range s {
		sum += v * v
	}
	return math.Sqrt(sum / float64(max(1, len(s))))
}

// scaled returns s made louder by a factor.
func (s signal) scaled(gain float64) signal {
	out := make(signal, len(s))
	for i, v := range s {
		out[i] = v * gain
	}
	return out
}

// faded returns s with its first and last samples faded in and out.
func (s signal) faded(in, out int) signal {
	f := append(signal(nil), s...)
	for i := range min(in, len(f)) {
		f[i] *= float64(i) / float64(in)
	}
	for i := range min(out, len(f)) {
		f[len(f)-1-i] *= float64(i) / float64(out)
	}
	return f
}

// mix adds other to s from a sample on, as far as s goes.
func (s signal) mix(other signal, at int) {
	for i := range min(len(other), len(s)-at) {
		s[at+i] += other[i]
	}
}

// file returns s as a WAV file. Nothing in it may be louder than 1.
func (s signal) file() []byte {
	a := make(pcm.Audio, 0, 2*len(s))
	for _, v := range s {
		a = binary.LittleEndian.AppendUint16(a, uint16(int16(math.Round(max(-1, min(1, v))*32767))))
	}
	return a.WAV()
}

// parseWAV reads a file of any usual form. A pitch above 1 makes it higher and
// shorter, as a faster tape does.
func parseWAV(file []byte, pitch float64) (signal, error) {
	r, err := wav.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	samples, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return resample(samples, int(math.Round(float64(r.Rate)*pitch))), nil
}

// readWAV reads the file at path.
func readWAV(path string) (signal, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseWAV(file, 1)
}

// resample brings 16-bit samples at rate to a signal. All of them come out: the filter
// is given silence to look ahead into. Voices are as loud as can be, and the filter rings
// at their peaks: they are made a little quieter first, so that nothing is clipped.
func resample(samples []byte, rate int) signal {
	const headroom = 0.8
	if rate != pcm.Rate {
		samples = pcm.Scale(samples, headroom)
		want := len(samples) / 2 * pcm.Rate / rate
		ahead := make([]byte, 2*rate/10)
		out := pcm.NewResampler(rate).Resample(append(append([]byte(nil), samples...), ahead...))
		samples = out[:min(len(out), 2*want)]
	}
	s := make(signal, len(samples)/2)
	for i := range s {
		s[i] = float64(int16(binary.LittleEndian.Uint16(samples[2*i:]))) / 32768
	}
	return s
}

// repitched plays s as a faster or slower tape would.
func (s signal) repitched(pitch float64) signal {
	return resample(s.file()[44:], int(math.Round(pcm.Rate*pitch)))
}

// decibels is the factor of a level in dB.
func decibels(db float64) float64 { return math.Pow(10, db/20) }

// roomLevel is the root mean square of the noise of a quiet room as a good microphone
// gives it: -65 dBFS.
var roomLevel = decibels(-65)

// roomNoise is n samples of the noise of a quiet room: it falls off to the high notes.
func roomNoise(n int, dice *rand.Rand) signal {
	s, slow := make(signal, n), 0.0
	for i := range s {
		slow += 0.2 * (dice.NormFloat64() - slow)
		s[i] = slow
	}
	return s.scaled(roomLevel / max(s.rms(), 1e-12))
}
