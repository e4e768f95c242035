package pcm

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// RaiseQuiet returns speech that is quieter than usual at a usual level, and other
// speech as it is. The level is that of the louder half of its stretches of 20 ms, so
// that pauses do not count. Nothing is clipped, and noise is not raised without bound.
func RaiseQuiet(a Audio) Audio {
	const (
		quiet   = 1000 // RMS below which speech is raised
		usual   = 2000 // RMS that it gets
		maxGain = 30   // 30 dB: what is quieter is hardly speech
	)
	levels, peak := levelsOf(a)
	level := rms(levels[len(levels)/2:])
	if level == 0 || level >= quiet {
		return a
	}
	gain := min(usual/level, maxGain, 32767/peak)
	if gain <= 1 {
		return a
	}
	return Scale(a, gain)
}

// InRoomTone returns a with what a microphone hears of a silent room before and behind it:
// white noise as loud as the quietest tenth of a. The same audio has the same noise.
func InRoomTone(a Audio, before, behind time.Duration) Audio {
	levels, _ := levelsOf(a)
	quietest := levels[:(len(levels)+9)/10]
	level := rms(quietest)
	dice := rand.New(rand.NewPCG(1, 2))
	tone := func(d time.Duration) (out Audio) {
		for range int(d.Seconds() * Rate) {
			v := max(math.MinInt16, min(math.MaxInt16, level*dice.NormFloat64()))
			out = binary.LittleEndian.AppendUint16(out, uint16(int16(math.Round(v))))
		}
		return out
	}
	return slices.Concat(tone(before), a, tone(behind))
}

// levelsOf returns the RMS of the stretches of 20 ms of a, in ascending order, and the
// highest sample.
func levelsOf(a Audio) (levels []float64, peak float64) {
	const stretch = BytesPerSecond / 50
	peak = 1
	for rest := a; len(rest) >= stretch; rest = rest[stretch:] {
		sum := 0.0
		for i := 0; i < stretch; i += 2 {
			v := float64(int16(binary.LittleEndian.Uint16(rest[i:])))
			sum, peak = sum+v*v, max(peak, math.Abs(v))
		}
		levels = append(levels, math.Sqrt(sum/(stretch/2)))
	}
	slices.Sort(levels)
	return levels, peak
}

// rms is the RMS of stretches of these levels together; 0 of none.
func rms(levels []float64) float64 {
	sum := 0.0
	for _, l := range levels {
		sum += l * l
	}
	return math.Sqrt(sum / float64(max(1, len(levels))))
}
