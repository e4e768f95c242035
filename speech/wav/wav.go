// Package wav writes WAV files of one channel with signed 16-bit little-endian
// samples, the form that servers of speech exchange, and reads those of any usual form
// as such samples.
package wav

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
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

// Reader reads the samples of a file as signed 16-bit little-endian ones of one
// channel, whatever form they have in it.
type Reader struct {
	Rate int // samples per second

	form form
	r    *bufio.Reader
	left int64 // bytes of samples in the file; -1: it does not say
}

// form is how a file holds a sample.
type form struct {
	coding   uint16 // 1 is PCM, 3 floating point, 6 A-law, 7 µ-law
	channels int
	bits     int
	width    int // bytes of a sample; PCM of 12 bits has two, and its bits stand at the upper end
	order    binary.ByteOrder
}

const (
	codingPCM        = 1
	codingFloat      = 3
	codingALaw       = 6
	codingMuLaw      = 7
	codingExtensible = 0xfffe // the coding stands further behind

	maxChannels = 8
	maxFormat   = 64 // bytes
)

// byteOrders are the kinds of files: RF64 and BW64 may be larger than 4 GiB.
var byteOrders = map[string]binary.ByteOrder{"RIFF": binary.LittleEndian, "RF64": binary.LittleEndian, "BW64": binary.LittleEndian, "RIFX": binary.BigEndian}

// NewReader reads a file up to its samples. Streams need not know their length: they
// say 0xFFFFFFFF, 0, or nearly 2 GiB.
func NewReader(r io.Reader) (*Reader, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("read WAV: %w", err)
	}
	order := byteOrders[string(head[:4])]
	if order == nil || string(head[8:]) != "WAVE" {
		return nil, errors.New("this is no WAV file")
	}
	w := &Reader{r: bufio.NewReader(r), form: form{order: order}, left: -1}
	for {
		var part [8]byte
		if _, err := io.ReadFull(w.r, part[:]); err != nil {
			return nil, fmt.Errorf("read WAV: %w", err)
		}
		size := order.Uint32(part[4:])
		switch string(part[:4]) {
		case "data":
			if w.Rate == 0 {
				return nil, errors.New("the WAV file has no format")
			}
			if size > 0 && size <= 0x7f000000 {
				w.left = int64(size)
			}
			return w, nil
		case "ds64":
			if err := w.readLength(size); err != nil {
				return nil, err
			}
		case "fmt ":
			if err := w.readFormat(size); err != nil {
				return nil, err
			}
		default:
			if _, err := io.CopyN(io.Discard, w.r, int64(size)+int64(size%2)); err != nil {
				return nil, fmt.Errorf("read WAV: %w", err)
			}
		}
	}
}

