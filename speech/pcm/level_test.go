package pcm_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/test/sound"
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

func TestTheToneOfARoomIsPutAroundSpeech(t *testing.T) {
	const ms = time.Millisecond
	room := func(rms float64) pcm.Audio { // speech with a fifth of the room alone
		speech := tone(pcm.Rate, 300)
		return append(pcm.Scale(tone(pcm.Rate/4, 300), rms*math.Sqrt2/level), speech...)
	}
	tests := map[string]struct {
		in             pcm.Audio
		before, behind time.Duration
		want           float64 // RMS of what is added
	}{
		"a quiet room":     {room(16), 600 * ms, 700 * ms, 16},
		"a loud room":      {room(1000), 600 * ms, 700 * ms, 1000},
		"no room":          {append(make(pcm.Audio, 8000), room(500)...), 600 * ms, 700 * ms, 0},
		"before it":        {room(16), 600 * ms, 0, 16},
		"none":             {room(16), 0, 0, 0},
		"of a moment":      {make(pcm.Audio, 100), 600 * ms, 700 * ms, 0},
		"of nothing":       {nil, 600 * ms, 700 * ms, 0},
		"as loud as it is": {pcm.Audio(bytes.Repeat([]byte{0xff, 0x7f, 0x01, 0x80}, 8000)), 600 * ms, 700 * ms, 32767},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out := pcm.InRoomTone(tt.in, tt.before, tt.behind)
			before, behind := int(tt.before.Seconds()*pcm.BytesPerSecond), int(tt.behind.Seconds()*pcm.BytesPerSecond)
			if len(out) != before+len(tt.in)+behind || !bytes.Equal(out[before:before+len(tt.in)], tt.in) {
				t.Fatalf("%d bytes became %d, or others", len(tt.in), len(out))
			}
			for _, added := range []pcm.Audio{out[:before], out[before+len(tt.in):]} {
				if got := sound.RMS(added); len(added) > 0 && math.Abs(got-tt.want) > 0.3*tt.want+1 {
					t.Errorf("the RMS of what is added is %.0f, want %.0f", got, tt.want)
				}
			}
			if !bytes.Equal(out, pcm.InRoomTone(tt.in, tt.before, tt.behind)) {
				t.Error("another time it is another")
			}
		})
	}
}
