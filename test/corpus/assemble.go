package main

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gotars/tars/speech/pcm"
)

// take is what somebody said, in as many parts as there are pauses to be put between.
type take struct {
	parts []signal
	floor signal // a quiet stretch of the recording; nil: it is as silent as a synthesiser
}

const (
	leastLead, mostLead   = 0.35, 0.7 // seconds before the first voiced sample
	leastTrail, mostTrail = 0.3, 0.5  // and after the last
	keptLead, keptTrail   = 0.05, 0.1 // what is kept of a soft begin and of an echo: no voice begins or ends at once
	quietest, loudest     = -30, -20  // dBFS of the voiced parts
	mostPeak              = 0.89      // -1 dBFS
	floorBelow            = 20        // dB below the voice
)

// errSilent is the answer when a voice gave nothing to hear.
var errSilent = errors.New("nothing is to be heard")

// assemble puts pauses of so many seconds between the parts of t and returns the clip
// with its labels. It is faint noise where nobody speaks, as loud as the dice say, and
// never clipped.
func assemble(t take, pauses []float64, dice *rand.Rand) (signal, clip, error) {
	voiced, least, gain, err := t.measure(dice)
	if err != nil {
		return nil, clip{}, err
	}
	lead := samplesOf(leastLead + (mostLead-leastLead)*dice.Float64())
	trail := samplesOf(leastTrail + (mostTrail-leastTrail)*dice.Float64())
	length := lead + trail
	for i, v := range voiced {
		length += v.to - v.from
		if i > 0 {
			length += samplesOf(pauses[i-1])
		}
	}
	out := roomNoise(length, dice)
	if t.floor != nil {
		out.mix(texture(t.floor.scaled(gain), length, dice), 0)
	}
	at, c := lead, clip{Begin: labelOf(lead), Pauses: []pause{}}
	for i, v := range voiced {
		if i > 0 {
			from := at
			at += samplesOf(pauses[i-1])
			c.Pauses = append(c.Pauses, pause{labelOf(from), labelOf(at)})
		}
		for _, rest := range restsAbove(t.parts[i][v.from:v.to], least) {
			if rest.to-rest.from >= samplesOf(shortestPause) { // at a comma
				c.Pauses = append(c.Pauses, pause{labelOf(at + rest.from), labelOf(at + rest.to)})
			}
		}
		before, after := min(v.from, samplesOf(keptLead)), min(len(t.parts[i])-v.to, samplesOf(keptTrail))
		out.mix(t.parts[i][v.from-before:v.to+after].scaled(gain).faded(before, after), at-before)
		at += v.to - v.from
	}
	c.End = labelOf(at)
	if p := out.peak(); p > 1 {
		out = out.scaled(1 / p)
	}
	return out, c, nil
}

// measure finds what is voiced in each part of t, the level above which it is, and by how
// much t is to be made louder. It drops a floor that is no background but the voice.
func (t *take) measure(dice *rand.Rand) (voiced []span, least, gain float64, err error) {
	whole := slices.Concat(t.parts...)
	least = threshold(whole)
	level := 0.0
	for _, p := range t.parts {
		v := voicedAbove(p, least)
		if v.to == 0 {
			return nil, 0, 0, errSilent
		}
		voiced = append(voiced, v)
		level = max(level, p[v.from:v.to].rms())
	}
	if t.floor.rms() > min(least, level*decibels(-floorBelow)) {
		t.floor = nil
	}
	gain = min(decibels(quietest+(loudest-quietest)*dice.Float64())/level, mostPeak/whole.peak())
	return voiced, least, gain, nil
}

// labelOf is a place in a clip in seconds, to a tenth of a millisecond.
func labelOf(sample int) float64 { return math.Round(float64(sample)/pcm.Rate*1e4) / 1e4 }

const grain = pcm.Rate / 25 // samples: 40 ms

// texture is n samples that sound like floor goes on: short pieces of it from anywhere
// in it, faded into each other, so that no period is to be heard.
func texture(floor signal, n int, dice *rand.Rand) signal {
	out := make(signal, n)
	size := min(grain, len(floor))
	for at := -size / 2; at < n && size > 1; at += size / 2 {
		from := dice.IntN(len(floor) - size + 1)
		for i := range size {
			if at+i >= 0 && at+i < n {
				bell := 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(size))
				out[at+i] += bell * floor[from+i] / math.Sqrt(0.75) // two bells carry 3/4 of the power
			}
		}
	}
	return out
}

// quietStretch is the quietest 90 ms of s, of which the noise of the recording is made.
func quietStretch(s signal) signal {
	const length = 9 * window
	best, lowest := signal(nil), math.Inf(1)
	for at := 0; at+length <= len(s); at += window {
		if level := s[at : at+length].rms(); level < lowest {
			best, lowest = s[at:at+length], level
		}
	}
	return best
}
