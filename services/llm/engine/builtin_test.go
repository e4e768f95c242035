package engine

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTheBuiltInAnswers(t *testing.T) {
	now := func(layout string) string { return time.Now().Format(layout) }
	tests := map[string]struct {
		ask  string
		want func() string
	}{
		"the time":           {"Hey TARS, what time is it?", func() string { return "It is " + now("3:04 PM") + "." }},
		"the time, politely": {"Can you tell me the time, please?", func() string { return "It is " + now("3:04 PM") + "." }},
		"the date":           {"What's today's date?", func() string { return "It is " + now("Monday, January 2, 2006") + "." }},
		"the day":            {"what day is it today", func() string { return "It is " + now("Monday") + "." }},
		"a sum":              {"What is 17 times 23?", func() string { return "That is 391." }},
		"a sum of words":     {"how much is twelve point five percent of eighty", func() string { return "That is 10." }},
		"units":              {"Hey TARS, how many kilometres is five miles?", func() string { return "5 miles are about 8.05 kilometres." }},
		"units in words":     {"Convert three point five cups to millilitres, please.", func() string { return "3.5 cups are about 828.1 millilitres." }},
		"degrees":            {"What's minus 40 degrees Celsius in Fahrenheit?", func() string { return "-40 degrees Celsius are -40 degrees Fahrenheit." }},
		"many pounds":        {"How many kilos is a hundred and fifty pounds?", func() string { return "150 pounds are about 68.04 kilograms." }},
		"1,000 of a unit":    {"1,000 meters in miles", func() string { return "1000 meters are about 0.621 miles." }},
		"no unit":            {"How many people live in Paris?", func() string { return noModelAnswer }},
		"by zero":            {"5 divided by 0", func() string { return "Dividing by zero has no answer." }},
		"who it is":          {"Who are you?", func() string { return selfDescription }},
		"the time elsewhere": {"What time is it in UTC?", func() string { return "In UTC it is " + time.Now().UTC().Format("3:04 PM on Monday") + "." }},
		"a telephone number": {"555-1234", func() string { return noModelAnswer }},
		"one that is asked":  {"What is 555-1234?", func() string { return noModelAnswer }},
		"an area code":       {"+49 30 1234-567", func() string { return noModelAnswer }},
		"a date":             {"2026-11-28", func() string { return noModelAnswer }},
		"a date in strokes":  {"What is 24/12/2026?", func() string { return noModelAnswer }},
		"always":             {"24/7", func() string { return noModelAnswer }},
		"hyphens in a sum":   {"What is 100-30?", func() string { return "That is 70." }},
		"a fraction":         {"What is 3/4?", func() string { return "That is 0.75." }},
		"a decimal comma":    {"What is 1,5 + 2?", func() string { return "That is 3.5." }},
		"anything else":      {"What time is the train to Tokyo?", func() string { return noModelAnswer }},
		"a number":           {"what is 2024", func() string { return noModelAnswer }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // whose clock stands still
				text := ""
				use, err := NewBuiltin(nil, "").Generate(t.Context(), Prompt{Question: tt.ask}, func(d string) error { text += d; return nil })
				if text != tt.want() || use.Model != builtin || err != nil {
					t.Errorf("%s said %q, %v, want %q", use.Model, text, err, tt.want())
				}
			})
		})
	}
}
