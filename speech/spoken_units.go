package speech

import (
	"cmp"
	"regexp"
	"strings"
)

// unitPattern finds units behind numbers, and those that are nothing else anywhere.
type unitPattern struct {
	behind *regexp.Regexp
	each   *regexp.Regexp // l/100 km: a unit for each of another one
	alone  *regexp.Regexp
	both   *regexp.Regexp // 3 °C–8 °C
	rate   *regexp.Regexp // 62/min
	dotted *regexp.Regexp // 1 Std. gehen
}

func newUnitPattern(l *language) *unitPattern {
	var all, clear, small []string
	for u := range l.Units {
		all = append(all, regexp.QuoteMeta(u))
		if u[0] >= 'a' && u[0] <= 'z' && !strings.Contains(u, "/") { // 7/A is the number of a house
			small = append(small, regexp.QuoteMeta(u))
		}
		if strings.ContainsAny(u, "/²³") {
			clear = append(clear, regexp.QuoteMeta(u))
		}
	}
	const space, end = `[ \x{a0}\x{202f}-]?`, `)($|\.(?:$|[^\pL\pN])|[^\pL\pN/²³'’.])`
	const number = `((?:\d+ )?\d{1,3}/\d{1,3}|\d(?:[\d.,]*\d)?[⁻⁰¹²³⁴-⁹]*)(` + space + `)`
	any := alternatives(all)
	return &unitPattern{
		behind: regexp.MustCompile(number + `(` + any + end),
		each:   regexp.MustCompile(number + `(` + any + `)/(\d+[ \x{a0}\x{202f}]?)?(` + any + end),
		rate:   regexp.MustCompile(`(\d)/(` + alternatives(small) + end),
		dotted: regexp.MustCompile(`(\d` + space + `(?:` + any + `))\.(\s*)([),;:]|\S+)`),
		both:   regexp.MustCompile(`(\d` + space + `(?:` + any + `|[%‰]))` + ` ?[-–] ?(\d[\d.,]*` + space + `(?:` + any + `|[%‰])` + end),
		alone:  regexp.MustCompile(`(^|[\s(])((?:` + l.Per + `|a) )?(` + alternatives(clear) + end),
	}
}

func longestFirst(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) }

// sayUnits says 5 km, 20°C and 6,5 l/100 km.
func (l *language) sayUnits(text string) string {
	p := l.unitPattern()
	text = replaceGroups(p.dotted, text, func(g []string) string {
		next := following{text: g[3], known: true, complete: true}
		if g[2] == "" && !strings.Contains("),;:", g[3]) {
			return g[0]
		}
		if isName := l.CapitalNouns && next.capital() && !l.beginsSentence(next.text); isName || next.lower() || next.number() || strings.Contains("(),;:", g[3][:1]) {
			return g[1] + g[2] + g[3] // the dot is a part of the unit
		}
		return g[0]
	})
	text = p.both.ReplaceAllString(text, "$1 "+l.Range+" $2$3")
	text = replaceGroups(p.each, text, func(g []string) string {
		if _, known := l.Units[g[3]+"/"+g[5]]; known && g[4] == "" {
			return g[0]
		}
		each := plural(cmp.Or(strings.TrimSpace(g[4]), "1"), l.Units[g[5]])
		if g[4] != "" {
			each = strings.TrimSpace(g[4]) + " " + each
		}
		return g[1] + " " + plural(g[1], l.Units[g[3]]) + " " + l.Per + " " + each + g[6]
	})
	text = replaceGroups(p.rate, text, func(g []string) string { return g[1] + " " + l.Per + " " + l.Units[g[2]][0] + g[3] })
	text = replaceGroups(p.behind, text, func(g []string) string {
		if g[2] == "" && strings.Contains("BJKLN", g[3]) { // 4K and 2B are names, and 12V is no name
			return g[0]
		}
		return g[1] + " " + plural(g[1], l.Units[g[3]]) + g[4]
	})
	return replaceGroups(p.alone, text, func(g []string) string {
		number := ""
		if g[2] != "" {
			number = "1"
		}
		return g[1] + g[2] + plural(number, l.Units[g[3]]) + g[4]
	})
}

var (
	height = regexp.MustCompile(`\b(\d)['′’] ?(\d{1,2})(?:"|″|\'\'|”)`)
	inches = regexp.MustCompile(`\b(\d+(?:[.,]\d+)?)(″|")`)
	feet   = regexp.MustCompile(`\b(\d+)′`)
	// arc is a part of a degree: 48°51′24″.
	arc = regexp.MustCompile(`(\d)° ?(\d{1,2})[′'](?: ?(\d{1,2}(?:[.,]\d+)?)(?:″|"))?`)
)

// sayHeights says 5'11", a 27" screen, and 48°51′.
func (l *language) sayHeights(text string) string {
	text = replaceGroups(arc, text, func(g []string) string {
		said := g[1] + " " + l.Units["°"][1] + " " + g[2] + " " + plural(g[2], l.Units["min"]) + " "
		if g[3] != "" {
			said += g[3] + " " + plural(g[3], l.Units["s"]) + " "
		}
		return said
	})
	text = replaceGroups(height, text, func(g []string) string {
		return g[1] + " " + plural(g[1], l.Feet) + " " + g[2] + " " + plural(g[2], l.Inches)
	})
	var out strings.Builder
	at := 0
	for _, m := range inches.FindAllStringSubmatchIndex(text, -1) {
		if number, mark := text[m[2]:m[3]], text[m[4]:m[5]]; mark == "″" || strings.Count(text[:m[0]], mark)%2 == 0 { // else it ends a quotation
			out.WriteString(text[at:m[0]] + number + " " + plural(number, l.Inches))
			at = m[1]
		}
	}
	return replaceGroups(feet, out.String()+text[at:], func(g []string) string { return g[1] + " " + plural(g[1], l.Feet) })
}

var fraction = regexp.MustCompile(`(\d+ )?\b(\d{1,2}/\d{1,4})\b`)

// sayFractions says 3/4 and 2 1/2, where the fraction has a name.
func (l *language) sayFractions(text string) string {
	var out strings.Builder
	at := 0
	for _, m := range fraction.FindAllStringSubmatchIndex(text, -1) {
		said := l.fraction(text[m[4]:m[5]])
		before, after := text[:m[0]], text[m[1]:]
		if said == "" || strings.HasPrefix(after, "/") || before != "" && strings.IndexByte("/.,-", before[len(before)-1]) >= 0 {
			continue
		}
		out.WriteString(text[at:m[0]])
		if m[2] >= 0 {
			out.WriteString(text[m[2]:m[3]] + l.AndFraction + " ")
		}
		out.WriteString(said)
		at = m[1]
	}
	return out.String() + text[at:]
}

// fraction is the name of a fraction, empty where it has none.
func (l *language) fraction(written string) string {
	if said := l.Fractions[written]; said != "" {
		return said
	}
	many, of, _ := strings.Cut(written, "/")
	names, known := l.Denominators[of]
	if !known || len(many) > len(of) || len(many) == len(of) && many >= of {
		return ""
	}
	if n := strings.IndexByte("123456789", many[0]); len(many) == 1 && n >= 0 {
		return l.numerators[n] + " " + plural(many, names)
	}
	return many + " " + names[1]
}
