package tts_test

import (
	"math"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
)

func TestWhenALineWasMadeAndSpokenIsTold(t *testing.T) {
	tests := map[string]struct {
		text string
		made float64
		why  string // begins the error; empty: none
	}{
		"a line that is spoken":   {"One two three", 0.6, ""},
		"a line that fails":       {"fail", 0, "out of breath"},
		"a line that is stopped":  {"one two three four five six seven eight nine ten", 1.2, "test"},
		"a line that breaks off":  {"One two break three", 0.4, "out of breath"},
		"a line without anything": {"…", 0, "nothing to say"},
	}
	for name, tt := range tests {
		perform(t, name, func(t *testing.T, s *stage) {
			details := kittest.Watch[contract.VoiceDetail](s.Harness)
			s.say(t, "u1", tt.text)
			if tt.why == "test" {
				time.Sleep(time.Second)
				s.control(t, contract.TtsStop, "u1")
			}
			time.Sleep(5 * time.Second)
			s.Settle()
			all := details.All()
			if len(all) != 1 || all[0].Say == "" || *all[0].UttID != "u1" {
				t.Fatalf("details %+v", all)
			}
			d, why := all[0], ""
			if d.Error != nil {
				why = *d.Error
			}
			if why != tt.why || math.Abs(d.Made-tt.made) > 0.25 {
				t.Errorf("made %.2f s, error %q; want %.2f s, %q", d.Made, why, tt.made, tt.why)
			}
			if tt.made > 0 && (d.Asked == nil || d.First == nil || d.Begun == nil || math.Abs(*d.First-*d.Asked-0.1) > 0.02 || *d.Begun < *d.First || d.Ended <= *d.Begun) {
				t.Errorf("the times are %+v", d)
			}
		})
	}
}
