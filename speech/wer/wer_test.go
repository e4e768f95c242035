package wer_test

import (
	"testing"

	"github.com/gotars/tars/speech/wer"
)

func TestErrorsAreCountedInWords(t *testing.T) {
	tests := map[string]struct {
		said, heard string
		want        wer.Errors
	}{
		"the same words":                {"go forward ten meters", "go forward ten meters", wer.Errors{Wrong: 0, Words: 4}},
		"case and punctuation":          {"Thank you. Please hold!", "thank you, please hold", wer.Errors{Wrong: 0, Words: 4}},
		"numbers as digits":             {"go forward ten meters", "Go forward 10 meters.", wer.Errors{Wrong: 0, Words: 4}},
		"titles":                        {"mister john", "Mr. John", wer.Errors{Wrong: 0, Words: 2}},
		"hyphens":                       {"cold hearted and ill disposed", "cold-hearted and ill-disposed", wer.Errors{Wrong: 0, Words: 5}},
		"apostrophes of either kind":    {"I'm here", "I’m here", wer.Errors{Wrong: 0, Words: 2}},
		"one word replaced":             {"seven of clubs", "seven of cups", wer.Errors{Wrong: 1, Words: 3}},
		"one word left out":             {"ten of clubs", "ten clubs", wer.Errors{Wrong: 1, Words: 3}},
		"one word put in":               {"ten of clubs", "the ten of clubs", wer.Errors{Wrong: 1, Words: 3}},
		"nothing heard":                 {"ten of clubs", "", wer.Errors{Wrong: 3, Words: 3}},
		"heard though nothing was said": {"", "thank you", wer.Errors{Wrong: 2, Words: 0}},
		"nothing at all":                {"", "...", wer.Errors{Wrong: 0, Words: 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := wer.Of(tt.said, tt.heard); got != tt.want {
				t.Errorf("Of(%q, %q) = %+v, want %+v", tt.said, tt.heard, got, tt.want)
			}
		})
	}
}

func TestTheRateOfASetIsThatOfTheSum(t *testing.T) {
	sum := wer.Of("one two three", "one two").Add(wer.Of("four", "four"))
	if got := sum.Rate(); got != 0.25 {
		t.Errorf("rate is %v, want 0.25", got)
	}
}
