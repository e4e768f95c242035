package sound

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"

	"github.com/gotars/tars/speech/pcm"
)

// Wave is d of a wave, given by its value at each second. What is too loud is
// clipped.
func Wave(d time.Duration, wave func(t float64) float64) (a pcm.Audio) {
	for i := range int(d.Seconds() * pcm.Rate) {
		v := wave(float64(i) / pcm.Rate)
		a = binary.LittleEndian.AppendUint16(a, uint16(int16(max(-32768, min(32767, v)))))
	}
	return a
}

// Mix adds background to a, as far as it goes. What is too loud is clipped.
func Mix(a, background pcm.Audio) pcm.Audio {
	out := append(pcm.Audio(nil), a...)
	for i := 0; i+1 < min(len(a), len(background)); i += 2 {
		v := int(sample(a, i)) + int(sample(background, i))
		binary.LittleEndian.PutUint16(out[i:], uint16(int16(max(-32768, min(32767, v)))))
	}
	return out
}

// RMS is the root mean square of a, in units of a 16-bit sample.
func RMS(a pcm.Audio) float64 {
	sum := 0.0
	for i := 0; i+1 < len(a); i += 2 {
		v := float64(sample(a, i))
		sum += v * v
	}
	return math.Sqrt(sum / max(1, float64(len(a)/2)))
}

func sample(a pcm.Audio, i int) int16 { return int16(binary.LittleEndian.Uint16(a[i:])) }

// Music is a band that plays without a singer: a bass, chords, a melody and a
// snare drum, of an RMS. Two calls play the same.
func Music(d time.Duration, rms float64) pcm.Audio {
	const beat = 0.5 // seconds
	chords := [][]float64{{220, 277.2, 329.6}, {174.6, 220, 261.6}, {261.6, 329.6, 392}, {196, 246.9, 293.7}}
	melody := []float64{440, 523.3, 659.3, 587.3, 493.9, 440, 392, 329.6, 349.2, 440, 523.3, 493.9}
	dice := rand.New(rand.NewPCG(7, 8))
	string_ := func(hertz, t, since float64) (v float64) { // plucked, with overtones that fade faster
		for k := 1.0; k <= 6; k++ {
			v += math.Sin(2*math.Pi*hertz*k*t) / k * math.Exp(-since*(1.5+k))
		}
		return v
	}
	a := Wave(d, func(t float64) float64 {
		n := int(t / beat)
		since := t - float64(n)*beat
		chord := chords[n/4%len(chords)]
		v := 0.8 * string_(chord[0]/2, t, since)
		for _, hertz := range chord {
			v += 0.4 * string_(hertz, t, since)
		}
		v += 0.7 * string_(melody[n%len(melody)], t, since)
		if n%2 == 1 {
			v += 0.8 * dice.NormFloat64() * math.Exp(-since*25)
		}
		return 1000 * v
	})
	return pcm.Scale(a, rms/RMS(a))
}

// Keyboard is somebody who types, of an RMS: clicks of some milliseconds, some
// hundred a minute.
func Keyboard(d time.Duration, rms float64) pcm.Audio {
	dice := rand.New(rand.NewPCG(9, 10))
	next, since, loud := 0.0, 1.0, 1.0
	a := Wave(d, func(t float64) float64 {
		if t >= next {
			next, since, loud = t+0.08+0.2*dice.Float64(), 0, 0.5+dice.Float64()
		}
		since += 1.0 / pcm.Rate
		return 3000 * loud * dice.NormFloat64() * math.Exp(-since*250)
	})
	return pcm.Scale(a, min(rms/RMS(a), 8))
}
