package speech

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// say replaces what is written with signs by the words of the language: units,
// money, dates, fractions, powers, ranges and Roman numerals. Numbers stay as they
// are: voices read them. Of a language without data nothing is replaced.
func (l *language) say(text string) string {
	text = names.Replace(text)
	if l.Signs == nil {
		return text
	}
	text = vulgarFractions.Replace(strings.ReplaceAll(text, "−", "-"))
	text = l.sayDates(text)
	text = l.sayHeights(text)
	text = l.sayMoney(text)
	text = l.sayRanges(text)
	text = l.sayPowers(text)
	text = l.sayFractions(text)
	text = l.sayMinus(text)
	text = l.units().replace(text)
	text = l.saySigns(text)
	text = slashedNames.ReplaceAllString(text, "$1 $2")
	for range 2 { // what stands between two of them belongs to one
		text = slashedWords.ReplaceAllString(text, "$1$2 $3$4")
	}
	return l.sayRomans(text)
}

// names are said the same in all languages.
var names = strings.NewReplacer("C#", "C sharp", "F#", "F sharp", "C++", "C plus plus", "g++", "g plus plus", "ASP.NET", "A S P dot net",
	".NET", "dot net", "Node.js", "Node JS", "Vue.js", "Vue JS", "Next.js", "Next JS", "JavaScript", "JavaScript", "24/7", "24 7", "and/or", "and or", "w/o ", "without ", "TCP/IP", "TCP IP", "I/O", "I O")

var vulgarFractions = fractionReplacer()

// fractionReplacer writes ½ as 1/2, and 2½ as 2 1/2.
func fractionReplacer() *strings.Replacer {
	forms := map[string]string{"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5", "⅙": "1/6", "⅚": "5/6",
		"⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8", "⅒": "1/10"}
	var pairs []string
	for sign, form := range forms {
		for d := '0'; d <= '9'; d++ {
			pairs = append(pairs, string(d)+sign, string(d)+" "+form)
		}
		pairs = append(pairs, sign, form)
	}
	return strings.NewReplacer(pairs...)
}

var (
	isoDate     = regexp.MustCompile(`\b(\d{4})-(\d{2})-(\d{2})\b`)
	dottedDate  = regexp.MustCompile(`\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b`)
	slashedDate = regexp.MustCompile(`\b(\d{1,2})/(\d{1,2})/(\d{4})\b`)
)

func (l *language) sayDates(text string) string {
	text = replaceGroups(isoDate, text, func(g []string) string { return l.date(g[0], g[1], g[2], g[3]) })
	text = replaceGroups(dottedDate, text, func(g []string) string { return l.date(g[0], g[3], g[2], g[1]) })
	return replaceGroups(slashedDate, text, func(g []string) string {
		if l.MonthFirst {
			return l.date(g[0], g[3], g[1], g[2])
		}
		return l.date(g[0], g[3], g[2], g[1])
	})
}

// date is a date in words, or written as it is when there is no such day.
func (l *language) date(written, year, month, day string) string {
	y, _ := strconv.Atoi(year)
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	if t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC); m < 1 || t.Day() != d || int(t.Month()) != m {
		return written
	}
	return strings.NewReplacer("{d}", strconv.Itoa(d), "{m}", l.monthNames[m-1], "{y}", year).Replace(l.Date)
}

var height = regexp.MustCompile(`\b(\d)['′] ?(\d{1,2})(?:"|″|'')`)

// sayHeights says 5'11".
func (l *language) sayHeights(text string) string {
	return replaceGroups(height, text, func(g []string) string {
		return g[1] + " " + plural(g[1], l.Feet) + " " + g[2] + " " + plural(g[2], l.Inches)
	})
}

const amount = `\d+(?:[.,\x{202f}\x{a0}]\d{3})*(?:[.,]\d+)?`

var (
	moneyRange  = regexp.MustCompile(`([$€£¥₹])(` + amount + `) ?[-–] ?[$€£¥₹]?(` + amount + `)`)
	moneyBefore = regexp.MustCompile(`(-?)([$€£¥₹₿]) ?(` + amount + `)(?: ?(Mio\.|Mrd\.|(?:trillion|billion|million|thousand|tn|bn|Mio|Mrd|[kKmMbBT])\b))?`)
	moneyBehind = regexp.MustCompile(`(-?)(` + amount + `)(?:[ \x{a0}\x{202f}]?(Mio\.?|Mrd\.?|Md|mld|[kMBT]))?[ \x{a0}\x{202f}]?([€£¥₹$])`)
)

