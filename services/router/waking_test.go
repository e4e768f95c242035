package router_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/router"
)

func TestWake(t *testing.T) {
	asleep := config(func(c *router.Config) { c.LiveModeDefault = false })
	run(t, "without the phrase nothing happens", asleep, func(t *testing.T, s *stage) {
		s.hear(t, "What is the plan?", "hall")
		if r, _ := s.turns.Next(t); r.Outcome != contract.TurnIgnored {
			t.Errorf("record %+v", r)
		}
		s.asked.None(t)
	})
	run(t, "the phrase in front is taken off", asleep, func(t *testing.T, s *stage) {
		s.hear(t, "Hey TARS, what is the plan?", "hall")
		if q, _ := s.asked.Next(t); q.Text != "what is the plan?" {
			t.Errorf("asked %q", q.Text)
		}
	})
	run(t, "the phrase alone opens a window for one request", asleep, func(t *testing.T, s *stage) {
		s.hear(t, "Hey TARS.", "hall")
		if say, _ := s.said.Next(t); say.Text != "Hmm?" || say.WakeAck == nil || !*say.WakeAck {
			t.Errorf("said %+v", say)
		}
		s.hear(t, "What is the plan?", "hall")
		s.asked.Next(t)
		s.hear(t, "And what else?", "hall")
		s.asked.None(t)
	})
	run(t, "a wake event opens it too, and speech keeps it open", asleep, func(t *testing.T, s *stage) {
		ctx := kit.WithBaggage(t.Context(), "room", "hall")
		publish := func(w contract.WakeEvent) {
			if err := s.Bus.Publish(ctx, w); err != nil {
				t.Fatal(err)
			}
		}
		publish(contract.WakeEvent{Type: contract.WakeEventWake})
		time.Sleep(7 * time.Second)
		publish(contract.WakeEvent{Type: contract.WakeEventSpeechStart})
		time.Sleep(7 * time.Second)
		s.hear(t, "What is the plan?", "hall")
		s.asked.Next(t)
	})
	run(t, "an answer may be followed up", asleep, func(t *testing.T, s *stage) {
		s.hear(t, "Hey TARS, hello", "")
		s.play(t)
		s.hear(t, "What is the plan?", "")
		s.asked.Next(t)
	})
	run(t, "but not before its last sentence is spoken", asleep, func(t *testing.T, s *stage) {
		s.hear(t, "Hey TARS, what is the plan?", "hall")
		q, _ := s.asked.Next(t)
		s.stream(t, q.ID, "The plan is simple. We go now. ")
		s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: "The plan is simple.", UttID: &q.ID})
		s.Settle()
		s.hear(t, "The television says buy soap.", "hall")
		s.asked.None(t)
		s.respond(t, q.ID, "The plan is simple. We go now.")
		s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: "We go now.", UttID: &q.ID})
		s.Settle()
		s.hear(t, "And then?", "hall") // the voice did not tell the room
		s.asked.Next(t)
	})
	run(t, "typed text needs no phrase", asleep, func(t *testing.T, s *stage) {
		s.hear(t, "What is the plan?", "typed")
		s.asked.Next(t)
	})
	run(t, "live mode goes on and off by voice", asleep, func(t *testing.T, s *stage) {
		s.hear(t, "Enter live mode.", "typed")
		s.hear(t, "What is the plan?", "hall")
		s.asked.Next(t)
		s.hear(t, "Exit live mode", "hall")
		s.hear(t, "exit live mode", "typed")
		s.expect(t, "On. | Off. | Already off.")
	})
}

func TestAnnouncement(t *testing.T) {
	run(t, "once, when voice and recogniser are ready", config(func(c *router.Config) { c.OnlineAnnounce = true }), func(t *testing.T, s *stage) {
		s.Publish(t, contract.HealthPing{Name: "tars-tts", OK: true})
		s.Publish(t, contract.HealthPing{Name: "tars-tts", OK: false})
		s.Publish(t, contract.HealthPing{Name: "tars-stt", OK: true})
		s.expect(t, "")
		s.Publish(t, contract.HealthPing{Name: "tars-tts", OK: true})
		s.Publish(t, contract.HealthPing{Name: "tars-stt", OK: true})
		s.expect(t, "System online.")
	})
}
