package vad

import (
	"math"
	"slices"
	"time"
)

const (
	// A voice is behind that of the person who speaks when nothing of the last half second
	// comes within 8 dB of hers. She is softer than that between words, but not for so long:
	// 1 of 473 clips has a longer stretch. While eight people talk behind, 10 dB softer, 54
	// of 60 sentences end within a second of the last word, and 4 without this
	// (docs/decisions/038-the-louder-voice-speaks.md).
	behindShare  = 0.4
	behindFrames = int(500 * time.Millisecond / FrameDuration)

	loudFrames    = 0.1 // the level of a person is the one that this share of the frames of her voice reaches
	minForeground = 15  // frames of voice that tell it: 0.3 s
	maxDecibels   = 96  // above the least that 16 bits can say

	// behindMost is how long a voice that goes on without a pause stays behind a person who
	// speaks no more. Then it may be that of somebody who sits further away.
	behindMost = 30 * time.Second
)

// foreground tells the voice of the person who speaks from those behind her, of a
// television or of people at another table, which detectors take for speech as well. The
// person is the one who is louder. The zero value knows of nobody.
type foreground struct {
	decibels [maxDecibels + 1]int // of the frames of her voice, how many have each level
	voiced   int                  // frames of her voice

	recent [behindFrames]float64 // levels of the last frames, a ring
	next   int                   // of recent
	silent int                   // frames in a row without any voice, up to the last one
	behind int                   // frames since she spoke last, in which she was not listened to
}

// follow takes a frame of what a person says, and reports whether her voice is in it. Where
// somebody else may be the loudest, nothing is learnt of her level.
func (f *foreground) follow(level float64, voice, learns bool) bool {
	if f.behind = 0; !f.isNear(level, voice) {
		return false
	}
	if !learns {
		return true
	}
	f.decibels[min(maxDecibels, int(20*math.Log10(max(1, level))))]++
	f.voiced++
	return true
}

// await takes a frame in which nobody is listened to, and reports whether there is a voice
// in it that was not behind the person who spoke last.
func (f *foreground) await(level float64, voice bool) bool {
	near := f.isNear(level, voice)
	if f.behind++; f.silent >= behindFrames || f.behind >= framesOf(behindMost) {
		*f = foreground{}
	}
	return near
}

// isNear reports whether there is a voice in a frame, and not behind the one that is known.
func (f *foreground) isNear(level float64, voice bool) bool {
	f.recent[f.next] = level
	f.next = (f.next + 1) % behindFrames
	if f.silent++; voice {
		f.silent = 0
	}
	return voice && (f.voiced < minForeground || slices.Max(f.recent[:]) >= behindShare*f.level())
}

// level is how loud the person is, in units of a 16-bit sample.
func (f *foreground) level() float64 {
	louder := 0
	for db, n := range slices.Backward(f.decibels[:]) {
		if louder += n; float64(louder) >= loudFrames*float64(f.voiced) {
			return math.Pow(10, float64(db)/20)
		}
	}
	return 0
}