// sayMoney says $25.5T and 12,50 €.
func (l *language) sayMoney(text string) string {
	text = replaceGroups(moneyRange, text, func(g []string) string {
		return g[2] + " " + l.Range + " " + g[3] + " " + l.Currencies[g[1]][1]
	})
	text = replaceGroups(moneyBefore, text, func(g []string) string { return l.money(g[1], g[3], g[4], g[2]) })
	return replaceGroups(moneyBehind, text, func(g []string) string { return l.money(g[1], g[2], g[3], g[4]) })
}

// money says an amount with its scale, such as "M", and the sign of its currency.
func (l *language) money(sign, number, scale, currency string) string {
	said := ""
	if sign != "" {
		said = l.Minus + " "
	}
	unit := l.Currencies[currency]
	if unit[0] == "" {
		return said + number + " " + currency
	}
	if scale != "" {
		words, known := l.Scales[strings.ToLower(strings.TrimSuffix(scale, "."))]
		if !known {
			words = [2]string{scale, scale}
		}
		return said + number + " " + plural(number, words) + " " + unit[1]
	}
	whole, cents := number, ""
	if n := len(number) - 3; n > 0 && (number[n] == '.' || number[n] == ',') {
		whole, cents = number[:n], strings.TrimPrefix(number[n+1:], "0")
	}
	switch {
	case cents == "0" || cents == "" || unit[2] == "":
		return said + whole + " " + plural(whole, [2]string{unit[0], unit[1]})
	case whole == "0":
		return said + cents + " " + plural(cents, [2]string{unit[2], unit[3]})
	}
	return said + strings.NewReplacer("{n}", whole, "{unit}", plural(whole, [2]string{unit[0], unit[1]}), "{cents}", plural(cents, [2]string{unit[2], unit[3]}), "{c}", cents).Replace(l.Cents)
}

func plural(number string, oneMany [2]string) string {
	if number == "1" {
		return oneMany[0]
	}
	return oneMany[1]
}

var numberRange = regexp.MustCompile(`(\d+(?:[.,]\d+)?)( ?)([-–~])( ?)(\d+(?:[.,]\d+)?)`)

// sayRanges says 3-5, 3–5 and 3~5, and 9 - 4 as a difference. Telephone numbers,
// dates and scores stay: what counts down, has zeros in front or several parts is
// no range.
func (l *language) sayRanges(text string) string {
	var out strings.Builder
	at := 0
	for _, m := range numberRange.FindAllStringSubmatchIndex(text, -1) {
		group := func(i int) string { return text[m[2*i]:m[2*i+1]] }
		before, _ := utf8.DecodeLastRuneInString(text[:m[0]])
		after, _ := utf8.DecodeRuneInString(text[m[1]:])
		joined := func(r rune) bool { return unicode.IsLetter(r) || strings.ContainsRune("-–/_#", r) }
		word := l.Range
		switch {
		case joined(before) || after == '-' || after == '–' || after == '/':
			continue
		case group(3) == "-" && group(2) != "" && group(4) != "":
			word = l.Minus
		case group(3) == "-" && !countsUp(group(1), group(5)):
			continue
		}
		out.WriteString(text[at:m[0]] + group(1) + " " + word + " " + group(5))
		at = m[1]
	}
	out.WriteString(text[at:])
	return l.sayAbout(out.String())
}

// countsUp reports whether a and b are the ends of a range, and no telephone number.
func countsUp(a, b string) bool {
	x, _ := strconv.ParseFloat(strings.ReplaceAll(a, ",", "."), 64)
	y, _ := strconv.ParseFloat(strings.ReplaceAll(b, ",", "."), 64)
	zeros := len(a) > 1 && a[0] == '0' && isDigits(a) || len(b) > 1 && b[0] == '0' && isDigits(b)
	return x < y && !zeros && len(a) <= 4 && len(b) <= 4 && !(len(a) == 3 && len(b) == 4)
}

var tilde = regexp.MustCompile(`(^|[\s(])~ ?(\d)`)

func (l *language) sayAbout(text string) string {
	return tilde.ReplaceAllString(text, "${1}"+l.About+" $2")
}

