package main

import (
	"math"
	"math/rand/v2"

	"github.com/gotars/tars/speech/pcm"
)

// formant is a resonance of the mouth: a filter with two poles.
type formant struct {
	hertz, width float64
	gain         float64
}

// through returns s as it sounds through all formants side by side.
func (s signal) through(all ...formant) signal {
	out := make(signal, len(s))
	for _, f := range all {
		r := math.Exp(-math.Pi * f.width / pcm.Rate)
		a, b := 2*r*math.Cos(2*math.Pi*f.hertz/pcm.Rate), -r*r
		y1, y2 := 0.0, 0.0
		for i, v := range s {
			y := (1-r)*v + a*y1 + b*y2
			y1, y2 = y, y1
			out[i] += f.gain * y
		}
	}
	return out
}

// breath is n samples of white noise.
func breath(n int, dice *rand.Rand) signal {
	s := make(signal, n)
	for i := range s {
		s[i] = dice.NormFloat64()
	}
	return s
}

// glottis is n samples of pulses whose pitch glides.
func glottis(n int, from, to float64, dice *rand.Rand) signal {
	s, phase := make(signal, n), 0.0
	for i := range s {
		phase += (from + (to-from)*float64(i)/float64(n)) * (1 + 0.02*dice.NormFloat64()) / pcm.Rate
		if phase >= 1 {
			phase--
			s[i] = 12
		}
	}
	return s
}

// burst lets s rise within seconds and fall to a third within others, to nothing at its end.
func (s signal) burst(rise, fall float64) signal {
	out := make(signal, len(s))
	for i, v := range s {
		t := float64(i) / pcm.Rate
		out[i] = v * min(1, t/rise) * math.Exp(-max(0, t-rise)/fall)
	}
	return out.faded(0, len(out)/4)
}

// syntheticCough is two or three bursts: air that breaks out, the open mouth, and at the
// end a voice that closes it.
func syntheticCough(dice *rand.Rand) signal {
	size := 0.85 + 0.4*dice.Float64() // of the throat: a child's is short
	mouth := []formant{{650 * size, 180, 1}, {1500 * size, 250, 0.8}, {2700 * size, 400, 0.6}, {4200 * size, 900, 0.4}}
	bursts := 2 + dice.IntN(2)
	out := make(signal, samplesOf(0.45*float64(bursts)+0.4))
	at := 0
	for range bursts {
		loud := 0.6 + 0.4*dice.Float64()
		length := 0.16 + 0.12*dice.Float64()
		air := breath(samplesOf(length), dice).burst(0.004, 0.05+0.04*dice.Float64())
		out.mix(air.through(mouth...).scaled(loud), at)
		pitch := 160 * size * (1 + 0.2*dice.Float64())
		voice := glottis(samplesOf(0.12), pitch, 0.7*pitch, dice).burst(0.03, 0.04)
		out.mix(voice.through(mouth...).scaled(0.35*loud), at+samplesOf(length*0.5))
		at += samplesOf(length + 0.06 + 0.14*dice.Float64())
	}
	return out.faded(0, samplesOf(0.05))
}

// syntheticLaugh is a "ha" that is repeated with falling pitch and force.
func syntheticLaugh(dice *rand.Rand) signal {
	size := 0.9 + 0.35*dice.Float64()
	mouth := []formant{{750 * size, 110, 1}, {1250 * size, 130, 0.7}, {2600 * size, 220, 0.3}, {3600 * size, 350, 0.15}}
	count, every := 4+dice.IntN(5), 0.17+0.07*dice.Float64()
	pitch := 150 + 170*dice.Float64()
	out := make(signal, samplesOf(every*float64(count)*1.25+0.4))
	at, loud := 0, 1.0
	for range count {
		air := breath(samplesOf(0.07), dice).burst(0.02, 0.04)
		out.mix(air.through(mouth...).scaled(0.35*loud), at)
		voice := glottis(samplesOf(every*0.6), 1.08*pitch, 0.9*pitch, dice).burst(0.015, every*0.4)
		out.mix(voice.through(mouth...).scaled(loud), at+samplesOf(0.05))
		at += samplesOf(every * (0.92 + 0.16*dice.Float64()))
		pitch *= 0.94 + 0.03*dice.Float64()
		loud *= 0.85 + 0.12*dice.Float64()
	}
	return out.faded(0, samplesOf(0.05))
}

// syntheticHum is a voice through closed lips: "mm-hm", with a breath between, rising.
func syntheticHum(dice *rand.Rand) signal {
	lips := []formant{{260, 60, 1}, {1050, 200, 0.12}, {2200, 300, 0.08}}
	pitch := 95 + 130*dice.Float64()
	first, breathing, second := 0.14+0.1*dice.Float64(), 0.04+0.04*dice.Float64(), 0.2+0.14*dice.Float64()
	out := make(signal, samplesOf(first+breathing+second+0.1))
	hum := func(length, from, to float64) signal {
		return glottis(samplesOf(length), from, to, dice).through(lips...).faded(samplesOf(0.04), samplesOf(0.06))
	}
	out.mix(hum(first, pitch, 0.92*pitch), 0)
	out.mix(breath(samplesOf(breathing+0.04), dice).through(formant{900, 800, 0.01}).faded(samplesOf(0.02), samplesOf(0.03)), samplesOf(first-0.02))
	out.mix(hum(second, 1.02*pitch, (1.1+0.3*dice.Float64())*pitch), samplesOf(first+breathing))
	return out
}

// bodySounds adds what is computed of coughs, laughs and hums.
func (p *planner) bodySounds() {
	const each = 16
	add := func(kind, text, how string, made func(*rand.Rand) signal) {
		p.add(recipe{clip: clip{Kind: kind, Text: text, Speaker: "synthetic", Source: "synthesised: " + how, Licence: licenceHere}, made: made})
	}
	for range each {
		add(coughKind, "", "noise bursts with formants", syntheticCough)
		add(laughKind, "", "a repeated ha of pulses with formants", syntheticLaugh)
		add(nodKind, "Mm-hm.", "pulses through closed lips", syntheticHum)
	}
}

// licenceHere is of what this program computes.
const licenceHere = "Apache-2.0, as this repository"
