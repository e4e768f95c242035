package stt_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/sound"
)

// TestARoomGetsItsUsualPause has somebody pause for a second after every word, which is
// longer than is waited for at first.
func TestARoomGetsItsUsualPause(t *testing.T) {
	tests := map[string]struct {
		answers bool // the assistant does, to each word
		want    int  // finals
	}{
		"who always pauses so long is heard out in the end": {false, 4},
		"who waits for an answer each time does not pause":  {true, 8},
	}
	for name, tt := range tests {
		listen(t, name, func(t *testing.T, h *house) {
			h.engine.takes = 50 * ms
			h.engine.saying("Paris.", 0.9)
			for range 8 {
				h.play(t, sound.NewRoom(20).Voice(600*ms).Silence(900*ms), "kitchen")
				if tt.answers {
					ctx := kit.WithBaggage(t.Context(), "room", "kitchen")
					if err := h.Bus.Publish(ctx, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "A city in France", UttID: new("u")}); err != nil {
						t.Fatal(err)
					}
				}
				h.play(t, sound.NewRoom(20).Silence(100*ms), "kitchen")
			}
			h.play(t, sound.NewRoom(20).Silence(3*time.Second), "kitchen")
			if got := h.texts(); len(got) != tt.want {
				t.Errorf("%d finals, want %d", len(got), tt.want)
			}
		})
	}
}
