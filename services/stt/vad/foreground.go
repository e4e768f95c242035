package vad

import (
	"math"
	"slices"
	"time"
)

const (
	// A voice is behind that of the person who speaks when nothing of the last half second
	// comes near hers. She is softer than that between words, but rarely for so long. What
	// begins right behind her last word has to come nearer to count as hers: its loudest
	// syllable decides (docs/decisions/038-the-louder-voice-speaks.md has the figures).
	behindShare  = 0.45 // of her level, 7 dB, while she speaks
	behindFrames = int(500 * time.Millisecond / FrameDuration)
	startShare   = 0.6 // 4.4 dB, for what begins behind her

	// Where softer voices were heard before her, and the noise of the room reaches this share of
	// her level, 24 dB, the noise is made of people who talk. What counts of the last half second
	// is then not its loudest frame, which a single syllable of theirs is, and her level is that
	// of no more than 0.3 s, as they may have been taken for her.
	loudRoom      = 0.06
	loudShare     = 0.5 // 6 dB
	loudPeak      = 5   // fifth loudest frame
	maxLoudFrames = 15
	softerShare   = 0.7 // 3 dB: a voice that stays below this share of her level is a softer one

	// What she says begins and ends with what comes near her level, and with these lengths
	// before and behind, as words begin and end softly. Among others it has to come nearer.
	wordShare     = 0.25 // 12 dB
	loudWordShare = 0.35 // 9 dB
	wordBegin     = int(200 * time.Millisecond / FrameDuration)
	wordEnd       = int(300 * time.Millisecond / FrameDuration)

	loudFrames    = 0.1 // the level of a person is the one that this share of the frames of her voice reaches
	minForeground = 15  // frames of voice that tell it: 0.3 s
	maxDecibels   = 96  // above the least that 16 bits can say

	// After her last word she is remembered until nobody was heard for half a second; where
	// others were heard behind her, who pause too, for two.
	silentAlone  = 500 * time.Millisecond
	silentAmong  = 2 * time.Second
	minOthers    = 15               // frames of others that tell that there are some: 0.3 s
	behindAtMost = 30 * time.Second // in any case: it may be somebody who sits further away
)

// foreground tells the voice of the person who speaks from those behind her, of a
// television or of people at another table, which detectors take for speech as well. The
// person is the one who is louder. The zero value knows of nobody.
type foreground struct {
	decibels [maxDecibels + 1]int // of the frames of her voice, how many have each level
	before   [maxDecibels + 1]int // of them, how many came before loudest reached each level
	loudest  float64              // level that the fifth loudest frame of any half second has reached
	voiced   int                  // frames of her voice

	recent [behindFrames]float64 // levels of the last frames, a ring
	next   int                   // of recent
	silent int                   // frames in a row without any voice, up to the last one
	others int                   // frames of voices behind her
	after  int                   // frames since what she said was over
}

// follow takes a frame of what a person says in a room of some noise, and reports whether her
// voice is in it. Where somebody else may be the loudest, nothing is learnt of her level.
func (f *foreground) follow(level float64, voice bool, noise float64, learns bool) bool {
	if f.after = 0; !f.isNear(level, voice, noise, behindShare) {
		return false
	}
	if !learns {
		return true
	}
	f.decibels[decibelsOf(level)]++
	f.voiced++
	f.loudest = max(f.loudest, f.lately(loudPeak))
	for db := decibelsOf(f.loudest) + 1; db <= maxDecibels; db++ {
		f.before[db]++
	}
	return true
}

// await takes a frame in which nobody is listened to, and reports whether there is a voice
// in it that was not behind the person who spoke last.
func (f *foreground) await(level float64, voice bool, noise float64) bool {
	near := f.isNear(level, voice, noise, startShare)
	silence := silentAlone
	if f.others >= minOthers || f.isAmongOthers(noise) {
		silence = silentAmong
	}
	if f.after++; f.silent >= framesOf(silence) || f.after >= framesOf(behindAtMost) {
		*f = foreground{}
	}
	return near
}

// isNear reports whether there is a voice in a frame, and not behind the one that is known:
// the last half second reaches a share of its level.
func (f *foreground) isNear(level float64, voice bool, noise, share float64) bool {
	f.recent[f.next] = level
	f.next = (f.next + 1) % behindFrames
	if f.silent++; voice {
		f.silent = 0
	}
	if !voice || f.voiced < minForeground {
		return voice
	}
	peak, hers := 1, f.level()
	if f.isAmongOthers(noise) {
		peak, hers, share = loudPeak, f.loudLevel(), max(loudShare, share)
	}
	near := f.lately(peak) >= share*hers
	if !near {
		f.others++
	}
	return near
}

// isAmongOthers reports whether others talk, loudly enough to be a part of the noise of the
// room.
func (f *foreground) isAmongOthers(noise float64) bool {
	return f.cameAfterOthers() && noise >= loudRoom*f.level()
}

// cameAfterOthers reports whether softer voices were heard before hers.
func (f *foreground) cameAfterOthers() bool {
	return f.voiced >= minForeground && f.before[decibelsOf(softerShare*f.level())] >= minOthers
}

// level is the level of the person.
func (f *foreground) level() float64 { return f.levelOf(loudFrames * float64(f.voiced)) }

// loudLevel is the level of the person among others.
func (f *foreground) loudLevel() float64 {
	return f.levelOf(min(maxLoudFrames, loudFrames*float64(f.voiced)))
}

// wordsIn returns from which frame on and up to which one the person speaks, of frames with
// these levels. Where nobody softer was heard before her, those are all frames.
func (f *foreground) wordsIn(levels []float64, noise float64) (from, to int) {
	if !f.cameAfterOthers() {
		return 0, len(levels)
	}
	share := wordShare
	if f.isAmongOthers(noise) {
		share = loudWordShare
	}
	least, near := share*f.loudLevel(), 0 // near: frames of the last half second that reach the least
	to = -1
	for i, level := range levels {
		if i >= behindFrames && levels[i-behindFrames] >= least {
			near--
		}
		if level < least {
			continue
		}
		if near++; near < loudPeak {
			continue
		}
		if to < 0 {
			half := levels[max(0, i+1-behindFrames):i]
			from = i - len(half) + slices.IndexFunc(half, func(l float64) bool { return l >= least })
		}
		to = i + 1
	}
	if to < 0 {
		return 0, len(levels)
	}
	return max(0, from-wordBegin), min(len(levels), to+wordEnd)
}

// lately is the level that so many frames of the last half second reach.
func (f *foreground) lately(frames int) float64 {
	levels := f.recent
	slices.Sort(levels[:])
	return levels[len(levels)-frames]
}

// levelOf is the level that so many frames of the person's voice reach, in units of a 16-bit
// sample.
func (f *foreground) levelOf(frames float64) float64 {
	louder := 0
	for db, n := range slices.Backward(f.decibels[:]) {
		if louder += n; float64(louder) >= frames {
			return math.Pow(10, float64(db)/20)
		}
	}
	return 0
}

// decibelsOf is a level in decibels above the least that 16 bits can say.
func decibelsOf(level float64) int { return min(maxDecibels, int(20*math.Log10(max(1, level)))) }
