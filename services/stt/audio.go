package stt

import (
	"time"

	"github.com/gotars/tars/speech/wav"
)

// Rate is the sample rate of everything the recogniser hears, in samples per
// second.
const Rate = 16000

const bytesPerSecond = 2 * Rate

// Audio is speech: signed 16-bit little-endian samples, mono, at Rate.
type Audio []byte

// Duration is how long a takes to play.
func (a Audio) Duration() time.Duration {
	return time.Duration(len(a)) * time.Second / bytesPerSecond
}

// WAV returns a as a file that every recogniser reads.
func (a Audio) WAV() []byte { return wav.Encode(a, Rate) }
