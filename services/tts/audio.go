package tts

import "time"

// Chunk is audio: signed 16-bit little-endian samples, mono.
type Chunk struct {
	Rate int // samples per second
	PCM  []byte
	Kept bool // it was made for an earlier line
}

// Duration is how long c takes to play.
func (c Chunk) Duration() time.Duration { return audioLength(len(c.PCM), c.Rate) }

func audioLength(bytes, rate int) time.Duration {
	return time.Duration(bytes/2) * time.Second / time.Duration(max(rate, 1))
}

// bytesOf is the length of d in bytes, a whole number of samples.
func bytesOf(d time.Duration, rate int) int { return int(d*time.Duration(rate)/time.Second) * 2 }
