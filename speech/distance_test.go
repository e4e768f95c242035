package speech_test

import (
	"testing"

	"github.com/gotars/tars/speech"
)

func TestEditDistance(t *testing.T) {
	tests := map[string]struct {
		a, b string
		want int
	}{
		"the same":       {"tars", "tars", 0},
		"one replaced":   {"tars", "tarz", 1},
		"one more":       {"tars", "taras", 1},
		"one less":       {"tars", "tas", 1},
		"nothing":        {"", "abc", 3},
		"both":           {"kitten", "sitting", 3},
		"the other way":  {"sitting", "kitten", 3},
		"other alphabet": {"größe", "große", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := speech.EditDistance([]rune(tt.a), []rune(tt.b)); got != tt.want {
				t.Errorf("EditDistance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
			}
		})
	}
}
