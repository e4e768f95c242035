package router

import (
	"testing"

	"github.com/gotars/tars/speech/phrases"
)

// testPhrases are the phrases that come with the router.
func testPhrases(t *testing.T) *phrases.Book {
	t.Helper()
	b, err := phrases.NewBook([]string{"hey tars"}, "")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWakePhraseIsFound(t *testing.T) {
	tests := map[string]struct {
		text, rest string
		woken      bool
	}{
		"with a comma":                {"Hey TARS, wave.", "wave.", true},
		"with a comma inside":         {"Hey, Tars. What's up?", "What's up?", true},
		"alone":                       {"hey tars", "", true},
		"not at the start":            {"I said hey tars", "I said hey tars", false},
		"another word":                {"hey tarsier", "hey tarsier", false},
		"half of it":                  {"hey", "hey", false},
		"the rest is unchanged":       {"hey tars Say Ünder 3.5", "Say Ünder 3.5", true},
		"as it was understood":        {"Hey, Tarz, wave.", "wave.", true},
		"with another vowel":          {"Hay Tars wave.", "wave.", true},
		"with a letter more":          {"Hey Tarse, wave.", "wave.", true},
		"behind a filler":             {"OK hey Tars, wave.", "wave.", true},
		"behind two fillers":          {"Oh, okay, hey Tars, wave.", "wave.", true},
		"behind another sentence":     {"Turn it off. Hey Tars, wave.", "wave.", true},
		"the second phrase":           {"OK computer, wave.", "wave.", true},
		"a word that sounds unlike":   {"Hey cars, wave.", "Hey cars, wave.", false},
		"in the middle of a sentence": {"He told me hey Tars is its name.", "He told me hey Tars is its name.", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rest, woken := findWakePhrase(tt.text, []string{"ok computer", "hey tars"}, testPhrases(t), true)
			if rest != tt.rest || woken != tt.woken {
				t.Errorf("got %q %v, want %q %v", rest, woken, tt.rest, tt.woken)
			}
		})
	}
	if rest, woken := findWakePhrase("Turn it off. Hey Tars, wave.", []string{"hey tars"}, testPhrases(t), false); woken || rest != "Turn it off. Hey Tars, wave." {
		t.Errorf("without a wake word, what stands before the phrase is part of the request: got %q %v", rest, woken)
	}
}
