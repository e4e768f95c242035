package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"

	"github.com/gotars/tars/speech/pcm"
)

const (
	noiseLength    = 165.0 // seconds: four noises are 11 minutes
	keyboardLength = 310.0 // twice
	bedLevel       = -26.0 // dBFS
)

// bed is minutes of a sound without speech.
type bed struct {
	clip
	make func(dice *rand.Rand, spoken []signal) (signal, error)
}

// beds are all that can be made. Fetched is where music may lie.
func beds(fetched string) (all []bed, missing []string) {
	add := func(kind, name, source, licence string, make func(*rand.Rand, []signal) (signal, error)) {
		all = append(all, bed{clip{
			File: folderOf(kind) + "/" + name + ".wav", Kind: kind, Speaker: name, Source: source, Licence: licence, Pauses: []pause{},
		}, make})
	}
	pieces, _ := filepath.Glob(filepath.Join(fetched, "music", "*.g722")) // the pattern is right
	for _, path := range pieces {
		name := strings.TrimSuffix(filepath.Base(path), ".g722")
		add(musicKind, name, "Debian asterisk-moh-opsound-g722", "CC BY-SA 3.0, "+name, func(*rand.Rand, []signal) (signal, error) {
			return recording{path: path}.read()
		})
	}
	if len(pieces) == 0 {
		missing = append(missing, "no music in "+fetched+": test/corpus/fetch.sh fetches it")
	}
	for _, n := range []struct {
		name string
		make func(*rand.Rand) signal
	}{{"pink", pinkNoise}, {"brown", brownNoise}, {"fan", fanNoise}} {
		add(noiseKind, n.name, "computed", licenceHere, func(dice *rand.Rand, _ []signal) (signal, error) { return n.make(dice), nil })
	}
	add(noiseKind, "babble", "computed: eight of the utterances of this corpus at any time", "that of the utterances", func(dice *rand.Rand, spoken []signal) (signal, error) {
		return babble(spoken, dice), nil
	})
	for i := range 2 {
		add(keyboardKind, fmt.Sprintf("typing-%d", i+1), "computed", licenceHere, func(dice *rand.Rand, _ []signal) (signal, error) {
			return typing(dice), nil
		})
	}
	return all, missing
}

// levelled returns s at the level of a bed, without clipping.
func (s signal) levelled() signal {
	return s.scaled(min(decibels(bedLevel)/max(s.rms(), 1e-9), mostPeak/max(s.peak(), 1e-9)))
}

// pinkNoise falls by 3 dB an octave: the filter of Paul Kellet.
func pinkNoise(dice *rand.Rand) signal {
	s := make(signal, samplesOf(noiseLength))
	var b [7]float64
	for i := range s {
		w := dice.NormFloat64()
		b[0] = 0.99886*b[0] + w*0.0555179
		b[1] = 0.99332*b[1] + w*0.0750759
		b[2] = 0.96900*b[2] + w*0.1538520
		b[3] = 0.86650*b[3] + w*0.3104856
		b[4] = 0.55000*b[4] + w*0.5329522
		b[5] = -0.7616*b[5] - w*0.0168980
		s[i] = b[0] + b[1] + b[2] + b[3] + b[4] + b[5] + b[6] + w*0.5362
		b[6] = w * 0.115926
	}
	return s
}

// brownNoise falls by 6 dB an octave, down to 30 Hz.
func brownNoise(dice *rand.Rand) signal {
	s, v := make(signal, samplesOf(noiseLength)), 0.0
	for i := range s {
		v = v*math.Exp(-2*math.Pi*30/pcm.Rate) + dice.NormFloat64()
		s[i] = v
	}
	return s
}

// fanNoise is air and the hum of a motor and its blades, a little unsteady.
func fanNoise(dice *rand.Rand) signal {
	s := breath(samplesOf(noiseLength), dice).through(formant{180, 300, 1}, formant{700, 900, 0.5}, formant{2200, 2500, 0.25})
	s = s.scaled(1 / s.rms())
	phase, wander := 0.0, 0.0
	for i := range s {
		wander = 0.99995*wander + 0.0002*dice.NormFloat64()
		phase += 2 * math.Pi * 118 * (1 + 0.02*wander) / pcm.Rate
		s[i] *= 1 + 0.15*math.Sin(phase/60)
		s[i] += 0.5*math.Sin(phase) + 0.3*math.Sin(2*phase) + 0.12*math.Sin(3*phase+1) + 0.3*math.Sin(2*math.Pi*50*float64(i)/pcm.Rate)
	}
	return s
}

// babble is people who all talk at once, some nearer than others.
func babble(spoken []signal, dice *rand.Rand) signal {
	const talkers = 8
	s := make(signal, samplesOf(noiseLength))
	if len(spoken) == 0 {
		return s
	}
	for range talkers {
		loud := 0.5 + 0.5*dice.Float64()
		for at := samplesOf(-3 * dice.Float64()); at < len(s); {
			a := spoken[dice.IntN(len(spoken))]
			if at >= 0 {
				s.mix(a.scaled(loud/max(a.rms(), 1e-9)), at)
			}
			at += len(a)
		}
	}
	return s
}

// typing is somebody who types words with thoughts between: each key clicks, touches the
// ground and comes up again.
func typing(dice *rand.Rand) signal {
	s := make(signal, samplesOf(keyboardLength))
	keys := [2][]signal{}
	for range 40 {
		keys[0] = append(keys[0], keySound(dice, 1))
		keys[1] = append(keys[1], keySound(dice, 0.6)) // the space bar
	}
	for at := 0.2; at < keyboardLength-0.5; {
		for range 2 + dice.IntN(9) { // letters of a word
			s.mix(keys[0][dice.IntN(40)].scaled(0.5+0.5*dice.Float64()), samplesOf(at))
			at = min(keyboardLength-0.5, at+0.12*math.Exp(0.35*dice.NormFloat64()))
		}
		s.mix(keys[1][dice.IntN(40)], samplesOf(at))
		at = min(keyboardLength-0.5, at+0.16*math.Exp(0.3*dice.NormFloat64()))
		if dice.IntN(6) == 0 {
			at += 0.5 + 2.5*dice.Float64()
		}
	}
	s.mix(roomNoise(len(s), dice), 0)
	return s
}

// keySound is one key, pressed and let go. Small keys sound higher.
func keySound(dice *rand.Rand, size float64) signal {
	s := make(signal, samplesOf(0.22))
	pitch := size * (0.85 + 0.3*dice.Float64())
	plate := []formant{{2600 * pitch, 500, 1}, {4300 * pitch, 900, 0.8}, {1100 * pitch, 300, 0.5}}
	s.mix(breath(samplesOf(0.02), dice).burst(0.0005, 0.003).through(plate...), 0)
	s.mix(breath(samplesOf(0.05), dice).burst(0.001, 0.006).through(formant{240 * pitch, 90, 2.5}, formant{2000 * pitch, 700, 0.5}), samplesOf(0.012+0.008*dice.Float64()))
	s.mix(breath(samplesOf(0.02), dice).burst(0.0005, 0.003).through(plate...).scaled(0.4), samplesOf(0.08+0.06*dice.Float64()))
	return s.faded(0, samplesOf(0.02))
}
