package router_test

import (
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/services/router"
)

// TestARouterThatStopsLeavesNothingBehind stops the router while somebody speaks into an
// answer, which nobody else would let go on or end.
func TestARouterThatStopsLeavesNothingBehind(t *testing.T) {
	polite := config(func(c *router.Config) { c.Duck, c.InterruptSpeaking = true, true })
	run(t, "of an answer", polite, func(t *testing.T, s *stage) {
		ducks := kittest.Watch[contract.SpeechDuck](s.Harness)
		f := s.hear(t, "Tell me a story.", "hall")
		q, _ := s.asked.Next(t)
		s.stream(t, q.ID, "Once upon a time there was a king. ")
		ctx := kit.WithBaggage(t.Context(), "room", "hall")
		for _, m := range []msg.Message{
			contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "Once upon a time there was a king.", UttID: &q.ID},
			contract.WakeEvent{Type: contract.WakeEventSpeechStart}, contract.WakeEvent{Type: contract.WakeEventSpeechSustained},
		} {
			if err := s.Bus.Publish(ctx, m); err != nil {
				t.Fatal(err)
			}
			s.Settle()
		}
		s.Stop(t, "router")
		s.Settle()
		if r, _ := s.turns.Next(t); r.TurnID != f.MessageID || r.Outcome != contract.TurnInterrupted || *r.Reason != "shutdown" {
			t.Errorf("record %+v", r)
		}
		if c, _ := s.cancels.Next(t); c.ID != q.ID {
			t.Errorf("cancelled %+v", c)
		}
		if all := s.stops.All(); len(all) != 2 || all[1].Action != contract.TtsStop || *all[1].ID != q.ID {
			t.Errorf("controls %+v", all)
		}
		if all := ducks.All(); len(all) != 2 || all[1].On {
			t.Errorf("ducks %+v", all)
		}
	})
	run(t, "of an announcement", polite, func(t *testing.T, s *stage) {
		ctx := kit.WithBaggage(t.Context(), "room", "hall")
		for _, m := range []msg.Message{
			contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "Your tea is ready.", UttID: new("timer")},
			contract.WakeEvent{Type: contract.WakeEventSpeechStart}, contract.WakeEvent{Type: contract.WakeEventSpeechSustained},
		} {
			if err := s.Bus.Publish(ctx, m); err != nil {
				t.Fatal(err)
			}
			s.Settle()
		}
		s.Stop(t, "router")
		s.Settle()
		if all := s.stops.All(); len(all) != 2 || all[1].Action != contract.TtsResume || *all[1].ID != "timer" {
			t.Errorf("controls %+v", all)
		}
	})
}

// TestARouterThatWasKilledLeavesNoVoiceBehind has a router lower and pause an answer, and
// another one take its place.
func TestARouterThatWasKilledLeavesNoVoiceBehind(t *testing.T) {
	polite := config(func(c *router.Config) { c.Duck, c.InterruptSpeaking = true, true })
	run(t, "of an answer", polite, func(t *testing.T, s *stage) {
		ducks := kittest.Watch[contract.SpeechDuck](s.Harness)
		s.Kill("router")
		s.Add(t, polite)
		s.Settle()
		if all := s.stops.All(); len(all) != 1 || all[0].Action != contract.TtsResume || all[0].ID != nil {
			t.Errorf("controls %+v", all)
		}
		if all := ducks.All(); len(all) != 1 || all[0].On {
			t.Errorf("ducks %+v", all)
		}
		ctx := kit.WithBaggage(t.Context(), "room", "hall")
		if err := s.Bus.Publish(ctx, contract.TtsStatus{Event: contract.TtsResumed, UttID: new("old")}); err != nil {
			t.Fatal(err)
		}
		s.Settle()
		s.hear(t, "Stop.", "hall")
		if all := s.stops.All(); len(all) != 1 || all[0].Action != contract.TtsStop || *all[0].ID != "old" {
			t.Errorf("what goes on was not stopped: %+v", all)
		}
	})
}
