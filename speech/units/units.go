// Package units answers questions about units of measurement, in English and German:
// "how many kilometers are 5 miles", "was sind 20 Grad Celsius in Fahrenheit".
package units

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Number reads a number in figures or words, as a text that has nothing else.
type Number func(text string) (value float64, ok bool)

// forms are the ways to ask; the groups are called to, of the unit that is wanted, and of,
// of what there is.
var forms = []*regexp.Regexp{
	regexp.MustCompile(`^(?:how many|how much|wie ?viele?) (?P<to>.+?) (?:are there in|is there in|are in|is in|are|is|fit in|fit into|go into|in|make up|make|makes|equals?|does|do|sind|ist|hat|haben|ergeben|entsprechen|passen in) (?P<of>.+?)(?: have| has| make| equal| contain)?$`),
	regexp.MustCompile(`^(?:(?:please )?(?:convert|change|turn|what is|what are|what would be|how much is|how much are|how (?:far|long|hot|warm|cold|heavy|fast|big|tall|high|large) (?:is|are)|tell me|rechne|rechnen sie|wandle|was ist|was sind|wie ?viele? (?:ist|sind)) )?(?P<of>.+) (?:in|to|into|as|nach|zu) (?P<to>.+?)(?: um| are| is)?$`),
	regexp.MustCompile(`^(?P<of>.+?) (?:is|are|equals?|makes?|sind|ist) (?:how many|how much|wie ?viele?) (?P<to>.+)$`),
}

var (
	glued  = regexp.MustCompile(`(\d)(°|[a-zäöü])`) // 5km; in m2 the figure comes last
	german = regexp.MustCompile(`\b(?:wie ?viele?|was (?:ist|sind)|rechne|rechnen sie|wandle|um)\b`)
)

// Answer answers a question that is about units and nothing else. It is in lower case, without
// punctuation at its end. Decimals are written with a comma in German answers.
func Answer(question string, number Number) (answer string, ok bool) {
	const maxWords = 20
	if len(strings.Fields(question)) > maxWords {
		return "", false
	}
	q := strings.ReplaceAll(glued.ReplaceAllString(question, "$1 $2"), "° ", "°")
	for _, form := range forms {
		m := form.FindStringSubmatch(q)
		if m == nil {
			continue
		}
		to, of := m[form.SubexpIndex("to")], m[form.SubexpIndex("of")]
		targets := byName[strings.TrimPrefix(to, "the ")]
		for _, target := range targets {
			p := parser{number: number, target: target}
			if amount, ok := p.quantity(strings.Fields(of)); ok {
				return p.say(amount, wording{german: german.MatchString(q) || isGerman(to), british: strings.Contains(q, "metre") || strings.Contains(q, "litre")}), true
			}
		}
	}
	return "", false
}

// isGerman reports whether a unit is called so in German alone.
func isGerman(text string) bool {
	for _, u := range byName[text] {
		if text == strings.ToLower(u.english.one) || text == strings.ToLower(u.english.many) || text == british(u.english.one) || text == british(u.english.many) {
			return false
		}
	}
	return len(text) > 4 && strings.ContainsAny(text, "äöüß") || len(byName[text]) > 0 && (text == strings.ToLower(byName[text][0].german.one) || text == strings.ToLower(byName[text][0].german.many))
}

// wording is how an answer is said.
type wording struct{ german, british bool }

// parser reads an amount of what can be told in the target, which it finds in parts: 6 foot 2.
type parser struct {
	number Number
	target *unit
	parts  []part
}

type part struct {
	value float64
	unit  *unit
}

// smaller is the unit of a number that follows one of these without a unit of its own.
var smaller = map[string]string{"foot": "inch", "stone": "pound", "hour": "minute", "minute": "second"}

// quantity reads words as an amount, in the base of the dimension of the target.
func (p *parser) quantity(words []string) (base float64, ok bool) {
	for i := len(words); i >= 0; i-- { // the unit is what is left of the longest number
		value := 1.0
		if i > 0 {
			if value, ok = p.value(strings.Join(words[:i], " ")); !ok {
				continue
			}
		} else if len(p.parts) > 0 {
			break
		}
		if n := len(p.parts); i == len(words) && n > 0 { // a number alone
			u := byName[smaller[p.parts[n-1].unit.english.one]]
			if len(u) == 0 {
				return 0, false
			}
			p.parts = append(p.parts, part{value, u[0]})
			return value * u[0].factor, true
		}
		for j := len(words); j > i; j-- {
			u := p.find(strings.Join(words[i:j], " "))
			if u == nil {
				continue
			}
			kept := len(p.parts)
			p.parts = append(p.parts, part{value, u})
			base := value*u.factor + u.offset
			if j == len(words) {
				return base, true
			}
			rest := words[j:]
			if rest[0] == "and" || rest[0] == "und" {
				rest = rest[1:]
			}
			if more, ok := p.quantity(rest); ok && len(rest) > 0 {
				return base + more, true
			}
			p.parts = p.parts[:kept]
		}
	}
	return 0, false
}

