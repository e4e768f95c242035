package engine

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	errZero  = errors.New("division by zero")
	errHuge  = errors.New("too large")
	errNoSum = errors.New("no sum")
)

// calculate works out a sum in words or signs: "17 times 23", "12.5% of 80".
// What is no sum, a lone number too, is errNoSum. comma says that decimals follow a comma.
func calculate(text string, comma bool) (string, error) {
	p := expressionParser{rest: splitTokens(plainNumbers(text, comma))}
	v, err := p.expression(0)
	switch {
	case err != nil:
		return "", err
	case len(p.rest) > 0 || p.steps == 0:
		return "", errNoSum
	case math.IsInf(v, 0) || math.IsNaN(v) || math.Abs(v) >= 1e15:
		return "", errHuge
	}
	return spellNumber(v), nil
}

// usesComma reports whether decimals follow a comma in a language, "de" or "de_DE.UTF-8".
func usesComma(lang string) bool {
	return len(lang) >= 2 && slices.Contains(commaLanguages, strings.ToLower(lang[:2])) && (len(lang) == 2 || !isLetter(lang[2]))
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// commaLanguages are those with a decimal comma in the Unicode CLDR, of the languages that
// recognisers here know.
var commaLanguages = strings.Fields("bg ca cs da de el es et eu fi fr gl hr hu id is it lt lv mk nb nl nn no pl pt ro ru sk sl sq sr sv tr uk vi")

var (
	pointGroups = regexp.MustCompile(`\b\d{1,3}(?:\.\d{3})+(?:,\d+)?\b`) // 1.250 and 1.250,5
	commaGroups = regexp.MustCompile(`\b\d{1,3}(?:,\d{3})+(?:\.\d+)?\b`) // 1,250 and 1,250.5
	decimals    = regexp.MustCompile(`(\d),(\d)`)
)

// plainNumbers writes the numbers of a text in digits with a decimal point.
func plainNumbers(text string, comma bool) string {
	groups, mark := commaGroups, ","
	if comma {
		groups, mark = pointGroups, "."
	}
	text = groups.ReplaceAllStringFunc(text, func(n string) string { return strings.ReplaceAll(n, mark, "") })
	return decimals.ReplaceAllString(text, "$1.$2")
}

var (
	joined      = regexp.MustCompile(`\d[-–/]\d`)
	twiceJoined = regexp.MustCompile(`\d[-–]\d+[-–]\d|\d/\d+/\d`)
	leadingZero = regexp.MustCompile(`(?:^|[^\d.,])0\d`)
	figure      = regexp.MustCompile(`\d`)
)

// isWritten reports whether figures that are joined by hyphens or strokes are a telephone
// number, a date or the like, and no sum. asked says that somebody wants to know what they are.
func isWritten(text string, asked bool) bool {
	const telephone = 7 // figures, at least
	if !joined.MatchString(text) {
		return false
	}
	return len(figure.FindAllString(text, -1)) >= telephone || leadingZero.MatchString(text) || !asked && (strings.Contains(text, "/") || twiceJoined.MatchString(text)) ||
		strings.Count(text, "/") > 1 && twiceJoined.MatchString(text)
}

// spellNumber writes v in figures, for reading aloud: 0.3333333 is "about 0.333333".
func spellNumber(v float64) string {
	exact, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64) // 0.1 + 0.2
	short := math.Round(exact*1e6) / 1e6
	text := strconv.FormatFloat(short, 'f', -1, 64)
	if short == 0 {
		text = "0"
	}
	if short != exact {
		text = "about " + text
	}
	return text
}

// signReplacer turns phrases into signs. Longer ones come first.
var signReplacer = strings.NewReplacer("multiplied by", "*", "divided by", "/", "to the power of", "^", "raised to the", "^", "square root of", "√",
	"per cent", "%", "percent", "%", "squared", "^ 2", "cubed", "^ 3", "plus", "+", "minus", "-", "times", "*", "×", "*", "÷", "/", "−", "-", ",", "")

var hyphenPattern = regexp.MustCompile(`([a-z])-([a-z])`) // "twenty-three"

var tokenPattern = regexp.MustCompile(`[0-9]*\.?[0-9]+|[a-z]+|[-+*/^%()√]|\S`)

// splitTokens cuts text into numbers and signs. Numbers in words become figures.
func splitTokens(text string) (out []string) {
	words := tokenPattern.FindAllString(signReplacer.Replace(hyphenPattern.ReplaceAllString(strings.ToLower(text), "$1 $2")), -1)
	for len(words) > 0 {
		if n, used := parseNumberWords(words); used > 0 {
			out = append(out, strconv.FormatFloat(n, 'f', -1, 64))
			words = words[used:]
			continue
		}
		switch w := words[0]; w {
		case "the", "a": // "the square root of"
		case "of", "x":
			out = append(out, "*")
		case "over":
			out = append(out, "/")
		case "negative":
			out = append(out, "-")
		case "half":
			out = append(out, "0.5")
		default:
			out = append(out, w)
		}
		words = words[1:]
	}
	return out
}

