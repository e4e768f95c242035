package pcm_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/gotars/tars/speech/pcm"
)

const level = 10000

// tone is a second of a tone.
func tone(rate int, hertz float64) (out []byte) {
	for i := range rate {
		v := level * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate))
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(v)))
	}
	return out
}

// decibels is the level of the middle of a, of which the begin and end are cut off by
// the filter, beside that of a tone.
func decibels(a []byte) float64 {
	sum, n := 0.0, 0
	for i := len(a) / 8 * 2; i < len(a)*3/4; i += 2 {
		v := float64(int16(binary.LittleEndian.Uint16(a[i:])))
		sum, n = sum+v*v, n+1
	}
	return 20 * math.Log10(math.Sqrt(sum/float64(n))*math.Sqrt2/level+1e-9)
}

var rates = []int{8000, 11025, 22050, 32000, 44100, 48000}

func TestAToneKeepsItsLevelAndLength(t *testing.T) {
	for _, rate := range rates {
		out := pcm.NewResampler(rate).Resample(tone(rate, 1000))
		if got := decibels(out); math.Abs(got) > 0.5 {
			t.Errorf("%d Hz: 1 kHz at %.2f dB", rate, got)
		}
		if n := len(out) / 2; n < pcm.Rate*97/100 || n > pcm.Rate {
			t.Errorf("%d Hz: %d samples of a second", rate, n)
		}
	}
}

func TestWhatIsAboveHalfOfTheRateIsGone(t *testing.T) {
	for _, rate := range []int{32000, 44100, 48000} {
		for hertz := 8200.0; hertz < float64(rate)/2; hertz += 700 {
			if got := decibels(pcm.NewResampler(rate).Resample(tone(rate, hertz))); got > -40 {
				t.Errorf("%d Hz: %.0f Hz comes through at %.1f dB", rate, hertz, got)
			}
		}
	}
}

func TestChunksLeaveNoClicks(t *testing.T) {
	for _, rate := range rates {
		in := tone(rate, 440)
		whole := pcm.NewResampler(rate).Resample(in)
		for _, size := range []int{2, 126, 1920} {
			t.Run(fmt.Sprint(rate, " in ", size), func(t *testing.T) {
				r := pcm.NewResampler(rate)
				var out []byte
				for rest := in; len(rest) > 0; rest = rest[min(size, len(rest)):] {
					out = append(out, r.Resample(rest[:min(size, len(rest))])...)
				}
				if !bytes.Equal(out, whole) {
					t.Error("it is not what it is in one piece")
				}
			})
		}
	}
}

func TestTwoChannelsAreMixed(t *testing.T) {
	stereo := []byte{0x00, 0x40, 0x00, 0x20, 0xff, 0x7f, 0x01, 0x80, 1}
	if got, want := pcm.Mono(stereo, 2), []byte{0x00, 0x30, 0x00, 0x00}; !bytes.Equal(got, want) {
		t.Errorf("mixed % x, want % x", got, want)
	}
	if got := pcm.Mono(stereo, 1); !bytes.Equal(got, stereo) {
		t.Errorf("one channel became % x", got)
	}
}
