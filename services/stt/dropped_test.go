package stt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/sound"
)

// reasons takes the reasons of what was dropped.
func (h *house) reasons() (all []string) {
	h.Settle()
	for _, d := range h.dropped.All() {
		all = append(all, d.Reason)
	}
	return all
}

func TestNobodyWaitsForAFinalThatDoesNotCome(t *testing.T) {
	word := func() *sound.Room { return sound.NewRoom(20).Silence(400 * ms).Voice(time.Second).Silence(time.Second) }
	tests := map[string]struct {
		prepare func(*testing.T, *house)
		sound   *sound.Room
		want    []string // reasons
	}{
		"words":               {sound: word()},
		"no words":            {func(_ *testing.T, h *house) { h.engine.saying("(music)", 0.9) }, word(), []string{"no_words"}},
		"a guess":             {func(_ *testing.T, h *house) { h.engine.saying("burn in the night", 0.1) }, word(), []string{"unsure"}},
		"a broken recogniser": {func(_ *testing.T, h *house) { h.engine.fails = true }, word(), []string{"failed"}},
		"our own voice": {func(t *testing.T, h *house) {
			h.engine.saying("the weather in paris is fine", 0.9)
			h.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "The weather in Paris is fine today.", UttID: new("u1")})
		}, word(), []string{"echo"}},
		"a noise that was taken for speech until it was known": {sound: sound.NewRoom(400).Silence(8 * time.Second), want: []string{"no_speech"}},
	}
	for name, tt := range tests {
		listen(t, name, func(t *testing.T, h *house) {
			if tt.prepare != nil {
				tt.prepare(t, h)
			}
			h.play(t, tt.sound, "kitchen")
			time.Sleep(2 * time.Minute)
			h.Settle()
			expectAll(t, "dropped", h.reasons(), tt.want...)
			if ends, texts := count(h.edges(), contract.WakeEventSpeechEnd), len(h.texts()); ends != 1 || texts != 1-len(tt.want) {
				t.Errorf("%d ends of speech, %d finals beside %q", ends, texts, tt.want)
			}
		}, "STT_PARTIALS=no")
	}
	listen(t, "it says which utterance it was, where, and for a failure why", func(t *testing.T, h *house) {
		h.engine.fails = true
		h.play(t, word(), "kitchen")
		d, meta := h.dropped.Next(t)
		if d.Reason != "failed" || d.UttID == nil || d.Err == nil || !strings.Contains(*d.Err, "no model") || meta.Baggage["room"] != "kitchen" {
			t.Errorf("dropped %+v in %v", d, meta.Baggage)
		}
	})
	listen(t, "a microphone that is muted while somebody speaks", func(t *testing.T, h *house) {
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(500*ms), "kitchen")
		if err := h.Bus.Publish(kit.WithBaggage(t.Context(), "room", "kitchen"), contract.WakeMicCommand{Action: contract.MicMute}); err != nil {
			t.Fatal(err)
		}
		h.Settle()
		h.play(t, sound.NewRoom(20).Voice(500*ms).Silence(time.Second), "kitchen")
		expectAll(t, "dropped", h.reasons(), "no_speech")
	})
	listen(t, "an engine that cannot keep up", func(t *testing.T, h *house) {
		h.engine.takes = time.Hour
		for range 8 {
			h.play(t, word(), "kitchen")
		}
		if got := h.reasons(); len(got) == 0 || count(got, "engine_backlog") != len(got) {
			t.Errorf("dropped for %q", got)
		}
	}, "STT_PARTIALS=no")
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}