// numberWords are the words that add to a number, and scaleWords those that multiply it.
var numberWords = map[string]float64{
	"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
	"nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}

var scaleWords = map[string]float64{"thousand": 1e3, "million": 1e6, "billion": 1e9}

// parseNumberWords reads a number such as "two hundred and five" or "three point one"
// at the start of words, and returns how many words it has; 0 when there is none.
func parseNumberWords(words []string) (n float64, used int) {
	total, group := 0.0, 0.0
	for used < len(words) {
		w := words[used]
		if v, ok := numberWords[w]; ok && fitsInGroup(group, v) {
			group += v
		} else if w == "hundred" && group > 0 && group < 100 {
			group *= 100
		} else if scale, ok := scaleWords[w]; ok && used > 0 {
			total, group = total+group*scale, 0
		} else if next := used + 1; w == "and" && used > 0 && next < len(words) && fitsInGroup(group, numberWords[words[next]]) && numberWords[words[next]] > 0 {
			used++
			continue
		} else if w == "point" && used > 0 {
			return parseDecimals(total+group, words[used+1:], used)
		} else {
			break
		}
		used++
	}
	return total + group, used
}

// fitsInGroup reports whether v can follow in a group of up to three digits, as "three"
// follows "twenty", but not "twenty" "three".
func fitsInGroup(group, v float64) bool {
	tail := math.Mod(group, 100)
	return tail == 0 && (v != 0 || group == 0) || tail >= 20 && math.Mod(tail, 10) == 0 && v > 0 && v < 10
}

// parseDecimals adds to n the digits in words that follow "point", and returns with it how
// many words were used: used counts those before "point".
func parseDecimals(n float64, words []string, used int) (float64, int) {
	unit, read := 0.1, 0
	for _, w := range words {
		v, ok := numberWords[w]
		if !ok || v > 9 {
			break
		}
		n, unit, read = n+v*unit, unit/10, read+1
	}
	if read == 0 {
		return n, used
	}
	return n, used + 1 + read
}

// expressionParser is a recursive-descent parser over signs:
//
//	expression = term { ("+" | "-") term }
//	term       = unary { ("*" | "/") unary }
//	unary      = ("-" | "√") unary | power
//	power      = primary [ "^" unary ]
//	primary    = ( number | "(" expression ")" ) { "%" }
type expressionParser struct {
	rest    []string // numbers and signs that are not parsed yet
	steps   int      // operations done: a number alone is no sum
	percent bool     // the term read last is a percentage and nothing else
}

// maxDepth is how far parentheses may be nested.
const maxDepth = 50

// takeSign consumes the next sign if it is one of signs, and returns it; else "".
func (p *expressionParser) takeSign(signs ...string) string {
	for _, s := range signs {
		if len(p.rest) > 0 && p.rest[0] == s {
			p.rest = p.rest[1:]
			return s
		}
	}
	return ""
}

func (p *expressionParser) expression(depth int) (float64, error) {
	v, err := p.term(depth)
	for err == nil {
		sign := p.takeSign("+", "-")
		if sign == "" {
			break
		}
		var w float64
		if w, err = p.term(depth); p.percent {
			w *= v // 200 plus 10 percent is 220
		}
		if sign == "-" {
			w = -w
		}
		v, p.steps, p.percent = v+w, p.steps+1, false
	}
	return v, err
}

func (p *expressionParser) term(depth int) (float64, error) {
	v, err := p.unary(depth)
	for err == nil {
		sign := p.takeSign("*", "/")
		if sign == "" {
			break
		}
		var w float64
		w, err = p.unary(depth)
		p.steps, p.percent = p.steps+1, false
		switch {
		case sign == "*":
			v *= w
		case w == 0 && err == nil:
			return 0, errZero
		default:
			v /= w
		}
	}
	return v, err
}

func (p *expressionParser) unary(depth int) (float64, error) {
	if depth > maxDepth {
		return 0, errNoSum
	}
	switch p.takeSign("-", "√") {
	case "-":
		v, err := p.unary(depth + 1)
		return -v, err
	case "√":
		v, err := p.unary(depth + 1)
		p.steps++
		if v < 0 && err == nil {
			return 0, errNoSum
		}
		return math.Sqrt(v), err
	}
	v, err := p.primary(depth)
	if err == nil && p.takeSign("^") != "" {
		var w float64
		w, err = p.unary(depth + 1)
		v, p.steps, p.percent = math.Pow(v, w), p.steps+1, false
	}
	return v, err
}

func (p *expressionParser) primary(depth int) (v float64, err error) {
	if p.takeSign("(") != "" {
		if v, err = p.expression(depth + 1); err == nil && p.takeSign(")") == "" {
			err = errNoSum
		}
	} else if len(p.rest) == 0 {
		return 0, errNoSum
	} else if v, err = strconv.ParseFloat(p.rest[0], 64); err != nil || !strings.ContainsAny(p.rest[0], "0123456789") {
		return 0, errNoSum
	} else {
		p.rest = p.rest[1:]
	}
	for p.percent = false; err == nil && p.takeSign("%") != ""; p.percent = true {
		v /= 100
	}
	return v, err
}
