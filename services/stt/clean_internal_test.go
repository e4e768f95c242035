package stt

import "testing"

func TestOnlyWhatAPersonSaidIsLeft(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"speech":                     {" Turn on the light. ", "Turn on the light."},
		"blank audio":                {"[BLANK_AUDIO]", ""},
		"music":                      {" (music) ", ""},
		"a cough":                    {"*coughs*", ""},
		"a song":                     {"♪ la la ♪", ""},
		"a token":                    {"<|nospeech|>", ""},
		"speech beside a sound":      {"[door closes] Who is there?", "Who is there?"},
		"punctuation":                {"...", ""},
		"the end of a film":          {"Thanks for watching!", ""},
		"the commonest ghost":        {" you", ""},
		"thanks to the assistant":    {"Thank you.", "Thank you."},
		"a number":                   {"42", "42"},
		"what begins like a ghost":   {"You there?", "You there?"},
		"lines":                      {"one\ntwo\n", "one two"},
		"other scripts":              {"¿Qué hora es?", "¿Qué hora es?"},
		"a description never closed": {"[Music", "[Music"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := removeNonSpeech(tt.text); got != tt.want {
				t.Errorf("clean(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}