var (
	power       = regexp.MustCompile(`([\pL\d)])\^(?:\{(-?)([^{}]{1,8})\}|\((-?)([^()]{1,8})\)|(-?)(\d+|\pL\b))`)
	superscript = regexp.MustCompile(`(^|[^\pL])([\pL\d]|\d+|\))([⁻]?)([²³¹⁰⁴-⁹]+)`)
	raised      = strings.NewReplacer("⁰", "0", "¹", "1", "²", "2", "³", "3", "⁴", "4", "⁵", "5", "⁶", "6", "⁷", "7", "⁸", "8", "⁹", "9")
)

// sayPowers says 10^6, x² and 10^-3.
func (l *language) sayPowers(text string) string {
	text = replaceGroups(power, text, func(g []string) string {
		return g[1] + l.exponent(cmp.Or(g[2], g[4], g[6]), cmp.Or(g[3], g[5], g[7]))
	})
	return replaceGroups(superscript, text, func(g []string) string {
		if g[2] == "m" && g[3] == "" { // a unit: "m²"
			return g[0]
		}
		return g[1] + g[2] + l.exponent(g[3], raised.Replace(g[4]))
	})
}

func (l *language) exponent(sign, n string) string {
	switch {
	case sign != "":
		n = l.Minus + " " + n
	case n == "2":
		return " " + l.Squared
	case n == "3":
		return " " + l.Cubed
	}
	return " " + strings.ReplaceAll(l.Power, "{n}", n)
}

var fraction = regexp.MustCompile(`(\d+ )?\b(\d{1,2}/\d{1,3})\b`)

