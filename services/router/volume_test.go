package router_test

import (
	"testing"

	"github.com/gotars/tars/contract"
)

// The voice is as loud as was asked for last, in the room that asked and by rule alone.
func TestTheVoiceIsAsLoudAsTheRoomAskedFor(t *testing.T) {
	run(t, "louder and quieter", config(nil), func(t *testing.T, s *stage) {
		for _, step := range []struct {
			room, hear, say string
			volume          float64 // 0: none is sent
		}{
			{"hall", "Volume to 60 percent, please.", "Volume 60 percent.", 0.6},
			{"hall", "Half as loud", "Volume 30 percent.", 0.3},
			{"kitchen", "Hello!", "Hello! How can I help?", 0},
			{"hall", "Hello!", "Hello! How can I help?", 0.3},
			{"hall", "Lautstärke auf 50 Prozent", "Lautstärke 50 Prozent.", 0.5},
			{"hall", "Full volume.", "Volume 100 percent.", 0},
			{"hall", "Louder!", "I am as loud as I can be. The speaker itself may be turned up.", 0},
		} {
			s.hear(t, step.hear, step.room)
			said := s.said.All()
			if len(said) == 0 {
				t.Fatalf("nothing was said to %q", step.hear)
			}
			got := said[0].Volume
			if said[0].Text != step.say || (got == nil) != (step.volume == 0) || got != nil && *got != step.volume {
				t.Errorf("in the %s %q was answered by %q at %v, want %q at %v", step.room, step.hear, said[0].Text, deref(got), step.say, step.volume)
			}
			for _, m := range said {
				s.speak(t, m)
			}
		}
		if asked := s.asked.All(); len(asked) > 0 {
			t.Errorf("the model was asked %+v", asked)
		}
	})
}

func deref(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}

// speak tells that m was heard to its end.
func (s *stage) speak(t *testing.T, m contract.TtsSay) {
	t.Helper()
	s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: m.Text, UttID: m.UttID})
	s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: m.Text, UttID: m.UttID})
	s.Settle()
}
