package stt_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/sound"
)

// TestWordsDecideWhenATurnIsOver has somebody speak for a second, and the engine need
// 300 ms to read that: its verdict is there 560 ms after the last word.
func TestWordsDecideWhenATurnIsOver(t *testing.T) {
	tests := map[string]struct {
		text     string
		asked    string        // by the assistant before, empty: nothing
		least    time.Duration // from the last word to the final
		most     time.Duration
		settings []string
	}{
		"a whole question ends at once":           {"What time is it now?", "", 350 * ms, 600 * ms, nil},
		"a short sentence waits for more":         {"Turn on the light.", "", 850 * ms, 1000 * ms, nil},
		"a word or two wait for more":             {"Paris.", "", 850 * ms, 1000 * ms, nil},
		"an open end waits for longer":            {"Turn on the", "", 1500 * ms, 1700 * ms, nil},
		"an answer to a question may take longer": {"Paris.", "Where do you live?", 1100 * ms, 1250 * ms, nil},
		"low waits longer":                        {"Turn on the light.", "", 1000 * ms, 1200 * ms, []string{"STT_EAGERNESS=low"}},
		"fixed does not look at the words":        {"Turn on the", "", 600 * ms, 750 * ms, []string{"STT_EAGERNESS=fixed"}},
		"and nobody waits longer than the most":   {"Turn on the", "Which one?", 2000 * ms, 2600 * ms, []string{"STT_EAGERNESS=low"}},
	}
	for name, tt := range tests {
		listen(t, name, func(t *testing.T, h *house) {
			h.engine.saying(tt.text, 0.9)
			h.play(t, sound.NewRoom(20).Silence(400*ms), "kitchen")
			if tt.asked != "" {
				for _, event := range []string{contract.TtsSpeakingStart, contract.TtsSpeakingEnd} {
					if err := h.Bus.Publish(kit.WithBaggage(t.Context(), "room", "kitchen"), contract.TtsStatus{Event: event, Text: tt.asked, UttID: new("u")}); err != nil {
						t.Fatal(err)
					}
				}
			}
			h.play(t, sound.NewRoom(20).Voice(time.Second), "kitchen")
			last := time.Now()
			go h.play(t, sound.NewRoom(20).Silence(4*time.Second), "kitchen")
			h.finals.Next(t)
			heard := time.Since(last)
			time.Sleep(4 * time.Second) // the microphone falls silent
			if heard < tt.least || heard > tt.most {
				t.Errorf("the final came %v after the last word, want %v to %v", heard, tt.least, tt.most)
			}
		}, tt.settings...)
	}
	listen(t, "who thinks in the middle of a sentence is heard out", func(t *testing.T, h *house) {
		h.engine.saying("Turn on the", 0.9)
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second).Silence(1200*ms), "kitchen")
		h.engine.saying("Turn on the light in the hall.", 0.9)
		h.play(t, sound.NewRoom(20).Voice(time.Second).Silence(time.Second), "kitchen")
		expectAll(t, "finals", h.texts(), "Turn on the light in the hall.")
	})
}
