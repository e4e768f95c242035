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
		"with a vowel more":           {"Hey Taurus, wave.", "wave.", true},
		"without the H":               {"A Tars, wave.", "wave.", true},
		"without the R":               {"Hey Tas, wave.", "wave.", true},
		"as one word":                 {"Heytars, wave.", "wave.", true},
		"spelled":                     {"Hey T.A.R.S., wave.", "wave.", true},
		"with a pause inside":         {"Hey, uh, Tars, wave.", "wave.", true},
		"said twice":                  {"Hey Tars. Hey Tars, wave.", "wave.", true},
		"in quotation marks":          {"\"Hey Tars,\" wave", "wave", true},
		"behind a comma":              {"Turn it off, hey Tars, wave.", "wave.", true},
		"behind a command":            {"Wave, hey Tars.", "", true},
		"okay in its other spelling":  {"Okay computer, wave.", "wave.", true},
		"a name of a letter less":     {"Hey Tara, dinner is ready.", "Hey Tara, dinner is ready.", false},
		"another name":                {"Hey Tess, dinner is ready.", "Hey Tess, dinner is ready.", false},
		"two words that are doubtful": {"He tears it up.", "He tears it up.", false},
		"words with the consonants":   {"Hey, there's a trace.", "Hey, there's a trace.", false},
		"one word of other letters":   {"Heaters are on.", "Heaters are on.", false},
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
