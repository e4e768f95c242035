package speech

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// say replaces what is written with signs by the words of the language: units,
// money, dates, fractions, powers, ranges and Roman numerals. Numbers stay as they
// are: voices read them. Of a language without data nothing is replaced.
func (l *language) say(text string) string {
	text = oneCharacter.Replace(text)
	text = names.Replace(digitBehindName.ReplaceAllString(text, "$1 $2"))
	if l.Signs == nil {
		return text
	}
	text = vulgarFractions.Replace(plainSigns.Replace(strings.ReplaceAll(text, " − ", " "+l.Minus+" ")))
	for range 2 { // two of them share the space between
		text = replaceGroups(shorthand, text, func(g []string) string { return g[1] + cmp.Or(l.Shorthands[g[2]], g[2]) + g[3] })
	}
	text = l.decade.ReplaceAllString(text, "$1’s") // no seconds
	text = l.sayDates(text)
	text = l.sayHeights(text)
	text = l.sayMoney(text)
	text = l.sayRanges(text)
	text = l.sayUnits(text)
	text = l.sayPowers(text)
	text = l.sayFractions(text)
	text = l.sayMinus(text)
	text = l.saySigns(text)
	text = spacedSlash.ReplaceAllString(text, "$1, $2")
	text = slashedNames.ReplaceAllString(text, "$1 $2")
	for range 2 { // what stands between two of them belongs to one
		text = slashedWords.ReplaceAllString(text, "$1$2 $3$4")
	}
	return l.sayRomans(text)
}

var (
	// names are said the same in all languages.
	names = strings.NewReplacer("C#", "C sharp", "F#", "F sharp", "C++", "C plus plus", "g++", "g plus plus", "ASP.NET", "A S P dot net",
		".NET", "dot net", "Node.js", "Node JS", "Vue.js", "Vue JS", "Next.js", "Next JS", "JavaScript", "JavaScript", "24/7", "24 7", "50/50", "50 50", "TCP/IP", "TCP IP", "I/O", "I O")
	// oneCharacter are signs of several letters in one character.
	oneCharacter    = strings.NewReplacer("℃", "°C", "℉", "°F", "㎞", "km", "㎏", "kg", "㎡", "m²", "㎥", "m³", "㎝", "cm", "㎜", "mm", "㎎", "mg", "℡", "Tel", "㏄", "cm³")
	digitBehindName = regexp.MustCompile(`(C\+\+|[CF]#|\.NET)(\d)`)
	// shorthand is a word of which a sign is a part.
	shorthand = regexp.MustCompile(`(^|[\s(])(w/o|w/|&c\.)($|[\s).,;])`)
	// plainSigns are signs that are written in several ways: spaces, minus, and digits below the line.
	plainSigns = strings.NewReplacer("−", "-", "\u2002", "\u202f", "\u2003", "\u202f", "\u2004", "\u202f", "\u2005", "\u202f", "\u2006", "\u202f", "\u2007", "\u202f", "\u2008", "\u202f", "\u2009", "\u202f", "\u200a", "\u202f",
		"₀", "0", "₁", "1", "₂", "2", "₃", "3", "₄", "4", "₅", "5", "₆", "6", "₇", "7", "₈", "8", "₉", "9")
)

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
	numberRange = regexp.MustCompile(`(\d+(?:[.,]\d+)*)( ?)([-–~])( ?)(\d+(?:[.,]\d+)*)`)
	// ordinalDays is 1.-3. Mai.
	ordinalDays = regexp.MustCompile(`\b(\d{1,2})\. ?[-–] ?(\d{1,2})\.`)
	// hourRange is 9am-5pm.
	hourRange = regexp.MustCompile(`(?i)\b(\d{1,2}(?:[:.]\d\d)? ?[ap]\.?m\.?) ?[-–] ?(\d{1,2}(?:[:.]\d\d)? ?[ap]\.?m\b)`)
)

// sayRanges says 3-5, 3–5 and 3~5, and 9 - 4 as a difference. Telephone numbers,
// dates and scores stay: what counts down, has zeros in front or several parts is
// no range.
func (l *language) sayRanges(text string) string {
	if l.OrdinalDot {
		text = ordinalDays.ReplaceAllString(text, "$1. "+l.Range+" $2.")
	}
	text = l.sayNamedRanges(hourRange.ReplaceAllString(text, "$1 "+l.Range+" $2"))
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
	if isDigits(a) && isDigits(b) && (len(a) > 4 || len(b) > 4 || len(a) == 3 && len(b) == 4) {
		return false
	}
	zeros := len(a) > 1 && a[0] == '0' && isDigits(a) || len(b) > 1 && b[0] == '0' && isDigits(b)
	return numberValue(a) < numberValue(b) && !zeros
}

// thousands are the marks between groups of three digits.
var thousands = regexp.MustCompile(`[.,](\d{3})\b`)

