package stt

import "time"

const (
	// maxLateness is how late audio comes on a working network. What is later than that
	// was not recorded in between, such as by a microphone that was off.
	maxLateness = time.Second
	// clockDrift is by how much the clocks of sound cards go wrong, in parts of one.
	clockDrift = 0.001
)

// audioClock tells when a moment of the audio of one source was said. Audio comes late and
// in bursts, and never early: what came soonest after it was said tells when the rest was.
type audioClock struct {
	epoch   time.Time // when the first audio was said, as far as is known
	noted   time.Time // when audio came last
	nextSeq int       // sequence number that the next chunk should have
}

// note notes that the chunk with number seq has come, with which heard of the audio is here.
func (c *audioClock) note(seq int, now time.Time, heard time.Duration) {
	if seq > 0 && seq == c.nextSeq-1 { // a chunk that came already
		return
	}
	epoch := now.Add(-heard)
	late := epoch.Sub(c.epoch)
	lost := seq != c.nextSeq && seq != 0 // a source that does not count says 0 each time
	switch {
	case c.epoch.IsZero() || late < 0 || late > maxLateness || lost:
		c.epoch = epoch
	default:
		c.epoch = c.epoch.Add(min(late, time.Duration(float64(now.Sub(c.noted))*clockDrift)))
	}
	c.noted, c.nextSeq = now, seq+1
}

// at is when the audio was said of which heard came up to it.
func (c *audioClock) at(heard time.Duration) time.Time { return c.epoch.Add(heard) }
