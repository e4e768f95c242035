package memory

import "testing"

// Questions come without marks from recognisers, and statements with "where" and "when" in
// them are none.
func TestKinds(t *testing.T) {
	tests := map[string]lineKind{
		"My cat is called Miso.":                    told,
		"my cat is called miso":                     told,
		"My cat is called Miso, right?":             told,
		"Remember that the key is under the mat.":   told,
		"When I was young I lived in Rome.":         told,
		"What a day.":                               told,
		"How I love that smell":                     told,
		"Do you know Ann? She lives in Berlin.":     told,
		"Have a look, the door is green.":           told,
		"The key? It is under the mat.":             told,
		"Where is my key":                           asked,
		"hey tars where's my key":                   asked,
		"Okay, so where did I put the key":          asked,
		"the boat house key, where is it":           asked,
		"Is the door green":                         asked,
		"did you see the key":                       asked,
		"Do you remember the key?":                  asked,
		"Tell me where the key is.":                 asked,
		"can you tell me about the boat":            asked,
		"I wonder where the key is":                 asked,
		"I'd like to know where the key is":         asked,
		"I want to know where the key is":           asked,
		"Wo ist mein Schlüssel":                     asked,
		"Turn on the lamp in the kitchen.":          ordered,
		"Could you add milk to the list?":           asked,
		"Set a timer for ten minutes":               ordered,
		"Good night.":                               ordered,
		"A: You said: The key is under the mat.":    quoted,
		"A: I remember nothing about elephants.":    quoted,
		"A: I'm sorry, I don't know that.":          quoted,
		"A: Your timer for ten minutes is set.":     ordered,
		"A: It is half past two.":                   ordered,
		"A: The key is under the mat.":              told,
		"A: Would you like to hear more?":           asked,
		"A: You have three appointments on Monday.": told,
	}
	for text, want := range tests {
		l := Line{Role: user, Text: text}
		if len(text) > 3 && text[:3] == "A: " {
			l = Line{Role: assistant, Text: text[3:]}
		}
		if got := kindOf(l); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
}

func TestSuperseding(t *testing.T) {
	tests := map[string]struct {
		old, later string
		want       bool
	}{
		"another place":           {"The ladder is in the cellar.", "The ladder is in the shed.", true},
		"another name":            {"My cat is called Miso.", "My cat is called Luna.", true},
		"another time":            {"The meeting is at nine.", "The meeting is at half past ten.", true},
		"it was moved":            {"The spare key is under the flower pot.", "I moved the spare key to the garage shelf.", true},
		"it is so now":            {"My boss is Mrs Keller.", "My boss is Mister Novak now.", true},
		"another number of them":  {"We have three chickens.", "We have five chickens now.", true},
		"two qualities":           {"My car is red.", "My car is dirty.", false},
		"two likings":             {"I like tea.", "I like coffee.", false},
		"two allergies":           {"I am allergic to penicillin.", "I am allergic to nuts.", false},
		"two people":              {"My sister lives in Berlin.", "My brother lives in Hamburg.", false},
		"two meetings":            {"The meeting with Ann is on Monday.", "The meeting with Bob is on Tuesday.", false},
		"two plans":               {"We might drive to Bergen later.", "We might drive to Krakow tomorrow.", false},
		"the same again":          {"The ladder is in the cellar.", "the ladder is in the cellar", false},
		"something else changed":  {"The wifi password is on the fridge.", "I changed the tyres of the car.", false},
		"two things that we have": {"We have a dog.", "We have a cat.", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var x evidence
			at := func(text string) claim {
				x = evidence{line: Line{Role: user, Text: text}, kind: kindOf(Line{Role: user, Text: text}), stems: questionStems(text)}
				return claimOf(x)
			}
			if got := at(tt.later).supersedes(at(tt.old), questionStems(tt.old)); got != tt.want {
				t.Errorf("%q supersedes %q: %v", tt.later, tt.old, got)
			}
		})
	}
}