// readHeader reads a part of the header of so many bytes; subject begins the error about them.
func (w *Reader) readHeader(subject string, size uint32) ([]byte, error) {
	if size < 16 || size > maxFormat {
		return nil, fmt.Errorf("%s %d bytes, want 16 to %d", subject, size, maxFormat)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(w.r, b); err != nil {
		return nil, fmt.Errorf("read WAV: %w", err)
	}
	return b, nil
}

// readLength reads how long the samples of a large file are.
func (w *Reader) readLength(size uint32) error {
	b, err := w.readHeader("the lengths of the WAV file have", size)
	if err != nil {
		return err
	}
	if n := int64(w.form.order.Uint64(b[8:])); n > 0 {
		w.left = n
	}
	return nil
}

func (w *Reader) readFormat(size uint32) error {
	b, err := w.readHeader("the format of the WAV file has", size)
	if err != nil {
		return err
	}
	order := w.form.order
	f := form{coding: order.Uint16(b), channels: int(order.Uint16(b[2:])), bits: int(order.Uint16(b[14:])), order: order}
	if f.coding == codingExtensible && size >= 26 {
		f.coding = order.Uint16(b[24:])
	}
	f.width = (f.bits + 7) / 8
	if frame := int(order.Uint16(b[12:])); f.coding == codingPCM && f.channels > 0 && frame > f.channels*f.width && frame <= 4*f.channels {
		f.width = frame / f.channels
	}
	rate := int(order.Uint32(b[4:]))
	if !f.known() || f.channels < 1 || f.channels > maxChannels || !ValidRate(rate) {
		return fmt.Errorf("the WAV file has coding %d, %d channels, %d bits, rate %d, want PCM of 8 to 32 bits, floating point, A-law or µ-law, at most %d channels",
			f.coding, f.channels, f.bits, rate, maxChannels)
	}
	w.form, w.Rate = f, rate
	return nil
}

// known reports whether samples of this form can be read.
func (f form) known() bool {
	switch f.coding {
	case codingPCM:
		return f.bits >= 8 && f.bits <= 32
	case codingFloat:
		return f.bits == 32 || f.bits == 64
	case codingALaw, codingMuLaw:
		return f.bits == 8
	}
	return false
}

// size is the bytes of one sample of all channels.
func (f form) size() int { return f.channels * f.width }

// Read implements io.Reader. It returns whole samples; half of one at the end of the
// file is left out. A p of one byte is io.ErrShortBuffer.
func (w *Reader) Read(p []byte) (n int, err error) {
	if len(p) < 2 {
		return 0, io.ErrShortBuffer
	}
	size := w.form.size()
	for n+2 <= len(p) && (n == 0 || w.r.Buffered() >= size) { // what arrives is handed on at once
		if w.left >= 0 && w.left < int64(size) {
			break
		}
		frame, err := w.r.Peek(size)
		if len(frame) < size {
			if err == io.EOF {
				break
			}
			return n, err
		}
		binary.LittleEndian.PutUint16(p[n:], uint16(w.form.mono(frame)))
		_, _ = w.r.Discard(size) // it was peeked
		n += 2
		if w.left >= 0 {
			w.left -= int64(size)
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// mono is the mean of the channels of one frame.
func (f form) mono(frame []byte) int16 {
	if f.channels == 1 && f.coding == codingPCM && f.width == 2 {
		return int16(f.order.Uint16(frame))
	}
	sum := 0.0
	for ; len(frame) >= f.width; frame = frame[f.width:] {
		sum += f.sample(frame[:f.width])
	}
	return int16(max(-32768, min(32767, math.Round(sum/float64(f.channels)))))
}

// sample is the value of one sample, in units of a 16-bit one.
func (f form) sample(b []byte) float64 {
	switch {
	case f.coding == codingALaw:
		return float64(decodeALaw(b[0]))
	case f.coding == codingMuLaw:
		return float64(decodeMuLaw(b[0]))
	case f.coding == codingFloat && len(b) == 4:
		return finite(float64(math.Float32frombits(f.order.Uint32(b)))) * 32768
	case f.coding == codingFloat:
		return finite(math.Float64frombits(f.order.Uint64(b))) * 32768
	case len(b) == 1: // without a sign
		return (float64(b[0]) - 128) * 256
	case len(b) == 2:
		return float64(int16(f.order.Uint16(b)))
	case len(b) == 3 && f.order == binary.BigEndian:
		return float64(int32(uint32(b[2])<<8|uint32(b[1])<<16|uint32(b[0])<<24)) / 65536
	case len(b) == 3:
		return float64(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / 65536
	}
	return float64(int32(f.order.Uint32(b))) / 65536
}

// finite is x, or silence where x is no number.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return max(-1, min(1, x))
}

// decodeALaw and decodeMuLaw are the expansions of ITU-T G.711.
func decodeALaw(b byte) int16 {
	b ^= 0x55
	v, exponent := int(b&0x0f)<<4+8, b>>4&7
	if exponent > 0 {
		v = (v + 0x100) << (exponent - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return int16(v)
}

func decodeMuLaw(b byte) int16 {
	b = ^b
	v := (int(b&0x0f)<<3 + 0x84) << (b >> 4 & 7)
	if b&0x80 != 0 {
		return int16(0x84 - v)
	}
	return int16(v - 0x84)
}

// ValidRate tells whether speech can have rate samples a second: from half of
// telephony to twice what studios use. With another one a second of audio would
// play for hours.
func ValidRate(rate int) bool { return rate >= 4000 && rate <= 192000 }
