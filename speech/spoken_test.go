package speech_test

import (
	"strings"
	"testing"

	"github.com/gotars/tars/speech"
)

// said is a text and how it is said.
type said struct{ lang, text, want string }

// TestSignsAreSaidInWords has a table for each class of signs, with the language
// before the text; none is English.
func TestSignsAreSaidInWords(t *testing.T) {
	classes := map[string][]said{
		"units": {
			{"", "It is 20°C.", "It is 20 degrees Celsius."},
			{"", "Drive 50 km/h, not 1 km/h", "Drive 50 kilometres per hour, not 1 kilometre per hour"},
			{"", "5kg, 2 lbs and 3 ft", "5 kilograms, 2 pounds and 3 feet"},
			{"", "12 m², 3 m³ and 9.81 m/s²", "12 square metres, 3 cubic metres and 9.81 metres per second squared"},
			{"", "1 GB at 100 Mbit/s", "1 gigabyte at 100 megabits per second"},
			{"", "3-5 km", "3 to 5 kilometres"},
			{"", "1,250 kWh & rising", "1,250 kilowatt hours and rising"},
			{"", "the speed in km/h", "the speed in kilometres per hour"},
			{"", "5 minutes, 3 moles and 2 people", "5 minutes, 3 moles and 2 people"},
			{"de", "Es sind 20°C & es regnet.", "Es sind 20 Grad Celsius und es regnet."},
			{"de", "130 km/h bei 1,5 l", "130 Kilometer pro Stunde bei 1,5 Liter"},
			{"fr", "20 °C, 5 km", "20 degrés Celsius, 5 kilomètres"},
			{"es", "90 km/h", "90 kilómetros por hora"},
			{"it", "20°C e 3 kg", "20 gradi Celsius e 3 chilogrammi"},
		},
		"signs": {
			{"", "A&amp;B &#39;q&#39;.", "A and B 'q'."},
			{"", "R&D = fun", "R and D equals fun"},
			{"", "a ≥ b, a ≠ c", "a at least b, a is not c"},
			{"", "50% off", "50 percent off"},
			{"", "-5°C or +3", "minus 5 degrees Celsius or plus 3"},
			{"", "2 + 3 = 5, 2+3=5", "2 plus 3 equals 5, 2 plus 3 equals 5"},
			{"", "6 × 7, 6 * 7, 6÷2", "6 times 7, 6 times 7, 6 divided by 2"},
			{"", "#5 on the list", "number 5 on the list"},
			{"", "A → B", "A to B"},
			{"de", "10 % & mehr", "10 Prozent und mehr"},
			{"de", "2 + 3 = 5", "2 plus 3 gleich 5"},
			{"fr", "10 % & plus", "10 pour cent et plus"},
			{"pl", "20°C & 10 %", "20°C & 10 %"}, // nothing English in a language that is not known
		},
		"fractions": {
			{"", "3/4 cup", "three quarters cup"},
			{"", "2 1/2 cups", "2 and one half cups"},
			{"", "½ and 2½", "one half and 2 and one half"},
			{"", "1/3, 2/3", "one third, two thirds"},
			{"", "9/11 and 24/7", "9/11 and 24 7"},
			{"de", "3/4 Liter", "drei Viertel Liter"},
			{"fr", "1/4", "un quart"},
		},
		"powers": {
			{"", "10^6, 10^-3, x^2", "10 to the 6, 10 to the minus 3, x squared"},
			{"", "x^{10} and x^n", "x to the 10 and x to the n"},
			{"", "x² + y³", "x squared plus y cubed"},
			{"", "10⁻⁹", "10 to the minus 9"},
			{"", "2^(n)", "2 to the n"},
			{"de", "10^6", "10 hoch 6"},
			{"de", "x²", "x Quadrat"},
		},
		"money": {
			{"", "$25.5T", "25.5 trillion dollars"},
			{"", "$1 and $5", "1 dollar and 5 dollars"},
			{"", "$3.50, $0.99 and $2.00", "3 dollars and 50 cents, 99 cents and 2 dollars"},
			{"", "£3m, €1.2 billion", "3 million pounds, 1.2 billion euros"},
			{"", "$1,250", "1,250 dollars"},
			{"", "$5-10", "5 to 10 dollars"},
			{"", "-$5", "minus 5 dollars"},
			{"", "¥500", "500 yen"},
			{"de", "12,50 €", "12 Euro 50"},
			{"de", "€5 Mio.", "5 Millionen Euro"},
			{"fr", "3 €", "3 euros"},
		},
		"ranges": {
			{"", "3-5 minutes", "3 to 5 minutes"},
			{"", "2019–2021", "2019 to 2021"},
			{"", "~5, 3~5", "about 5, 3 to 5"},
			{"", "call 555-1234", "call 555-1234"},
			{"", "they won 3-2", "they won 3-2"},
			{"", "9 - 4", "9 minus 4"},
			{"", "COVID-19 and B-52", "COVID-19 and B-52"},
			{"", "10:30-11:15", "10:30-11:15"},
			{"de", "3-5 Minuten", "3 bis 5 Minuten"},
			{"es", "3–5", "3 a 5"},
		},
		"dates": {
			{"", "on 2026-11-28", "on November 28, 2026"},
			{"", "on 3/4/2026", "on March 4, 2026"},
			{"de", "am 28.11.2026", "am 28. November 2026"},
			{"de", "am 3/4/2026", "am 3. April 2026"},
			{"fr", "le 2026-07-14", "le 14 juillet 2026"},
			{"", "2026-13-45", "2026-13-45"},
		},
		"Roman numerals": {
			{"", "Henry VIII", "Henry the eighth"},
			{"", "World War II", "World War 2"},
			{"", "Chapter IV", "Chapter 4"},
			{"", "Plan I and Vitamin C", "Plan I and Vitamin C"},
			{"", "They watched Rocky III, then Saw VIII.", "They watched Rocky 3, then Saw 8."},
			{"", "Apollo XIII came back", "Apollo 13 came back"},
			{"", "Give him an IV, or Malcolm X, or XXX", "Give him an IV, or Malcolm X, or XXX"},
			{"", "section ii and part iii, the III", "section ii and part iii, the III"},
			{"de", "Rocky III. Dann Star Trek II.", "Rocky 3. Dann Star Trek 2."},
			{"de", "Ludwig XIV. war König", "Ludwig der Vierzehnte war König"},
			{"fr", "Louis XIV", "Louis quatorze"},
		},
		"names": {
			{"", "C#, F# and C++", "C sharp, F sharp and C plus plus"},
			{"", "on .NET", "on dot net"},
			{"", "a .txt file , or .5 cups .", "a .txt file, or .5 cups."},
			{"", `5'11"`, "5 feet 11 inches"},
			{"", "24/7", "24 7"},
			{"", "and/or", "and or"},
			{"", "AC/DC, N/A, an A/B test and CI/CD", "AC DC, N A, an A B test and CI CD"},
			{"", "if he/she his/her says yes/no (true/false)", "if he she his her says yes no (true false)"},
			{"", "60 mph, 5 m/s and 2/3", "60 miles per hour, 5 metres per second and two thirds"},
			{"de", "er/sie hört AC/DC", "er sie hört AC DC"},
			{"", "/usr/bin/env and a/b/c", "/usr/bin/env and a/b/c"},
			{"de", `5'11"`, "5 Fuß 11 Zoll"},
		},
		"addresses": {
			{"", "Go to https://example.org/a now.", "Go to link now."},
			{"de", "Siehe https://example.org.", "Siehe Link."},
			{"fr", "Voir www.example.org !", "Voir lien!"},
			{"pl", "Zobacz https://example.org dziś.", "Zobacz dziś."},
			{"", "<https://example.org>", "link"},
		},
	}
	for class, cases := range classes {
		if len(cases) < 5 {
			t.Errorf("%s: %d cases, want five or more", class, len(cases))
		}
		for _, c := range cases {
			t.Run(class+": "+c.text, func(t *testing.T) {
				if got := speech.Speakable(c.text, c.lang); got != c.want {
					t.Errorf("Speakable(%q, %q)\n= %q\nwant %q", c.text, c.lang, got, c.want)
				}
			})
		}
	}
}

func TestNoEnglishInAnotherLanguage(t *testing.T) {
	text := "20°C & 50 km/h, 3/4, 10^6, x², $25.5T, 3-5, ~5, 2026-11-28, -5, 2 + 3 = 5, 6 × 7, #5, 5'11\", ½, ≥, 10 %, https://example.org, 7 kWh"
	english := strings.Fields(speech.Speakable(text, "en"))
	for _, lang := range []string{"de", "fr", "es", "it", "pl", "de-AT"} {
		got := speech.Speakable(text, lang)
		for _, w := range []string{"and", "degrees", "hour", "to", "about", "equals", "times", "number", "percent", "quarters", "feet"} {
			for _, f := range strings.FieldsFunc(got, func(r rune) bool { return strings.ContainsRune(" ,.", r) }) {
				if f == w {
					t.Errorf("%s: %q in %q (English: %q)", lang, w, got, english)
				}
			}
		}
	}
}
