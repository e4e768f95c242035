package turnend_test

import (
	"testing"

	"github.com/gotars/tars/services/stt/turnend"
)

func TestWordsTellWhetherSomethingFollows(t *testing.T) {
	tests := map[turnend.Completeness][][2]string{
		turnend.Open: {
			{"en", "Turn on the"}, {"en", "And so, my fellow Americans, and"}, {"en", "I would like to."}, {"en", "Remind me to call um"}, {"en", "If it rains tomorrow."},
			{"en", "Set a timer for"}, {"en", "My number is 555 12"}, {"en", "Well, I think that..."}, {"en", "Buy milk, eggs,"}, {"en", "What is the"}, {"en", "It is nice. But"},
			{"de", "Mach das Licht in der"}, {"de", "Wenn es morgen regnet."}, {"de", "Ich möchte, dass"}, {"de", "Erinnere mich an ähm"},
		},
		turnend.Unclear: {{"en", "Paris."}, {"en", ""}, {"en", "the red one"}, {"en", "No."}, {"pl", "dobrze tak"}, {"de", "Ein Apfel"}},
		turnend.Complete: {
			{"en", "Turn on the light."}, {"en", "If it rains, take an umbrella."}, {"en", "I was born in 1984."}, {"en", "Set a timer for 5 minutes."}, {"de", "Mach das Licht an."},
			{"de", "Wenn es regnet, bleibe ich hier."}, {"pl", "Włącz światło w kuchni."},
		},
		turnend.Question: {{"en", "What time is it?"}, {"en", "what time is it now"}, {"en", "It is cold. Is it going to rain?"}, {"de", "Wie spät ist es?"}, {"pl", "Która jest godzina?"}},
	}
	for want, texts := range tests {
		for _, c := range texts {
			if got := turnend.Judge(c[1], c[0]); got != want {
				t.Errorf("%s: %q ends as %d, want %d", c[0], c[1], got, want)
			}
		}
	}
}

func FuzzJudge(f *testing.F) {
	f.Add("If it rains. And 555", "en")
	f.Fuzz(func(t *testing.T, text, lang string) {
		if c := turnend.Judge(text, lang); c < turnend.Open || c > turnend.Question {
			t.Errorf("%q ends as %d", text, c)
		}
	})
}
