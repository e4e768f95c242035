package stt

import (
	"encoding/binary"
	"time"
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
func (a Audio) WAV() []byte {
	const header = 44
	b := make([]byte, 0, header+len(a))
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(header-8+len(a)))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16) // length of the format
	b = binary.LittleEndian.AppendUint16(b, 1)  // PCM
	b = binary.LittleEndian.AppendUint16(b, 1)  // channels
	b = binary.LittleEndian.AppendUint32(b, Rate)
	b = binary.LittleEndian.AppendUint32(b, bytesPerSecond)
	b = binary.LittleEndian.AppendUint16(b, 2)  // bytes per sample of all channels
	b = binary.LittleEndian.AppendUint16(b, 16) // bits per sample
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(a)))
	return append(b, a...)
}
