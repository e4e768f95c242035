package speech_test

import (
	"encoding/json"
	"os"
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
			{"", "6.5 l/100 km, 95 mg/dl and 100 kWh/m²", "6.5 litres per 100 kilometres, 95 milligrams per decilitre and 100 kilowatt hours per square metre"},
			{"", "the area in km², 10 per m²", "the area in square kilometres, 10 per square metre"},
			{"", "48°51′24″ N, in the 90s and 1990s, 30s", "48 degrees 51 minutes 24 seconds N, in the 90’s and 1990’s, 30 seconds"},
			{"de", "1 Std. gehen lassen, 30 Min. Pause, 5 kg. Danach 1 Pck. Hefe", "1 Stunde gehen lassen, 30 Minuten Pause, 5 Kilogramm. Danach 1 Päckchen Hefe"},
			{"", "25℃ in 1600 A.D. in the U.S., 62/min, 7/A", "25 degrees Celsius in 1600 A.D. in the U.S., 62 per minute, 7/A"},
			{"es", "a las 8:40 h. (hora local), +5 min.)", "a las 8:40 horas (hora local), más 5 minutos)"},
			{"ja", "25℃です", "25°Cです"},
			{"", "5 min. from here, 8°C / 46°F", "5 minutes from here, 8 degrees Celsius, 46 degrees Fahrenheit"},
			{"", "1/2 km in 4K", "one half kilometre in 4K"},
			{"de", "6,5 l/100 km, 12 oz und 2 EUR/m²", "6,5 Liter pro 100 Kilometer, 12 Unzen und 2 Euro pro Quadratmeter"},
			{"fr", "100 Mbit/s, 5 mph & 50 cm²", "100 mégabits par seconde, 5 miles par heure et 50 centimètres carrés"},
			{"es", "200 kcal, 9,81 m/s²", "200 kilocalorías, 9,81 metros por segundo al cuadrado"},
			{"es", "En 2020 ha ganado, a las 5 mi madre", "En 2020 ha ganado, a las 5 mi madre"},
			{"", "3 °C–8 °C, 10%-20%", "3 degrees Celsius to 8 degrees Celsius, 10 percent to 20 percent"},
			{"de", "2 EL Öl, 150 PS, 10⁻⁶ m", "2 Esslöffel Öl, 150 PS, 10 hoch minus 6 Meter"},
			{"it", "2 mA, 300 kcal", "2 milliampere, 300 chilocalorie"},
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
			{"", "x>3 or 3 × (a+b), <5", "x greater than 3 or 3 times (a plus b), less than 5"},
			{"", "w/o &c. and √2", "without etc. and square root of 2"},
			{"es", "y/o #1", "y o número 1"},
			{"", "tea @ 5pm • now", "tea at 5pm now"},
			{"fr", "n° 5", "numéro 5"},
			{"de", "A − B", "A minus B"},
		},
		"fractions": {
			{"", "3/4 cup", "three quarters cup"},
			{"", "2 1/2 cups", "2 and one half cups"},
			{"", "½ and 2½", "one half and 2 and one half"},
			{"", "1/3, 2/3", "one third, two thirds"},
			{"", "9/11 and 24/7", "9/11 and 24 7"},
			{"de", "3/4 Liter", "drei Viertel Liter"},
			{"fr", "1/4", "un quart"},
			{"", "7/16, 11/16 and 7/10", "seven sixteenths, 11 sixteenths and 7/10"},
			{"fr", "2/5, ⅛", "deux cinquièmes, un huitième"},
			{"es", "5/6", "cinco sextos"},
			{"it", "1¾", "1 e tre quarti"},
		},
		"powers": {
			{"", "10^6, 10^-3, x^2", "10 to the 6, 10 to the minus 3, x squared"},
			{"", "x^{10} and x^n", "x to the 10 and x to the n"},
			{"", "x² + y³", "x squared plus y cubed"},
			{"", "10⁻⁹", "10 to the minus 9"},
			{"", "2^(n)", "2 to the n"},
			{"de", "10^6", "10 hoch 6"},
			{"de", "x²", "x Quadrat"},
			{"", "E = mc², H₂O", "E equals mc squared, H2O"},
			{"", "3 x 10^-9", "3 times 10 to the minus 9"},
			{"fr", "x³ et 10⁶", "x au cube et 10 puissance 6"},
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
			{"", "$5-10 million, $5M-$10M", "5 to 10 million dollars, 5 million to 10 million dollars"},
			{"", "$.99 or 5 in $", "99 cents or 5 in dollars"},
			{"", "US$5, 5 CHF and 50¢", "5 US dollars, 5 Swiss francs and 50 cents"},
			{"", "$5/month, 5 €/kg", "5 dollars per month, 5 euros per kilogram"},
			{"de", "5-10 €, 3 Millionen €, 5,- €, in €", "5 bis 10 Euro, 3 Millionen Euro, 5 Euro, in Euro"},
			{"fr", "3 Md€ et $5 million", "3 milliards d'euros et 5 millions de dollars"},
			{"es", "$25.5T", "25.5 billones de dólares"},
			{"it", "5-10 €", "5 a 10 euro"},
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
			{"de", "1.–3. Mai", "1. bis 3. Mai"},
			{"", "Mon–Fri, Sat.-Sun, Jan – Mar", "Monday to Friday, Saturday to Sunday, January to March"},
			{"", "a Paris–London train, to-do, Sun-like, May-be", "a Paris–London train, to-do, Sun-like, May-be"},
			{"de", "Mo–Fr 9–17 Uhr, Sa-So zu; Mai–Juli", "Montag bis Freitag 9 bis 17 Uhr, Samstag bis Sonntag zu; Mai bis Juli"},
			{"fr", "lun.–ven, janv.–mars", "lundi à vendredi, janvier à mars"},
			{"es", "lun-vie", "lunes a viernes"},
			{"it", "lun–ven", "lunedì a venerdì"},
			{"", "9am–5pm, 1,000-1,500", "9am to 5pm, 1,000 to 1,500"},
		},
		"dates": {
			{"", "on 2026-11-28", "on November 28, 2026"},
			{"", "on 3/4/2026", "on March 4, 2026"},
			{"de", "am 28.11.2026", "am 28. November 2026"},
			{"de", "am 3/4/2026", "am 3. April 2026"},
			{"fr", "le 2026-07-14", "le 14 juillet 2026"},
			{"", "2026-13-45", "2026-13-45"},
			{"", "28/11/2026 and 11/28/26", "November 28, 2026 and November 28, 2026"},
			{"", "2026-11-28T10:30:00Z", "November 28, 2026, 10:30"},
			{"de", "am 28.11. oder am 3.4.26, Version 3.1.", "am 28. November oder am 3. April 2026, Version 3.1."},
			{"fr", "le 01/01/2026", "le 1er janvier 2026"},
			{"it", "il 01/05/2026", "il primo maggio 2026"},
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
			{"", "Super Bowl LVIII, Chapter XLII, MIX and CD", "Super Bowl 58, Chapter 42, MIX and CD"},
			{"fr", "Le XVe et le Xe, Ce fut bien", "Le 15e et le 10e, Ce fut bien"},
			{"fr", "au XIXe siècle, le Ier mai", "au 19e siècle, le 1er mai"},
			{"es", "el siglo XXI, Isabel II", "el siglo 21, Isabel segunda"},
			{"it", "il XX secolo", "il ventesimo secolo"},
			{"de", "im II. Weltkrieg, im XIX. Jahrhundert", "im 2. Weltkrieg, im 19. Jahrhundert"},
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
			{"", "C++17 and .NET8", "C plus plus 17 and dot net 8"},
			{"", `He is 6’2”, with a 27" screen`, "He is 6 feet 2 inches, with a 27 inches screen"},
			{"", `He said "I am 27" and left`, `He said "I am 27" and left`},
			{"fr", `5'11"`, "5 pieds 11 pouces"},
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

// TestEveryLanguageHasTheSameSigns keeps what is said in one language from being left
// unsaid in another.
func TestEveryLanguageHasTheSameSigns(t *testing.T) {
	unlike := map[string]bool{"ha": true, "mi": true, // words in Spanish and Italian
		"Ko": true, "Mo": true, "Go": true, "To": true, "sek": true, "Std": true, "U/min": true, "tbsp": true, "tsp": true} // of one language alone
	type data struct{ Units, Currencies, Signs, Denominators map[string]json.RawMessage }
	read := func(lang string) (d data) {
		b, err := os.ReadFile("lang/" + lang + ".json")
		if err == nil {
			err = json.Unmarshal(b, &d)
		}
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	english := read("en")
	for _, lang := range []string{"de", "fr", "es", "it"} {
		d := read(lang)
		for _, maps := range [][2]map[string]json.RawMessage{{english.Units, d.Units}, {english.Currencies, d.Currencies}, {english.Signs, d.Signs}, {english.Denominators, d.Denominators}} {
			for key := range maps[0] {
				if _, there := maps[1][key]; !there && !unlike[key] {
					t.Errorf("%s has no word for %s", lang, key)
				}
			}
		}
	}
}
