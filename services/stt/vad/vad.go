// Package vad finds speech in audio (voice activity detection), and cuts it into
// utterances.
package vad

import (
	"time"

	"github.com/gotars/tars/speech/pcm"
)

// FrameDuration is the grain of voice detection. 10, 20 and 30 ms are usual.
const FrameDuration = 20 * time.Millisecond

// FrameBytes is the length of a frame of [pcm.Audio].
const FrameBytes = pcm.BytesPerSecond * int(FrameDuration) / int(time.Second)

// Detector tells frame by frame whether somebody speaks. It hears one source from
// its beginning, and is not safe for concurrent use.
type Detector interface {
	// Detect takes the next frame, of FrameBytes, and returns its level, which is
	// an RMS in units of a 16-bit sample, and whether it holds speech.
	Detect(frame []byte) (level float64, voice bool)
	// Thresholds are the levels at which speech starts, and to which it lasts, by
	// what is known of the room after the last frame. A Segmenter judges by them
	// once more what was taken for speech before the room was known.
	Thresholds() (start, keep float64)
	// SetOverVoice says whether the assistant can be heard, whose echo must not become
	// easier to hear.
	SetOverVoice(is bool)
	// NoiseFloor is the level of the room when nobody speaks; 0 while it is unknown.
	NoiseFloor() float64
}
