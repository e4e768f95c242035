package stt_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/sound"
)

func TestMute(t *testing.T) {
	word := func() *sound.Room { return sound.NewRoom(20).Silence(400 * ms).Voice(time.Second).Silence(time.Second) }
	obey := func(t *testing.T, h *house, action string, ttl int, room string) {
		t.Helper()
		c := contract.WakeMicCommand{Action: action}
		if ttl > 0 {
			c.TTLMS = &ttl
		}
		ctx := t.Context()
		if room != "" {
			ctx = kit.WithBaggage(ctx, "room", room)
		}
		if err := h.Bus.Publish(ctx, c); err != nil {
			t.Fatal(err)
		}
		h.Settle()
	}
	listen(t, "silences until it ends", func(t *testing.T, h *house) {
		obey(t, h, contract.MicMute, 0, "")
		h.play(t, word(), "kitchen")
		expectAll(t, "events", h.edges())
		obey(t, h, contract.MicUnmute, 0, "")
		h.play(t, word(), "kitchen")
		expectAll(t, "finals", h.texts(), "1.7 seconds")
	})
	listen(t, "ends speech, of which nothing is read", func(t *testing.T, h *house) {
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(300*ms), "kitchen")
		obey(t, h, contract.MicMute, 0, "")
		h.play(t, sound.NewRoom(20).Voice(time.Second).Silence(2*time.Second), "kitchen")
		expectAll(t, "events", h.edges(), "speech_start", "speech_end")
		expectAll(t, "finals", h.texts())
		if h.engine.calls > 0 {
			t.Error("muted audio reached the engine")
		}
	})
	listen(t, "ends by itself", func(t *testing.T, h *house) {
		obey(t, h, contract.MicMute, 3000, "")
		h.play(t, word(), "kitchen")
		time.Sleep(time.Second)
		h.play(t, word(), "kitchen")
		expectAll(t, "finals", h.texts(), "1.7 seconds")
	})
	listen(t, "comes back when an unmute is over, but not in a word", func(t *testing.T, h *house) {
		obey(t, h, contract.MicUnmute, 1000, "")
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(2*time.Second).Silence(time.Second), "kitchen")
		expectAll(t, "finals", h.texts(), "2.7 seconds")
		h.play(t, word(), "kitchen")
		expectAll(t, "finals", h.texts())
	}, "STT_MUTED=yes")
	listen(t, "concerns one room when it names one", func(t *testing.T, h *house) {
		obey(t, h, contract.MicMute, 0, "kitchen")
		h.play(t, word(), "kitchen", "office")
		_, meta := h.finals.Next(t)
		if meta.Baggage["room"] != "office" {
			t.Errorf("heard in %v", meta.Baggage)
		}
		h.finals.None(t)
		obey(t, h, contract.MicMute, 0, "")
		obey(t, h, contract.MicUnmute, 0, "kitchen")
		h.play(t, word(), "kitchen", "office")
		_, meta = h.finals.Next(t)
		if meta.Baggage["room"] != "kitchen" {
			t.Errorf("heard in %v", meta.Baggage)
		}
		h.finals.None(t)
	})
}
