package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/room"
)

// Condition is what a room does to the sound of a person.
type Condition struct {
	Name   string
	Bed    string        // kind of the background: music or noise
	SNR    float64       // of the voice to the background, dB
	Reverb time.Duration // until the room is 60 dB quieter
	Gain   float64       // dB
	Dull   float64       // Hz above which little arrives; 0: all does
}

// Conditions are those in which hearing is measured. Far is 3 m away in a living room.
var Conditions = []Condition{
	{Name: "clean"},
	{Name: "noise 10 dB", Bed: KindNoise, SNR: 10},
	{Name: "noise 5 dB", Bed: KindNoise, SNR: 5},
	{Name: "music 15 dB below", Bed: KindMusic, SNR: 15},
	{Name: "reverb", Reverb: 500 * time.Millisecond},
	{Name: "quiet, -30 dB", Gain: -30},
	{Name: "far", Reverb: 600 * time.Millisecond, Gain: -20, Dull: 4000, Bed: KindNoise, SNR: 20},
}

// ConditionsNamed are those of [Conditions] that have these names; all when there are none.
func ConditionsNamed(names []string) (in []Condition, err error) {
	if len(names) == 0 {
		return Conditions, nil
	}
	for _, name := range names {
		i := slices.IndexFunc(Conditions, func(c Condition) bool { return c.Name == name })
		if i < 0 {
			var all []string
			for _, c := range Conditions {
				all = append(all, c.Name)
			}
			return nil, fmt.Errorf("no condition %q, there are %s", name, strings.Join(all, ", "))
		}
		in = append(in, Conditions[i])
	}
	return in, nil
}

// apply returns speech as it arrives, with a second of background before it and after
// enough for any end of a turn. bed is the background.
func (c Condition) apply(speech, bed []float32, seed uint64) []float32 {
	out := speech
	if c.Reverb > 0 {
		out = room.Convolve(append(out, make([]float32, int(c.Reverb.Seconds()*room.Rate))...), room.Reverberation(c.Reverb, seed), 0)
		scale(out, powerOf(speech)/powerOf(out))
	}
	if c.Dull > 0 {
		last, near := float32(0), float32(1-math.Exp(-2*math.Pi*c.Dull/room.Rate))
		for i, v := range out {
			last += (v - last) * near
			out[i] = last
		}
	}
	out = append(make([]float32, room.Rate), out...)
	out = append(out, make([]float32, afterSpeech)...)
	if len(bed) > len(out) {
		from := rand.New(rand.NewPCG(seed, 2)).IntN(len(bed) - len(out))
		behind := append([]float32(nil), bed[from:from+len(out)]...)
		scale(behind, powerOf(speech)/powerOf(behind)*math.Pow(10, -c.SNR/20))
		for i := range out {
			out[i] += behind[i]
		}
	} else {
		tone := roomTone(seed)
		for i := range out {
			out[i] += tone()
		}
	}
	scale(out, math.Pow(10, c.Gain/20))
	return out
}

// afterSpeech is how many samples of the room follow the speech: more than the longest
// wait for its end.
const afterSpeech = 3 * room.Rate

// roomTone returns the samples of the noise of a quiet room, -66 dB, the same for a seed.
func roomTone(seed uint64) func() float32 {
	random := rand.New(rand.NewPCG(seed, 5))
	return func() float32 { return float32(random.NormFloat64() * 0.0005) }
}

func scale(samples []float32, by float64) {
	for i := range samples {
		samples[i] *= float32(by)
	}
}

// powerOf is the RMS of the louder half of stretches of 20 ms, so that pauses do not
// count.
func powerOf(samples []float32) float64 {
	levels := levelsOf(samples)
	sum := 0.0
	for _, l := range levels[len(levels)/2:] {
		sum += l * l
	}
	return max(1e-6, math.Sqrt(sum/float64(max(1, len(levels)-len(levels)/2))))
}

// levelsOf are the RMS values of stretches of 20 ms, the quietest first.
func levelsOf(samples []float32) (levels []float64) {
	const stretch = room.Rate / 50
	for ; len(samples) >= stretch; samples = samples[stretch:] {
		sum := 0.0
		for _, v := range samples[:stretch] {
			sum += float64(v) * float64(v)
		}
		levels = append(levels, math.Sqrt(sum/stretch))
	}
	slices.Sort(levels)
	return levels
}
