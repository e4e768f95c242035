package pcm_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/gotars/tars/speech/pcm"
)

func TestSilenceIsPutAroundAudio(t *testing.T) {
	const ms = time.Millisecond
	tests := map[string]struct {
		audio          pcm.Audio
		before, behind time.Duration
		want           []byte
	}{
		"before and behind": {pcm.Audio{1, 2}, ms / 8, ms / 16, []byte{0, 0, 0, 0, 1, 2, 0, 0}},
		"none":              {pcm.Audio{1, 2}, 0, 0, []byte{1, 2}},
		"of no audio":       {nil, ms / 16, ms / 16, []byte{0, 0, 0, 0}},
		"never half of one": {pcm.Audio{1, 2}, ms / 10, ms / 10, []byte{0, 0, 1, 2, 0, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := bytes.Clone(tt.audio)
			if got := tt.audio.Padded(tt.before, tt.behind); !bytes.Equal(got, tt.want) {
				t.Errorf("got % x, want % x", got, tt.want)
			}
			if !bytes.Equal(before, tt.audio) {
				t.Errorf("the audio was changed to % x", tt.audio)
			}
		})
	}
}
