package router_test

import (
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
)

// A body that says it is well is moved by whole utterances, and by nothing that only holds the words.
func TestTheBodyIsMovedByWholeUtterances(t *testing.T) {
	run(t, "with a body and without", config(nil), func(t *testing.T, s *stage) {
		moves, stops := kittest.Watch[contract.MovementTestRequest](s.Harness), kittest.Watch[contract.MovementStop](s.Harness)
		s.hear(t, "Move forward!", "hall")
		if asked := s.asked.All(); len(asked) != 1 || len(moves.All()) != 0 {
			t.Fatalf("without a body the model was asked %d times", len(asked))
		}
		s.PublishRaw(t, "system/health/movement-esp32", `{"ok":true,"event":"ready","timestamp":1}`)
		s.Settle()
		for text, want := range map[string]string{
			"Please move forward.": "step_forward", "Take a step back": "step_backward", "Turn to the left.": "turn_left", "turn right": "turn_right",
			"Wave!": "wave", "Could you take a bow?": "bow", "Strike a pose": "pose", "Dreh dich nach links": "turn_left",
			"What is a rainbow?": "", "I know.": "", "Turn left at the church, he said.": "", "wavelength": "",
		} {
			f := s.hear(t, text, "hall")
			got := moves.All()
			switch {
			case want == "" && len(got) != 0:
				t.Errorf("%q moved the body: %+v", text, got)
			case want != "" && (len(got) != 1 || got[0].Command != want || got[0].Speed != 1 || got[0].RequestID == nil || *got[0].RequestID != *f.UttID):
				t.Errorf("%q sent %+v, want %s", text, got, want)
			}
		}
		s.hear(t, "Stop moving!", "hall")
		if got := stops.All(); len(got) != 1 {
			t.Errorf("the body was stopped %d times", len(got))
		}
	})
}