// sayFractions says 3/4 and 2 1/2, where the fraction has a name.
func (l *language) sayFractions(text string) string {
	var out strings.Builder
	at := 0
	for _, m := range fraction.FindAllStringSubmatchIndex(text, -1) {
		said, known := l.Fractions[text[m[4]:m[5]]]
		before, _ := utf8.DecodeLastRuneInString(text[:m[0]])
		after, _ := utf8.DecodeRuneInString(text[m[1]:])
		if !known || strings.ContainsRune("/.,-", before) || after == '/' {
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

var minusSign = regexp.MustCompile(`(^|[\s(=])-(\d)`)

func (l *language) sayMinus(text string) string {
	return minusSign.ReplaceAllString(text, "${1}"+l.Minus+" $2")
}

// unitPattern finds units behind numbers, and those with a stroke anywhere.
type unitPattern struct {
	behind *regexp.Regexp
	alone  *regexp.Regexp
	words  map[string][2]string
}

func newUnitPattern(units map[string][2]string) *unitPattern {
	var all, strokes []string
	for u := range units {
		all = append(all, regexp.QuoteMeta(u))
		if strings.Contains(u, "/") {
			strokes = append(strokes, regexp.QuoteMeta(u))
		}
	}
	longestFirst := func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) }
	slices.SortFunc(all, longestFirst)
	slices.SortFunc(strokes, longestFirst)
	const end = `)($|[^\pL\pN/²³'’])`
	return &unitPattern{
		behind: regexp.MustCompile(`(\d(?:[\d.,]*\d)?)[ \x{a0}\x{202f}-]?(` + strings.Join(all, "|") + end),
		alone:  regexp.MustCompile(`(^|[\s(])(` + strings.Join(strokes, "|") + end), words: units,
	}
}

func (u *unitPattern) replace(text string) string {
	text = replaceGroups(u.behind, text, func(g []string) string { return g[1] + " " + plural(g[1], u.words[g[2]]) + g[3] })
	return replaceGroups(u.alone, text, func(g []string) string { return g[1] + u.words[g[2]][1] + g[3] })
}

var (
	numberSign = regexp.MustCompile(`#(\d)`)
	plusSign   = regexp.MustCompile(`(^|[\s(])\+(\d)`)
	spacedSign = regexp.MustCompile(`(\s)([=≠<>≤≥+±×÷→⇒]|->|=>|<=|>=|!=)(\s)`)
	anySign    = regexp.MustCompile(`\s*([&%‰§°№≈→⇒×÷±≠≤≥])\s*`)
	product    = regexp.MustCompile(`(\d) ?[*×] ?(\d)`)
	sum        = regexp.MustCompile(`(\d)([+=÷])(\d)`)
	ascii      = map[string]string{"->": "→", "=>": "⇒", "<=": "≤", ">=": "≥", "!=": "≠"}
)

// saySigns says the signs that stand for a word.
func (l *language) saySigns(text string) string {
	text = numberSign.ReplaceAllString(text, l.Signs["#"]+" $1")
	text = plusSign.ReplaceAllString(text, "${1}"+l.Signs["+"]+" $2")
	text = product.ReplaceAllString(text, "$1 "+l.Signs["×"]+" $2")
	for range 2 { // matches share their digits
		text = replaceGroups(sum, text, func(g []string) string { return g[1] + " " + l.Signs[g[2]] + " " + g[3] })
	}
	text = replaceGroups(spacedSign, text, func(g []string) string {
		sign := cmp.Or(ascii[g[2]], g[2])
		return g[1] + cmp.Or(l.Signs[sign], sign) + g[3]
	})
	return replaceGroups(anySign, text, func(g []string) string { return " " + cmp.Or(l.Signs[g[1]], g[1]) + " " })
}

// Voices read the name of a slash where people make a pause at most: "AC/DC", "yes/no". A
// path has more than one, or begins with one.
var (
	slashedNames = regexp.MustCompile(`\b(\p{Lu}{1,4})/(\p{Lu}{1,4})\b`)
	slashedWords = regexp.MustCompile(`(^|[\s(])(\pL{2,})/(\pL{2,})($|[\s).,;:!?])`)
)

var (
	roman = regexp.MustCompile(`(\pL+)( +)([IVX]{1,6})\b(\.?)`)
	// rulers carry numbers. Behind another name "V" or "X" may be an initial.
	rulers = WordSet("Henry Heinrich Henri Enrique Enrico Louis Ludwig Luis Luigi Elizabeth Elisabeth Isabel Charles Karl Carlos Carlo George Georg Richard Edward James William Wilhelm Guillermo " +
		"Friedrich Frederick Federico Napoleon Napoléon Philip Philipp Felipe Philippe Otto Alexander Alfonso Ferdinand Fernando Francis Franz Francisco Catherine Katharina Mary Nicholas Nikolaus Peter Paul " +
		"John Johannes Juan Pius Pío Benedict Benedikt Leo Gregory Gregor Clement Clemens Ivan Iwan Rameses Ramesses Ramses Ptolemy Christian Gustav Gustaf Joseph Leopold Maximilian Victor Viktor Umberto Constantine")
)

// sayRomans says the Roman numerals behind the name of a ruler, or a word that is
// numbered, such as "Chapter", and behind any name those that are nothing else, such as
// "Rocky III".
func (l *language) sayRomans(text string) string {
	return replaceGroups(roman, text, func(g []string) string {
		n := romanValue(g[3])
		switch {
		case n == 0 || n > len(l.Numerals) || n > len(l.Regnal):
			return g[0]
		case l.numbered[g[1]]:
			return g[1] + g[2] + l.Numerals[n-1] + g[4]
		case rulers[g[1]]:
			return g[1] + g[2] + l.Regnal[n-1] + strings.TrimPrefix(g[4], map[bool]string{true: "."}[l.OrdinalDot])
		}
		if first, _ := utf8.DecodeRuneInString(g[1]); unicode.IsUpper(first) && g[1] != "The" && isOnlyNumeral(g[3]) {
			return g[1] + g[2] + l.Numerals[n-1] + g[4]
		}
		return g[0]
	})
}

// isOnlyNumeral reports whether a Roman numeral is no initial and no abbreviation, as V and
// IV are.
func isOnlyNumeral(s string) bool { return s == "II" || len(s) >= 3 && strings.Contains(s, "I") }

// romanValue is the value of a Roman numeral of I, V and X, 0 if it is none.
func romanValue(s string) int {
	for n, form := range romanForms {
		if form == s {
			return n + 1
		}
	}
	return 0
}

var romanForms = []string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX"}

func isRoman(word string) bool { return len(word) > 1 && romanValue(word) > 0 }

// replaceGroups replaces every match of re by what f makes of its groups.
func replaceGroups(re *regexp.Regexp, text string, f func(groups []string) string) string {
	var out strings.Builder
	at := 0
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		groups := make([]string, len(m)/2)
		for i := range groups {
			if m[2*i] >= 0 {
				groups[i] = text[m[2*i]:m[2*i+1]]
			}
		}
		out.WriteString(text[at:m[0]])
		out.WriteString(f(groups))
		at = m[1]
	}
	out.WriteString(text[at:])
	return out.String()
}
