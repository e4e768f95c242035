package turnend_test

import (
	"math"
	"testing"

	"github.com/gotars/tars/services/stt/turnend"
)

// TestWordsTellWhetherSomethingFollows waits with medium eagerness for what was said.
func TestWordsTellWhetherSomethingFollows(t *testing.T) {
	const over, doubt, open = 200 * ms, 900 * ms, 1600 * ms
	for name, c := range map[string]struct {
		lang string
		want int64 // milliseconds
		said []string
	}{
		"words that want another": {"en", open.Milliseconds(), []string{
			"Turn on the", "And so, my fellow Americans, and", "I would like to.", "Remind me to call um", "Set a timer for", "What is the", "It is nice. But",
			"Is there any milk left in?", "What is the weather like in"}},
		"a clause that wants another":            {"en", open.Milliseconds(), []string{"If it rains tomorrow.", "When I get home"}},
		"numbers in progress":                    {"en", open.Milliseconds(), []string{"My number is 555 12", "call 0171"}},
		"what is broken off":                     {"en", open.Milliseconds(), []string{"Well, I think that...", "Buy milk, eggs,"}},
		"a list without an end":                  {"en", open.Milliseconds(), []string{"We need flour, sugar."}},
		"a word or two":                          {"en", doubt.Milliseconds(), []string{"Paris.", "the red one", ""}},
		"a short sentence, which may go on":      {"en", doubt.Milliseconds(), []string{"Turn on the light.", "Tell me a story."}},
		"words that stand alone":                 {"en", over.Milliseconds(), []string{"Yes.", "no", "Stop!"}},
		"a long sentence":                        {"en", over.Milliseconds(), []string{"If it rains, take an umbrella with you to the office.", "Play some quiet jazz in the living room and in the hall."}},
		"a question":                             {"en", over.Milliseconds(), []string{"What time is it?", "what time is it now please", "It is cold. Is it going to rain?"}},
		"German, words that want another":        {"de", open.Milliseconds(), []string{"Mach das Licht in der", "Wenn es morgen regnet.", "Ich möchte, dass", "Erinnere mich an ähm"}},
		"German, a question":                     {"de", over.Milliseconds(), []string{"Wie spät ist es?", "Wie wird das Wetter morgen?"}},
		"German, a word that stands alone":       {"de", over.Milliseconds(), []string{"Ja.", "stopp"}},
		"a language without data, a question":    {"pl", over.Milliseconds(), []string{"Która jest teraz godzina?"}},
		"a language without data, words":         {"pl", doubt.Milliseconds(), []string{"dobrze tak"}},
		"a script without spaces, a sentence":    {"ja", over.Milliseconds(), []string{"台所の電気をつけてから音楽を流してください。"}},
		"a script without spaces, two syllables": {"zh", doubt.Milliseconds(), []string{"你好"}},
	} {
		for _, said := range c.said {
			if got := turnend.Medium.Wait(turnend.Pause{Text: said, Lang: c.lang, TextKnown: true}); got.Milliseconds() != c.want {
				t.Errorf("%s: %q is waited for %v, want %d ms", name, said, got, c.want)
			}
		}
	}
}

func TestEvidenceHasANameForEachNumber(t *testing.T) {
	names, values := turnend.Evidence(turnend.Pause{Text: "Turn on the", TextKnown: true})
	if len(names) != len(values) || names[0] != "bias" || values[0] != 1 {
		t.Errorf("%d names of %d numbers: %v %v", len(names), len(values), names, values)
	}
}

func FuzzLikelihood(f *testing.F) {
	f.Add("If it rains. And 555", "en", 0.5)
	f.Add("台所の", "ja", 1.0)
	f.Fuzz(func(t *testing.T, text, lang string, finished float64) {
		p := turnend.Pause{Text: text, Lang: lang, TextKnown: true, Finished: finished, FinishedKnown: true}
		if l := p.Likelihood(); math.IsNaN(l) || l < 0 || l > 1 {
			t.Errorf("%q has finished with %v", text, l)
		}
	})
}
