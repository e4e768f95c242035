package pcm

import (
	"encoding/binary"
	"math"
	"slices"
)

// RaiseQuiet returns speech that is quieter than usual at a usual level, and other
// speech as it is. The level is that of the louder half of its stretches of 20 ms, so
// that pauses do not count. Nothing is clipped, and noise is not raised without bound.
func RaiseQuiet(a Audio) Audio {
	const (
		quiet   = 1000 // RMS below which speech is raised
		usual   = 2000 // RMS that it gets
		maxGain = 30   // 30 dB: what is quieter is hardly speech
		stretch = BytesPerSecond / 50
	)
	var levels []float64
	peak := 1.0
	for rest := a; len(rest) >= stretch; rest = rest[stretch:] {
		sum := 0.0
		for i := 0; i < stretch; i += 2 {
			v := float64(int16(binary.LittleEndian.Uint16(rest[i:])))
			sum, peak = sum+v*v, max(peak, math.Abs(v))
		}
		levels = append(levels, math.Sqrt(sum/(stretch/2)))
	}
	slices.Sort(levels)
	sum, louder := 0.0, levels[len(levels)/2:]
	for _, l := range louder {
		sum += l * l
	}
	level := math.Sqrt(sum / float64(max(1, len(louder))))
	if level == 0 || level >= quiet {
		return a
	}
	gain := min(usual/level, maxGain, 32767/peak)
	if gain <= 1 {
		return a
	}
	return Scale(a, gain)
}
