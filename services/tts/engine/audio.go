package engine

import "time"

// Chunk is audio: signed 16-bit little-endian samples, mono.
type Chunk struct {
	Rate int // samples per second
	PCM  []byte
	Kept bool // it was made for an earlier line
}

// Duration is how long c takes to play.
func (c Chunk) Duration() time.Duration {
	return time.Duration(len(c.PCM)/2) * time.Second / time.Duration(max(c.Rate, 1))
}
