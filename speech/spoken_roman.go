package speech

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	roman = regexp.MustCompile(`(\pL+)( +)([IVXLCDM]{1,9})\b(\.?)`)
	// rulers carry numbers. Behind another name "V" or "X" may be an initial.
	rulers = WordSet("Henry Heinrich Henri Enrique Enrico Louis Ludwig Luis Luigi Charles Karl Carlos Carlo George Georg Georges Giorgio Jorge " +
		"Richard Edward Eduard Édouard Eduardo James William Wilhelm Guillermo Guillaume Guglielmo " +
		"Friedrich Frederick Frédéric Federico Napoleon Napoléon Napoleón Napoleone Philip Philipp Felipe Philippe Filippo Otto Alexander Alexandre Alejandro Alessandro Alfonso Ferdinand Fernando Ferdinando " +
		"Francis Franz François Francisco Francesco Nicholas Nikolaus Nicolas Nicolás Nicola Peter Pierre Pedro Pietro Paul Pablo Paolo " +
		"John Johannes Juan Giovanni Pius Pío Pie Pio Benedict Benedikt Benoît Benedicto Benedetto Leo León Léon Leone Gregory Gregor Grégoire Gregorio Clement Clemens Clemente Ivan Iwan Rameses Ramesses Ramses " +
		"Ptolemy Christian Gustav Gustaf Joseph Leopold Léopold Maximilian Victor Viktor Vittorio Emanuele Umberto Constantine")

	queens       = WordSet("Elizabeth Elisabeth Élisabeth Isabel Isabella Elisabetta Catherine Katharina Catalina Caterina Mary Maria María Marie Margarethe Margaret Victoria Christina Anne Anna Ana")
	romanOrdinal = regexp.MustCompile(`(\pL+ +)?\b([IVXLC]+)\. (\p{Lu}\p{Ll})`)
)

// sayRomans says the Roman numerals behind the name of a ruler, or a word that is
// numbered, such as "Chapter", and behind any name those that are nothing else, such as
// "Rocky III". Before a word they are ordinal numbers: "XIXe siècle", "XX secolo".
func (l *language) sayRomans(text string) string {
	text = replaceGroups(roman, text, func(g []string) string {
		n := romanValue(g[3])
		switch {
		case n == 0:
			return g[0]
		case l.numbered[g[1]]:
			return g[1] + g[2] + strconv.Itoa(n) + g[4]
		case (rulers[g[1]] || queens[g[1]]) && n <= len(l.Regnal):
			return g[1] + g[2] + l.regnal(g[1], n) + strings.TrimPrefix(g[4], map[bool]string{true: "."}[l.OrdinalDot])
		}
		if first, _ := utf8.DecodeRuneInString(g[1]); unicode.IsUpper(first) && g[1] != "The" && isOnlyNumeral(g[3]) {
			return g[1] + g[2] + strconv.Itoa(n) + g[4]
		}
		return g[0]
	})
	return l.sayRomanOrdinals(text)
}

// regnal is the number of a king or a queen.
func (l *language) regnal(name string, n int) string {
	said := l.Regnal[n-1]
	if king, queen := l.Feminine[0], l.Feminine[1]; king != "" && queens[name] {
		if rest, found := strings.CutPrefix(said, king); found {
			return queen + rest
		}
		if rest, found := strings.CutSuffix(said, king); found {
			return rest + queen
		}
	}
	return said
}

// sayRomanOrdinals says "XX secolo", "XIXe siècle" and "II. Weltkrieg".
func (l *language) sayRomanOrdinals(text string) string {
	text = replaceGroups(l.beforeCentury, text, func(g []string) string {
		if n := romanValue(g[1]); n > 0 && n <= len(l.Regnal) {
			return strings.TrimPrefix(l.Regnal[n-1], "the ") + g[2]
		}
		return g[0]
	})
	text = replaceGroups(l.romanEnding, text, func(g []string) string {
		if n := romanValue(g[1]); n > 0 {
			return strconv.Itoa(n) + strings.Replace(g[2], "ᵉ", "e", 1) + g[3]
		}
		return g[0]
	})
	if !l.OrdinalDot {
		return text
	}
	return replaceGroups(romanOrdinal, text, func(g []string) string {
		n := romanValue(g[2])
		if before := strings.ToLower(strings.TrimSpace(g[1])); n == 0 || len(g[2]) == 1 && !l.beforeOrdinal[before] {
			return g[0]
		}
		return g[1] + strconv.Itoa(n) + ". " + g[3]
	})
}

// isOnlyNumeral reports whether a Roman numeral is no initial and no abbreviation, as V and
// IV are.
func isOnlyNumeral(s string) bool {
	return s == "II" || len(s) >= 3 && strings.Contains(s, "I") && strings.Trim(s, "IVX") == ""
}

// romanValue is the value of a Roman numeral, 0 if it is none.
func romanValue(s string) int {
	n, rest := 0, s
	for _, d := range romanDigits {
		for strings.HasPrefix(rest, d.form) {
			n, rest = n+d.value, rest[len(d.form):]
		}
	}
	if rest != "" || n == 0 || n >= 4000 || romanForm(n) != s {
		return 0
	}
	return n
}

// romanForm writes n as a Roman numeral.
func romanForm(n int) string {
	var s strings.Builder
	for _, d := range romanDigits {
		for ; n >= d.value; n -= d.value {
			s.WriteString(d.form)
		}
	}
	return s.String()
}

var romanDigits = []struct {
	form  string
	value int
}{{"M", 1000}, {"CM", 900}, {"D", 500}, {"CD", 400}, {"C", 100}, {"XC", 90}, {"L", 50}, {"XL", 40}, {"X", 10}, {"IX", 9}, {"V", 5}, {"IV", 4}, {"I", 1}}

// isRoman reports whether a word is a Roman numeral of several letters, and up to 39: beyond,
// more words look like one.
func isRoman(word string) bool {
	return len(word) > 1 && strings.Trim(word, "IVX") == "" && romanValue(word) > 0
}
