// Package pcm is raw audio: as recognisers hear it, and as voices make it.
package pcm

import (
	"time"

	"github.com/gotars/tars/speech/wav"
)

// Rate is the sample rate of [Audio], in samples per second. Recognisers and wake
// word detectors are trained at this one, so microphones send it.
const Rate = 16000

// BytesPerSecond is how many bytes a second of [Audio] has.
const BytesPerSecond = 2 * Rate

// Audio is signed 16-bit little-endian samples of one channel at [Rate].
type Audio []byte

// Duration is how long a takes to play.
func (a Audio) Duration() time.Duration {
	return time.Duration(len(a)) * time.Second / BytesPerSecond
}

// WAV returns a as a file that every recogniser reads.
func (a Audio) WAV() []byte { return wav.Encode(a, Rate) }
