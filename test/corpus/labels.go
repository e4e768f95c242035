package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/gotars/tars/speech/pcm"
)

const (
	window       = pcm.Rate / 100 // samples: 10 ms
	voicedShare  = 0.01           // of the peak: -40 dB
	overFloor    = 3.0            // times the noise of the recording itself: 10 dB
	sustained    = 3              // windows in a row: a click is no voice
	shortestRest = 9              // windows in a row: the closure of a "t" or "k" is shorter
)

// span is a stretch of a signal, in samples.
type span struct{ from, to int }

func (s span) seconds() (from, to float64) {
	return float64(s.from) / pcm.Rate, float64(s.to) / pcm.Rate
}

// threshold is the root mean square of 10 ms above which somebody speaks in s: 1 % of
// its peak, and well above the noise of the recording itself.
func threshold(s signal) float64 {
	levels := levelsOf(s)
	return max(voicedShare*s.peak(), min(overFloor*quantile(levels, 0.05), 0.2*quantile(levels, 0.9)))
}

// levelsOf is the root mean square of each 10 ms of s.
func levelsOf(s signal) []float64 {
	levels := make([]float64, len(s)/window)
	for i := range levels {
		levels[i] = s[i*window : (i+1)*window].rms()
	}
	return levels
}

// voicedWindows tells of each 10 ms whether they are above least, as at least three in a
// row are.
func voicedWindows(s signal, least float64) []bool {
	levels := levelsOf(s)
	voiced := make([]bool, len(levels))
	for from := 0; from < len(levels); {
		to := from
		for to < len(levels) && levels[to] > least {
			to++
		}
		if to-from >= sustained {
			for i := from; i < to; i++ {
				voiced[i] = true
			}
		}
		from = max(to, from+1)
	}
	return voiced
}

// quantile is the value below which a share of all lies.
func quantile(all []float64, share float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(math.Round(share*float64(len(sorted)-1)))]
}

// voicedAbove is from the first voiced sample of s to behind the last, to 10 ms. It is
// empty when nothing is voiced.
func voicedAbove(s signal, least float64) span {
	voiced := voicedWindows(s, least)
	first := slices.Index(voiced, true)
	if first < 0 {
		return span{}
	}
	last := len(voiced) - 1
	for !voiced[last] {
		last--
	}
	return span{first * window, (last + 1) * window}
}

// restsIn are the stretches between the first and last voiced sample of s in which
// nothing is voiced for at least 90 ms.
func restsIn(s signal) []span { return restsAbove(s, threshold(s)) }

func restsAbove(s signal, least float64) (all []span) {
	last := -1
	for i, v := range voicedWindows(s, least) {
		if !v {
			continue
		}
		if last >= 0 && i-last-1 >= shortestRest {
			all = append(all, span{(last + 1) * window, i * window})
		}
		last = i
	}
	return all
}

// cutAt cuts s in the middle of its rests that hold the given seconds.
func cutAt(s signal, places []float64) (parts []signal, err error) {
	rests, from := restsIn(s), 0
	for _, place := range places {
		at := samplesOf(place)
		i := slices.IndexFunc(rests, func(r span) bool { return r.from-window <= at && at <= r.to+window })
		if i < 0 {
			return nil, fmt.Errorf("nobody rests at %.2f s", place)
		}
		middle := (rests[i].from + rests[i].to) / 2
		parts = append(parts, s[from:middle])
		from = middle
	}
	return append(parts, s[from:]), nil
}
