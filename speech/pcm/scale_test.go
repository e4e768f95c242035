package pcm_test

import (
	"bytes"
	"testing"

	"github.com/gotars/tars/speech/pcm"
)

func TestSamplesAreScaled(t *testing.T) {
	tests := map[string]struct {
		gain     float64
		in, want []byte
	}{
		"half as loud":      {0.5, []byte{0x00, 0x40, 0x00, 0xc0}, []byte{0x00, 0x20, 0x00, 0xe0}},
		"as it is":          {1, []byte{0xff, 0x7f, 0x00, 0x80}, []byte{0xff, 0x7f, 0x00, 0x80}},
		"too loud":          {4, []byte{0x00, 0x40, 0x00, 0xc0}, []byte{0xff, 0x7f, 0x00, 0x80}},
		"nothing":           {0.5, nil, nil},
		"half a sample off": {1, []byte{1, 0, 2}, []byte{1, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := pcm.Scale(tt.in, tt.gain); !bytes.Equal(got, tt.want) {
				t.Errorf("Scale(% x, %v) = % x, want % x", tt.in, tt.gain, got, tt.want)
			}
		})
	}
}
