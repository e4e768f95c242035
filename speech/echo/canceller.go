// Package echo takes out of what a microphone hears what a loudspeaker plays, when that is
// known and how it gets there is not.
package echo

import (
	"math"
	"slices"
	"time"
)

const (
	// Rate is samples per second, of what is heard and of what is played.
	Rate = 16000
	// Block is how many samples are taken at a time.
	Block = Rate / 50
	// BlockDuration is how long a block lasts.
	BlockDuration = 20 * time.Millisecond
)

const (
	// An echo is found when a share of the power is left, half a second long, and lost
	// when next to nothing was taken away for ten seconds.
	foundShare, foundMemory = 0.7, 0.95
	lostShare, lostMemory   = 0.9, 0.998
	// A way is known when 3 % of the power is left, over the half second before.
	knownShare = 0.03
	// It takes 0.2 s of sound to tell anything.
	minBlocks = 10
	// A filter that makes things worse is found out in a tenth of a second.
	worseMemory = 0.8
	// rivalBlocks is how many blocks of sound a second filter has to show that it knows
	// the way better: 2 s. rivalShare is what is then left of the power of the first one's rest,
	// over a quarter of a second.
	rivalBlocks             = 100
	rivalShare, rivalMemory = 0.7, 0.92
	loudestMemory           = 0.99 // the loudest echo is that of the last two seconds
	minPlayed               = 1e-6 // power of a block that is worth learning from: -60 dB of full scale
)

// Canceller takes the sound of a loudspeaker out of what a microphone hears. It learns
// the way between them while something is played, within a second or two, and lets
// everything else pass. It costs 3 % of a core while something is played, twice that for the
// first two seconds, and is not needed in between. It is not safe for concurrent use.
type Canceller struct {
	blocks  int
	spectra *spectra
	way     *filter
	rival   *filter  // learns the way anew; nil: way is the one that knows it
	tried   int      // blocks of sound that the rival has heard
	aligner *aligner // of way, while a sound begins; nil: it is known, or nothing is
	residue *suppressor
	playing int // blocks for which what was played is still heard
	isFound bool
	isKnown bool

	found, lost, worse, better comparison

	sounds  int     // blocks of sound since Begin
	loudest float64 // power of the echo, of its loudest blocks
	share   float64 // of the power of the echo that is left, at best since Begin
}

// comparison is the power before and after something, over the last time.
type comparison struct{ before, after float64 }

func (c *comparison) add(before, after, memory float64) {
	c.before = memory*c.before + (1-memory)*before
	c.after = memory*c.after + (1-memory)*after
}

// NewCanceller returns a canceller of a way that takes at most as long as longest, with
// its reverberation.
func NewCanceller(longest time.Duration) *Canceller {
	n := int(longest / BlockDuration)
	return &Canceller{blocks: n, spectra: newSpectra(n), way: newFilter(n), residue: newSuppressor()}
}

// Begin says that a new sound begins, which may be played sooner or later than what was known
// of the last one: from then on the way is learnt anew beside what is known of it, until it
// is clear what fits.
func (c *Canceller) Begin() {
	c.rival, c.tried, c.better, c.isKnown = newFilter(c.blocks), 0, comparison{}, false
	c.sounds, c.found, c.share = 0, comparison{}, 1
	if c.aligner = nil; c.isFound {
		c.aligner = &aligner{}
	}
}

// Cancel returns a block of what is heard without the echo of what is played, and of what
// was. Samples are between -1 and 1. As long as no echo is found the block is returned as
// it is, and from then on one block late. Without learns nothing is learnt of it: for times at
// which played is not exactly what is played.
func (c *Canceller) Cancel(heard, played []float64, learns bool) []float64 {
	past := c.spectra.add(played)
	rest := c.way.process(heard, past, learns && c.aligner == nil)
	if c.aligner != nil && c.aligner.add(heard, rest) {
		if samples, alike := c.aligner.shift(); alike >= minAlike {
			c.way.shift(samples)
			c.better = comparison{}
		}
		c.aligner = nil
	}
	if isSound := power(played) > minPlayed; isSound {
		c.playing = c.blocks
	} else if c.playing > 0 {
		c.playing--
	}
	if c.rival != nil {
		rest = c.compete(rest, c.rival.process(heard, past, learns))
	}
	return c.choose(heard, rest)
}

// compete returns what the better of both filters leaves, and decides between them.
func (c *Canceller) compete(rest, rivals []float64) []float64 {
	if c.playing == c.blocks {
		c.tried++
		c.better.add(power(rest), power(rivals), rivalMemory)
	}
	switch {
	case c.tried >= minBlocks && c.better.after < rivalShare*c.better.before:
		c.way, c.rival, c.aligner = c.rival, nil, nil
		return rivals
	case c.tried >= rivalBlocks:
		c.rival = nil
	}
	return rest
}

// choose returns what is heard, or what is left of it where there is an echo.
func (c *Canceller) choose(heard, rest []float64) []float64 {
	before, after := power(heard), power(rest)
	if c.playing == c.blocks {
		c.sounds++
		c.found.add(before, after, foundMemory)
		c.lost.add(before, after, lostMemory)
	}
	c.loudest = max(loudestMemory*c.loudest, power(difference(heard, rest)))
	if c.worse.add(before, after, worseMemory); c.worse.after > c.worse.before {
		rest = heard
	}
	quiet := c.residue.suppress(rest, c.leftover())
	switch {
	case c.sounds < minBlocks:
	case !c.isFound && c.found.after < foundShare*c.found.before:
		c.isFound, c.lost = true, c.found
	case c.isFound && c.lost.after > lostShare*c.lost.before:
		c.isFound, c.isKnown = false, false
	}
	if c.isFound && c.sounds >= minBlocks {
		c.share = min(c.share, c.found.after/max(c.found.before, minPower))
		c.isKnown = c.isKnown || c.share < knownShare
	}
	if !c.isFound {
		return slices.Clone(heard)
	}
	return quiet
}

// leftover is the power of the echo that may be left, by bin. As long as it is not clear which
// filter fits, it is that of the one that knows less.
func (c *Canceller) leftover() []float64 {
	if c.rival != nil && !c.isKnown {
		return c.rival.leftover
	}
	return c.way.leftover
}

// Residue is the amplitude of the loudest echo that may be left in what is heard: RMS, 1 is
// full scale. It is 0 where the microphone does not hear what is played.
func (c *Canceller) Residue() float64 {
	if !c.isFound {
		return 0
	}
	return math.Sqrt(c.loudest * c.share)
}

// IsKnown reports whether the microphone hears what is played, and hardly anything of it is
// left: what is heard is somebody else's, as long as this sound lasts.
func (c *Canceller) IsKnown() bool { return c.isKnown }

// IsBusy reports whether something that was played may still be heard.
func (c *Canceller) IsBusy() bool { return c.playing > 0 }

func difference(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range out {
		out[i] = a[i] - b[i]
	}
	return out
}

func power(samples []float64) (sum float64) {
	for _, v := range samples {
		sum += v * v
	}
	return sum / float64(len(samples))
}
