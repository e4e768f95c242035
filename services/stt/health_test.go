package stt_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/test/sound"
)

func TestHealth(t *testing.T) {
	feelings := func(h *house) (all []string) {
		h.Settle()
		for _, p := range h.health.All() {
			if p.Name == "tars-stt" {
				s := *p.Event
				if p.Err != nil {
					s += ": " + *p.Err
				}
				all = append(all, s)
			}
		}
		return all
	}
	listen(t, "tells that the engine fails, until it works", func(t *testing.T, h *house) {
		word := sound.NewRoom(20).Silence(400 * ms).Voice(time.Second).Silence(2 * time.Second)
		h.engine.fails = true
		h.play(t, word, "kitchen")
		time.Sleep(6 * time.Second)
		h.engine.count(func() { h.engine.fails = false })
		h.play(t, word, "kitchen")
		time.Sleep(6 * time.Second)
		expectAll(t, "health", feelings(h), "ready", "degraded: no model", "ready")
	}, "STT_PARTIALS=no")
	kittest.Run(t, "tells what to do without an engine", func(t *testing.T, b *kittest.Harness) {
		h := &house{Harness: b, health: kittest.Watch[contract.HealthPing](b)}
		t.Setenv("STT_ENGINE", "none")
		b.Add(t, stt.Module)
		time.Sleep(6 * time.Second)
		expectAll(t, "health", feelings(h), "ready", "degraded: no recogniser: run make engines, or set STT_OPENAI_URL, STT_WYOMING_URI or STT_COMMAND")
	})
}
