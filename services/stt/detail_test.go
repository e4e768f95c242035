package stt_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/test/sound"
)

// TestHowAnUtteranceWasHeardIsTold has somebody say something, pause for 0.7 s, and go on.
func TestHowAnUtteranceWasHeardIsTold(t *testing.T) {
	model := &scriptedModel{finished: 0.1}
	listenWith(t, "a turn with a pause", model, func(t *testing.T, h *house) {
		details := kittest.Watch[contract.SpeechDetail](h.Harness)
		h.engine.takes = 50 * ms
		h.engine.saying("Turn on the", 0.9)
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(960*ms).Silence(720*ms), "kitchen")
		model.mu.Lock()
		model.finished = 0.95
		model.mu.Unlock()
		h.engine.saying("Turn on the light in the kitchen now please", 0.9)
		h.play(t, sound.NewRoom(20).Voice(960*ms).Silence(2*time.Second), "kitchen")
		h.Settle()
		finals, all := h.finals.All(), details.All()
		if len(finals) != 1 || len(all) != 1 || all[0].UttID != *finals[0].UttID {
			t.Fatalf("finals %+v, details %+v", finals, all)
		}
		d := all[0]
		near := func(what string, got, want float64) {
			t.Helper()
			if math.Abs(got-want) > 0.15 {
				t.Errorf("%s is %.3f, want about %.3f", what, got, want)
			}
		}
		if length := float64(len(d.Levels)) * d.StepMS / 1000; d.StepMS != 20 || len(d.Levels) > contract.DetailLevels {
			t.Errorf("%d levels of %.0f ms", len(d.Levels), d.StepMS)
		} else {
			near("the length", length, 0.4+0.96+0.72+0.96+0.3)
		}
		if quiet, loud := slices.Min(d.Levels), slices.Max(d.Levels); quiet > 35 || loud < 50 || loud > 96 {
			t.Errorf("levels from %d to %d dB", quiet, loud)
		}
		if len(d.Voice) < 2 || len(d.Pauses) != 2 {
			t.Fatalf("voice %+v, pauses %+v", d.Voice, d.Pauses)
		}
		near("the first voice", d.Voice[0].From, 0.4)
		near("the last voice", d.Voice[len(d.Voice)-1].To, 0.4+0.96+0.72+0.96)
		first, last := d.Pauses[0], d.Pauses[1]
		near("the first pause", first.To-first.From, 0.72)
		if first.Ended || first.Over == nil || *first.Over > 0.4 || first.Sound == nil || *first.Sound != 0.1 || *first.Text != "Turn on the" || first.Wait < 0.75 {
			t.Errorf("the first pause was taken for %+v", first)
		}
		if !last.Ended || last.Over == nil || *last.Over < 0.6 || *last.Sound != 0.95 || last.To-last.From < last.Wait || last.To-last.From > last.Wait+0.25 {
			t.Errorf("the last pause was taken for %+v", last)
		}
		if d.Text == nil || *d.Text != finals[0].Text || d.Read == nil || math.Abs(d.Read.To-d.Read.From-0.05) > 0.01 {
			t.Errorf("read %v, %+v", d.Text, d.Read)
		}
	})
	listen(t, "what is dropped is told too, with its words", func(t *testing.T, h *house) {
		details := kittest.Watch[contract.SpeechDetail](h.Harness)
		h.engine.saying("(keyboard clicks)", 0.9)
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(960*ms).Silence(2*time.Second), "kitchen")
		h.Settle()
		dropped, all := h.dropped.All(), details.All()
		if len(dropped) != 1 || len(all) != 1 || all[0].UttID != *dropped[0].UttID || all[0].Text == nil || *all[0].Text != "(keyboard clicks)" {
			t.Errorf("dropped %+v, details %+v", dropped, all)
		}
	})
}
