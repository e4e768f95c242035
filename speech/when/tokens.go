package when

import (
	"regexp"
	"strconv"
	"strings"
)

// token is a word of a request, with its number written in digits.
type token struct {
	text       string // in lower case: "ten" is "10"
	start, end int    // in the text as it was written
	span       *span  // of a time: the token stands for all of its words
}

// wordPattern finds the words of a text: times of the clock, abbreviations with dots,
// numbers, and whatever has letters. A number and the letters behind it are two words, as
// in "10min" and "7am".
var wordPattern = regexp.MustCompile(`(?i)\b[0-9]{1,2}[:.][0-9]{2}\b|\b[ap]\.? ?m\b\.?|[0-9]+(?:[.,][0-9]+)?|[½¼¾]|\bo['’ ]clock\b|\p{L}+(?:['’]\p{L}+)*`)

var fractionSigns = map[string]string{"½": "0.5", "¼": "0.25", "¾": "0.75"}

// tokenize returns the words of text.
func tokenize(text string) (all []token) {
	for _, at := range wordPattern.FindAllStringIndex(text, -1) {
		w := strings.ReplaceAll(strings.ToLower(text[at[0]:at[1]]), "’", "'")
		switch {
		case fractionSigns[w] != "":
			w = fractionSigns[w]
		case w == "o clock":
			w = "o'clock"
		case strings.Trim(w, "ap. m") == "" && strings.HasSuffix(strings.TrimSuffix(w, "."), "m") && len(w) > 1: // a.m., p. m.
			w = w[:1] + "m"
		case w[0] >= '0' && w[0] <= '9' && !isClock(w):
			w = strings.ReplaceAll(w, ",", ".")
		}
		all = append(all, token{text: w, start: at[0], end: at[1]})
	}
	return all
}

// isClock reports whether a word is a time such as 6:30.
func isClock(w string) bool { return strings.Contains(w, ":") }

// numerals writes the number words among tokens in digits: "twenty five" is one token "25".
func (l *language) numerals(in []token) (out []token) {
	for i := 0; i < len(in); {
		value, n := l.number(in[i:])
		if n == 0 {
			out = append(out, in[i])
			i++
			continue
		}
		w := in[i].text // "6.30" stays as it is written
		if n > 1 || !isDigit(w) {
			w = formatNumber(value)
		}
		out = append(out, token{text: w, start: in[i].start, end: in[i+n-1].end})
		i += n
	}
	return out
}

func formatNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// number reads the number at the beginning of tokens, and how many of them it takes; 0 is
// none. Tens take a unit, and hundreds take what is below them: "six thirty" is two numbers.
func (l *language) number(in []token) (value float64, n int) {
	v, ok := l.numberWord(in[0].text)
	if !ok {
		return 0, 0
	}
	if isDigit(in[0].text) {
		value, n = v, 1
	} else {
		value, n = l.numberWords(in, v)
	}
	if n+1 < len(in) && in[n].text == l.Point { // two point five
		if d, ok := l.numberWord(in[n+1].text); ok && d < 10 && !isDigit(in[n+1].text) {
			return value + d/10, n + 2
		}
	}
	if n < len(in) && value == float64(int(value)) && strings.HasPrefix(in[n].text, "0.") { // 1½
		f, _ := strconv.ParseFloat(in[n].text, 64)
		return value + f, n + 1
	}
	return value, n
}

// numberWords reads a number of several words, of which the first has the value first.
func (l *language) numberWords(in []token, first float64) (value float64, n int) {
	value, n = first, 1
	if first >= 20 && first < 100 && int(first)%10 == 0 && n < len(in) && !isDigit(in[n].text) {
		if u, ok := l.numberWord(in[n].text); ok && u >= 1 && u < 10 && u == float64(int(u)) {
			value, n = value+u, n+1
		}
	}
	many := value < 25 && n < len(in) && in[n].text == l.Hundred // "nineteen hundred hours"
	if many {
		value, n = value*100, n+1
	}
	if many || first == 100 {
		at := n
		if at+1 < len(in) && in[at].text == l.And[0] {
			at++
		}
		if at < len(in) && !isDigit(in[at].text) {
			if u, ok := l.numberWord(in[at].text); ok && u < 100 && u >= 1 {
				more, k := l.numberWords(in[at:], u)
				value, n = value+more, at+k
			}
		}
	}
	return value, n
}

// numberWord is the value of one word.
func (l *language) numberWord(w string) (float64, bool) {
	if isDigit(w) {
		v, err := strconv.ParseFloat(w, 64)
		return v, err == nil
	}
	v, ok := l.Numbers[w]
	if !ok && l.Compound != "" { // fünfundzwanzig
		if unit, tens, found := strings.Cut(w, l.Compound); found {
			u, known := l.Numbers[unit]
			t, also := l.Numbers[tens]
			if known && also && u < 10 && t >= 20 {
				return u + t, true
			}
		}
	}
	return v, ok
}

func isDigit(w string) bool { return w != "" && w[0] >= '0' && w[0] <= '9' && !isClock(w) }

func joinTokens(tokens []token) string {
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}
