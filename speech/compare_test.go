package speech_test

import (
	"strings"
	"testing"

	"github.com/gotars/tars/speech"
)

func TestWhatIsReadAlikeIsComparedAlike(t *testing.T) {
	tests := map[string]struct {
		lang  string
		forms []string
		want  string
	}{
		"a time":                  {"en", []string{"It is 3:05 PM.", "it is three oh five p m", "It is 3.05 p.m.", "it is three-oh-five pm"}, "it is 3 0 5 pm"},
		"a full hour":             {"en", []string{"At 3:00 PM", "at three o'clock pm", "at 3 pm", "At 3.00 pm.", "at 3.00 p.m."}, "at 3 pm"},
		"half past":               {"en", []string{"10:30", "ten thirty"}, "1 0 3 0"},
		"a temperature":           {"en", []string{"It is -5°C.", "it is minus five degrees celsius", "It is negative 5 degrees Celsius"}, "it is minus 5 degrees celsius"},
		"a large number":          {"en", []string{"1,250 kWh & rising", "1250 kilowatt hours and rising", "one thousand two hundred and fifty kilowatt hours and rising", "twelve hundred fifty kilowatt hours and rising"}, "1 2 5 0 kilowatt hours and rising"},
		"a year":                  {"en", []string{"in 1999", "in nineteen ninety-nine", "in one thousand nine hundred ninety nine"}, "in 1 9 9 9"},
		"millions":                {"en", []string{"2,000,305", "two million three hundred and five", "2 million 305"}, "2 0 0 0 3 0 5"},
		"thousands in millions":   {"en", []string{"2,305,041", "two million three hundred five thousand and forty one"}, "2 3 0 5 0 4 1"},
		"a decimal":               {"en", []string{"3.14", "three point one four"}, "3 1 4"},
		"an ordinal":              {"en", []string{"the 21st of May", "the twenty-first of May"}, "the 2 1 of may"},
		"money":                   {"en", []string{"$25.50", "twenty-five dollars and fifty cents"}, "2 5 dollars and 5 0 cents"},
		"and between words":       {"en", []string{"two and three", "2 and 3"}, "2 and 3"},
		"a product":               {"en", []string{"6 × 7 = 42", "six times seven equals forty two", "6x7 equals 42", "6 x 7 equals 42"}, "6 times 7 equals 4 2"},
		"a name with a dot":       {"en", []string{"It runs on .NET.", "it runs on .net", "it runs on dot net"}, "it runs on dot net"},
		"a price is no hour":      {"en", []string{"it costs 6.00"}, "it costs 6 0 0"},
		"percent":                 {"en", []string{"50%", "fifty per cent"}, "5 0 percent"},
		"a contraction":           {"en", []string{"It's so, isn't it?", "it is so is not it", "It’s so, isn’t it?"}, "it is so is not it"},
		"spelled":                 {"en", []string{"the U.S.A.", "the u s a"}, "the usa"},
		"a German time":           {"de", []string{"Es ist 15:05 Uhr.", "es ist fünfzehn Uhr fünf", "Es ist 15.05 Uhr"}, "es ist 1 5 uhr 5"},
		"a German number":         {"de", []string{"1.250 kWh", "eintausendzweihundertfünfzig Kilowattstunden", "1250 Kilowattstunden"}, "1 2 5 0 kilowattstunden"},
		"a German temperature":    {"de", []string{"-21 °C", "minus einundzwanzig Grad Celsius"}, "minus 2 1 grad celsius"},
		"a German decimal":        {"de", []string{"3,5 Liter", "drei Komma fünf Liter"}, "3 5 liter"},
		"a German ordinal":        {"de", []string{"am 3. Mai", "am dritten Mai"}, "am 3 mai"},
		"a German article":        {"de", []string{"Das ist ein Hund."}, "das ist ein hund"},
		"a script without spaces": {"ja", []string{"今日は"}, "今 日 は"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, form := range tt.forms {
				if got := strings.Join(speech.ComparableWords(form, tt.lang), " "); got != tt.want {
					t.Errorf("%q is compared as %q, want %q", form, got, tt.want)
				}
			}
		})
	}
}
