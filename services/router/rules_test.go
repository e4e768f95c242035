package router

import (
	"testing"
	"time"
)

func TestAnswer(t *testing.T) {
	now := time.Date(2026, 1, 2, 15, 5, 0, 0, time.Local)
	tests := map[string]string{
		"What time is it?":                      "It is 3:05 PM.",
		"what time is it":                       "It is 3:05 PM.",
		"Could you tell me the time, please?":   "It is 3:05 PM.",
		"What’s the time?":                      "It is 3:05 PM.",
		"What time does the train leave?":       "",
		"What time is it in Atlantis?":          "",
		"Okay, what time is it?":                "It is 3:05 PM.",
		"What day is it today?":                 "It is Friday.",
		"This time is it good?":                 "",
		"Hello!":                                "Hello! How can I help?",
		"Hey there.":                            "Hello! How can I help?",
		"Good morning, TARS.":                   "Hello! How can I help?",
		"They said hi to me.":                   "",
		"Hi, what is the weather like?":         "",
		"Say I will be back.":                   "I will be back.",
		`say "Good night."`:                     "Good night.",
		"Please say cheese":                     "cheese",
		`say ""`:                                "",
		"say something nice":                    "",
		"Say that again":                        "",
		"What did he say yesterday":             "",
		"Say, what do you think?":               "",
		"Say hello in French":                   "",
		"Say three nice things about my mother": "",
		"Say the alphabet backwards":            "",
		"Say a prayer":                          "",
		"Say my name":                           "",
		"Say hello to Anna":                     "",
		"Say how old you are":                   "",
		"Say good morning in Japanese, please":  "",
		"Say it slower":                         "",
		"Say The weather will be sunny in the morning, with some rain in the evening.": "The weather will be sunny in the morning, with some rain in the evening.",
		"Say Hello in French":               "",
		"Say the word banana":               "banana",
		"Can you say cheese?":               "cheese?",
		"Repeat after me: the sea is blue.": "the sea is blue.",
		"Say: three nice things":            "three nice things",
		`Say "three nice things".`:          "three nice things",
		"Say good morning, everybody":       "good morning, everybody",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			if got, _ := answerByRule(text, now); got.text != want {
				t.Errorf("got %q, want %q", got.text, want)
			}
		})
	}
}
