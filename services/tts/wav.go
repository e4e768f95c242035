package tts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// pieceBytes is the most that is read before it is handed on.
const pieceBytes = 8 << 10

// wavHeader reads a WAV file up to its samples. Left is their number of bytes,
// or -1 when the file does not know: streams say 0xFFFFFFFF, 0, or nearly 2 GiB.
func wavHeader(r io.Reader) (rate int, left int64, err error) {
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
			if rate, err = wavFormat(r, size); err != nil {
				return 0, 0, err
			}
		default:
			if _, err := io.CopyN(io.Discard, r, int64(size)+int64(size%2)); err != nil {
				return 0, 0, fmt.Errorf("read WAV: %w", err)
			}
		}
	}
}

func wavFormat(r io.Reader, size uint32) (rate int, err error) {
	if size < 16 || size > 64 {
		return 0, fmt.Errorf("the format of the WAV file has %d bytes", size)
	}
	f := make([]byte, size)
	if _, err := io.ReadFull(r, f); err != nil {
		return 0, fmt.Errorf("read WAV: %w", err)
	}
	channels, bits := binary.LittleEndian.Uint16(f[2:]), binary.LittleEndian.Uint16(f[14:])
	rate = int(binary.LittleEndian.Uint32(f[4:]))
	if channels != 1 || bits != 16 || !audible(rate) {
		return 0, fmt.Errorf("the WAV file has %d channels, %d bits, rate %d, want one channel of 16 bits", channels, bits, rate)
	}
	return rate, nil
}

// audible tells whether a voice can have this sample rate.
func audible(rate int) bool { return rate >= 4000 && rate <= 192000 }

// samples yields what r holds as it arrives, in whole samples.
func samples(r io.Reader, rate int, yield func(Chunk, error) bool) {
	buf, odd := make([]byte, pieceBytes), 0
	for {
		n, err := r.Read(buf[odd:])
		n += odd
		even := n &^ 1
		if even > 0 && !yield(Chunk{Rate: rate, PCM: slices.Clone(buf[:even])}, nil) {
			return
		}
		odd = copy(buf, buf[even:n])
		switch {
		case err == io.EOF:
			return
		case err != nil:
			yield(Chunk{}, fmt.Errorf("read audio: %w", err))
			return
		}
	}
}

// audioFile yields the samples of the WAV file r.
func audioFile(r io.Reader, yield func(Chunk, error) bool) {
	rate, left, err := wavHeader(r)
	if err != nil {
		yield(Chunk{}, err)
		return
	}
	if left >= 0 {
		r = io.LimitReader(r, left)
	}
	samples(r, rate, yield)
}
