package pcm

import "encoding/binary"

// Scale returns signed 16-bit little-endian samples made quieter or louder by a
// factor. What gets too loud is clipped.
func Scale(samples []byte, gain float64) []byte {
	out := make([]byte, len(samples)/2*2)
	for i := 0; i+1 < len(samples); i += 2 {
		v := gain * float64(int16(binary.LittleEndian.Uint16(samples[i:])))
		binary.LittleEndian.PutUint16(out[i:], uint16(int16(max(-32768, min(32767, v)))))
	}
	return out
}
