package clock_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/speech/clock"
)

func TestAnswers(t *testing.T) {
	const (
		isTime = "It is 2:30 PM."
		isDay  = "It is Saturday."
		isDate = "It is Saturday, November 28, 2026."
		uhr    = "Es ist 14:30 Uhr."
	)
	now := time.Date(2026, 11, 28, 14, 30, 0, 0, time.FixedZone("CET", 3600))
	tests := map[string]string{
		"What time is it?":                         isTime,
		"What time is it, TARS?":                   isTime,
		"Okay, what time is it?":                   isTime,
		"Hey TARS, um, what time is it right now?": isTime,
		"What's the time?":                         isTime,
		"what’s the time please":                   isTime,
		"Could you please tell me the time?":       isTime,
		"Do you have the time?":                    isTime,
		"Excuse me, do you know what time it is?":  isTime,
		"Tell me what time it is now.":             isTime,
		"Time?":                                    isTime,
		"What is the current time, thank you?":     isTime,
		"And now, how late is it?":                 isTime,
		"Quick question: what time is it?":         isTime,
		"What time do you have?":                   isTime,

		"What day is it today?":            isDay,
		"What day is today?":               isDay,
		"Which day of the week is it?":     isDay,
		"So what day is it, then?":         isDay,
		"What's today?":                    isDay,
		"Can you tell me what day it is?":  isDay,
		"What's the date?":                 isDate,
		"What is today's date, please?":    isDate,
		"What date is it today?":           isDate,
		"Tell me the date.":                isDate,
		"Okay TARS, what's the date today": isDate,

		"What day is tomorrow?":     "Tomorrow is Sunday, November 29, 2026.",
		"What's tomorrow's date?":   "Tomorrow is Sunday, November 29, 2026.",
		"What day was it yesterday": "Yesterday was Friday, November 27, 2026.",
		"What month is it?":         "It is November 2026.",
		"What year are we in?":      "It is 2026.",
		"What week is it?":          "It is week 48 of 2026.",

		"What time is it in Tokyo?":              "In Tokyo it is 10:30 PM on Saturday.",
		"What's the time in New York right now?": "In New York it is 8:30 AM on Saturday.",
		"What time is it now in Sydney, please?": "In Sydney it is 12:30 AM on Sunday.",
		"What is the date in Auckland?":          "It is Sunday, November 29, 2026.",

		"Wie spät ist es?":                            uhr,
		"Wie viel Uhr ist es gerade?":                 uhr,
		"Kannst du mir bitte sagen, wie spät es ist?": uhr,
		"TARS, wie spät haben wir es?":                uhr,
		"Welcher Tag ist heute?":                      "Heute ist Samstag.",
		"Welchen Tag haben wir heute?":                "Heute ist Samstag.",
		"Den Wievielten haben wir heute?":             "Heute ist Samstag, der 28. November 2026.",
		"Wie spät ist es in Tokio?":                   "In Tokio ist es am Samstag 22:30 Uhr.",

		"What time does the train leave?":            "",
		"What time is it in Atlantis?":               "",
		"What time is dinner?":                       "",
		"What day is Christmas?":                     "",
		"What is the best time to visit Paris?":      "",
		"What is time?":                              "",
		"How much time is left?":                     "",
		"What day is it good to plant roses?":        "",
		"The time machine is a novel.":               "",
		"What year was Mozart born?":                 "",
		"What is today's weather?":                   "",
		"Wie spät fährt der Zug?":                    "",
		"What time is it and what is the weather?":   "",
		"Date ideas":                                 "",
		"What's the date of the battle of Hastings?": "",
	}
	for question, want := range tests {
		if got, ok := clock.Answer(question, "en", now); got != want || ok != (want != "") {
			t.Errorf("%q is answered %q, want %q", question, got, want)
		}
	}
}

func TestPlacesHaveZones(t *testing.T) {
	for _, place := range clock.Places() {
		if _, err := time.LoadLocation(place); err != nil {
			t.Error(err)
		}
	}
}
