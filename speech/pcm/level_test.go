package pcm_test

import (
	"math"
	"testing"

	"github.com/gotars/tars/speech/pcm"
)

func TestQuietSpeechIsRaised(t *testing.T) {
	voice := func(gain float64) pcm.Audio { // with a pause of the same length
		return append(pcm.Scale(tone(pcm.Rate, 300), gain), make([]byte, pcm.BytesPerSecond)...)
	}
	loud := func(a pcm.Audio) float64 { return level * math.Pow(10, decibels(a[:len(a)/2])/20) / math.Sqrt2 }
	clicked := voice(0.02)
	clicked[0], clicked[1] = 0xff, 0x7f // as loud as can be
	tests := map[string]struct {
		in   pcm.Audio
		want float64 // RMS of the voice
	}{
		"quiet":                    {voice(0.05), 2000},
		"very quiet":               {voice(0.004), 28 * 30},
		"usual":                    {voice(0.3), 2121},
		"silence":                  {make(pcm.Audio, 32000), 0},
		"nothing":                  {nil, math.NaN()},
		"quiet, with a loud click": {clicked, 141},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out := pcm.RaiseQuiet(tt.in)
			if len(out) != len(tt.in) {
				t.Fatalf("%d bytes became %d", len(tt.in), len(out))
			}
			if got := loud(out); !math.IsNaN(tt.want) && math.Abs(got-tt.want) > 0.03*tt.want+1 {
				t.Errorf("its RMS is %.0f, want %.0f", got, tt.want)
			}
		})
	}
}