// numberValue is the value of a number that is written with a point or a comma.
func numberValue(written string) float64 {
	v, _ := strconv.ParseFloat(strings.ReplaceAll(thousands.ReplaceAllString(written, "$1"), ",", "."), 64)
	return v
}

var tilde = regexp.MustCompile(`(^|[\s(])~ ?(\d)`)

func (l *language) sayAbout(text string) string {
	return tilde.ReplaceAllString(text, "${1}"+l.About+" $2")
}

var (
	power       = regexp.MustCompile(`([\pL\d)])\^(?:\{(-?)([^{}]{1,8})\}|\((-?)([^()]{1,8})\)|(-?)(\d+|\pL\b))`)
	superscript = regexp.MustCompile(`(\pL+|\d+|\))([⁻]?)([²³¹⁰⁴-⁹]+)`)
	raised      = strings.NewReplacer("⁰", "0", "¹", "1", "²", "2", "³", "3", "⁴", "4", "⁵", "5", "⁶", "6", "⁷", "7", "⁸", "8", "⁹", "9")
)

// sayPowers says 10^6, x² and 10^-3.
func (l *language) sayPowers(text string) string {
	text = replaceGroups(power, text, func(g []string) string {
		return g[1] + l.exponent(cmp.Or(g[2], g[4], g[6]), cmp.Or(g[3], g[5], g[7]))
	})
	return replaceGroups(superscript, text, func(g []string) string {
		return g[1] + l.exponent(g[2], raised.Replace(g[3]))
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

var minusSign = regexp.MustCompile(`(^|[\s(=])-(\d)`)

func (l *language) sayMinus(text string) string {
	return minusSign.ReplaceAllString(text, "${1}"+l.Minus+" $2")
}

var (
	numberMark = regexp.MustCompile(`\b[nN]\.?[°º] ?(\d)`)
	numberSign = regexp.MustCompile(`#(\d)`)
	plusSign   = regexp.MustCompile(`(^|[\s(])\+(\d)`)
	spacedSign = regexp.MustCompile(`(\s)([=≠<>≤≥+±×÷→⇒@]|->|=>|<=|>=|!=|==)(\s)`)
	anySign    = regexp.MustCompile(`\s*([&%‰§°№≈→⇒×÷±≠≤≥])\s*`)
	product    = regexp.MustCompile(`(\d) ?[*×] ?(\d)`)
	spacedX    = regexp.MustCompile(`(\d) x (\d)`)
	sum        = regexp.MustCompile(`(\d|\b\pL)([+=÷])(\d|\pL\b)`)
	comparison = regexp.MustCompile(`(\d|\b\pL)(<=|>=|!=|<|>)(-?\d|\pL\b)`)
	limit      = regexp.MustCompile(`(^|[\s(])(<=|>=|[<>≤≥]) ?(\d)`)
	root       = regexp.MustCompile(`√\(?([\pL\d.,]*[\pL\d])\)?`)
	ascii      = map[string]string{"->": "→", "=>": "⇒", "<=": "≤", ">=": "≥", "!=": "≠", "==": "="}
)

// saySigns says the signs that stand for a word.
func (l *language) saySigns(text string) string {
	text = numberMark.ReplaceAllString(text, l.Signs["№"]+" $1")
	text = numberSign.ReplaceAllString(text, l.Signs["#"]+" $1")
	text = plusSign.ReplaceAllString(text, "${1}"+l.Signs["+"]+" $2")
	text = product.ReplaceAllString(text, "$1 "+l.Signs["×"]+" $2")
	text = spacedX.ReplaceAllString(text, "$1 "+l.Signs["×"]+" $2")
	text = root.ReplaceAllString(text, l.Signs["√"]+" $1")
	for range 2 { // matches share their digits
		text = replaceGroups(sum, text, func(g []string) string { return g[1] + " " + l.Signs[g[2]] + " " + g[3] })
	}
	text = replaceGroups(comparison, text, func(g []string) string { return g[1] + " " + l.Signs[cmp.Or(ascii[g[2]], g[2])] + " " + g[3] })
	text = replaceGroups(limit, text, func(g []string) string { return g[1] + l.Signs[cmp.Or(ascii[g[2]], g[2])] + " " + g[3] })
	text = replaceGroups(spacedSign, text, func(g []string) string {
		sign := cmp.Or(ascii[g[2]], g[2])
		return g[1] + cmp.Or(l.Signs[sign], sign) + g[3]
	})
	return replaceGroups(anySign, text, func(g []string) string { return " " + cmp.Or(l.Signs[g[1]], g[1]) + " " })
}

// Voices read the name of a slash where people make a pause at most: "AC/DC", "yes/no". A
// path has more than one, or begins with one.
var (
	spacedSlash  = regexp.MustCompile(`([\pL\d)]) / ([\pL\d(])`)
	slashedNames = regexp.MustCompile(`\b(\p{Lu}{1,4})/(\p{Lu}{1,4})\b`)
	slashedWords = regexp.MustCompile(`(^|[\s(])(\pL+)/(\pL+)($|[\s).,;:!?])`)
)

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
