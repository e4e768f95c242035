// Package wav reads and writes WAV files of one channel with signed 16-bit
// little-endian samples, the form that servers of speech exchange.
package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Encode returns pcm, samples at rate a second, as a file.
func Encode(pcm []byte, rate int) []byte {
	const header, width = 44, 2
	b := make([]byte, 0, header+len(pcm))
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(header-8+len(pcm)))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16) // length of the format
	b = binary.LittleEndian.AppendUint16(b, 1)  // PCM
	b = binary.LittleEndian.AppendUint16(b, 1)  // channels
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*width))
	b = binary.LittleEndian.AppendUint16(b, width) // bytes per sample of all channels
	b = binary.LittleEndian.AppendUint16(b, 8*width)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(pcm)))
	return append(b, pcm...)
}

// ReadHeader reads a file up to its samples. Size is their number of bytes, or -1
// when the file does not know: streams say 0xFFFFFFFF, 0, or nearly 2 GiB.
func ReadHeader(r io.Reader) (rate int, size int64, err error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, 0, fmt.Errorf("read WAV: %w", err)
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return 0, 0, errors.New("this is no WAV file")
	}
	for {
		var part [8]byte
		if _, err := io.ReadFull(r, part[:]); err != nil {
			return 0, 0, fmt.Errorf("read WAV: %w", err)
		}
		size := binary.LittleEndian.Uint32(part[4:])
		switch string(part[:4]) {
		case "data":
			if rate == 0 {
				return 0, 0, errors.New("the WAV file has no format")
			}
			if size == 0 || size > 0x7f000000 {
				return rate, -1, nil
			}
			return rate, int64(size), nil
		case "fmt ":
			if rate, err = readFormat(r, size); err != nil {
				return 0, 0, err
			}
		default:
			if _, err := io.CopyN(io.Discard, r, int64(size)+int64(size%2)); err != nil {
				return 0, 0, fmt.Errorf("read WAV: %w", err)
			}
		}
	}
}

func readFormat(r io.Reader, size uint32) (rate int, err error) {
	if size < 16 || size > 64 {
		return 0, fmt.Errorf("the format of the WAV file has %d bytes", size)
	}
	f := make([]byte, size)
	if _, err := io.ReadFull(r, f); err != nil {
		return 0, fmt.Errorf("read WAV: %w", err)
	}
	channels, bits := binary.LittleEndian.Uint16(f[2:]), binary.LittleEndian.Uint16(f[14:])
	rate = int(binary.LittleEndian.Uint32(f[4:]))
	if channels != 1 || bits != 16 || !ValidRate(rate) {
		return 0, fmt.Errorf("the WAV file has %d channels, %d bits, rate %d, want one channel of 16 bits", channels, bits, rate)
	}
	return rate, nil
}

// ValidRate tells whether speech can have rate samples a second: from half of
// telephony to twice what studios use. With another one a second of audio would
// play for hours.
func ValidRate(rate int) bool { return rate >= 4000 && rate <= 192000 }