// find is the unit of that name which measures what the target does. Degrees alone are those
// of the other scale.
func (p *parser) find(text string) *unit {
	text = strings.TrimPrefix(text, "of ")
	if p.target.dimension == "temperature" && (text == "degrees" || text == "degree" || text == "grad" || text == "°") {
		if text = "celsius"; p.target.english.one == "degree Celsius" {
			text = "fahrenheit"
		}
	}
	for _, u := range byName[text] {
		if u.dimension == p.target.dimension {
			return u
		}
	}
	return nil
}

// amounts are numbers that are no number words.
var amounts = map[string]float64{
	"a": 1, "an": 1, "one": 1, "half a": 0.5, "half an": 0.5, "half": 0.5, "a half": 0.5, "a quarter": 0.25, "quarter of a": 0.25, "a quarter of a": 0.25, "three quarters of a": 0.75, "a dozen": 12, "a couple of": 2,
	"ein": 1, "eine": 1, "einen": 1, "einem": 1, "einer": 1, "eins": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12,
	"zwanzig": 20, "dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90, "hundert": 100, "tausend": 1000,
	"halbe": 0.5, "halber": 0.5, "halbes": 0.5, "ein halber": 0.5, "eine halbe": 0.5, "ein halbes": 0.5, "einer halben": 0.5, "einem halben": 0.5, "anderthalb": 1.5, "eineinhalb": 1.5, "zweieinhalb": 2.5,
}

// fractions follow a number.
var fractions = map[string]float64{" and a half": 0.5, " and a quarter": 0.25, " and three quarters": 0.75}

var scaled = regexp.MustCompile(`^a (hundred|thousand|million)\b`)

// value reads a number.
func (p *parser) value(text string) (float64, bool) {
	if v, ok := amounts[text]; ok {
		return v, true
	}
	for words, more := range fractions {
		if whole, ok := strings.CutSuffix(text, words); ok {
			v, ok := p.value(whole)
			return v + more, ok
		}
	}
	if strings.HasSuffix(text, " and") { // belongs to what follows
		return 0, false
	}
	return p.number(scaled.ReplaceAllString(text, "one $1"))
}

// say tells the amount, which is in the base of its dimension, in the target.
func (p *parser) say(base float64, w wording) string {
	var asked []string
	for _, part := range p.parts {
		figures, _ := spell(part.value, 12)
		asked = append(asked, figures+" "+part.unit.named(part.value, w))
	}
	value := (base - p.target.offset) / p.target.factor
	figures, exact := spell(value, 2)
	if !exact {
		figures, exact = spell(value, decimals(value))
	}
	is, about, and := "are", "about ", " and "
	if w.german {
		is, about, and = "sind", "etwa ", " und "
	}
	if len(p.parts) == 1 && p.parts[0].value == 1 {
		is = map[bool]string{false: "is", true: "ist"}[w.german]
	}
	if exact {
		about = ""
	}
	text := fmt.Sprintf("%s %s %s%s %s.", strings.Join(asked, and), is, about, figures, p.target.named(value, w))
	if w.german {
		text = strings.TrimSuffix(strings.ReplaceAll(text, ".", ","), ",") + "."
	}
	return text
}

// named is what the unit is called behind a number.
func (u *unit) named(value float64, w wording) string {
	n := u.english
	if w.german {
		n = u.german
	}
	text := n.many
	if value == 1 {
		text = n.one
	}
	if w.british && !w.german {
		text = british(text)
	}
	return text
}

// decimals is how many places behind the point are worth saying: three figures that count,
// and two places of what has fewer before it.
func decimals(v float64) int {
	switch v = math.Abs(v); {
	case v >= 100:
		return 1
	case v >= 1:
		return 2
	case v == 0:
		return 0
	}
	return 2 - int(math.Floor(math.Log10(v)))
}

// spell writes v with so many places at most, and reports whether that is all of it.
func spell(v float64, places int) (text string, exact bool) {
	scale := math.Pow(10, float64(places))
	rounded := math.Round(v*scale) / scale
	if math.Abs(v) >= 1e15 || rounded == 0 && v != 0 {
		rounded = v
	}
	return strconv.FormatFloat(rounded+0, 'f', -1, 64), math.Abs(rounded-v) <= 1e-9*math.Abs(v)
}

// parseFactor reads a factor of the table.
func parseFactor(text string) float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err) // a mistake in the table; any test finds it
	}
	return f
}
