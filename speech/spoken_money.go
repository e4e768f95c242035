package speech

import (
	"regexp"
	"slices"
	"strings"
)

const (
	amount      = `\d+(?:[.,' \x{202f}\x{a0}]\d{3})*(?:[.,]\d+)?(?:,[-–]{1,2})?`
	narrowSpace = `[ \x{a0}\x{202f}]?`
)

// moneyPattern finds amounts of money. Its currencies are those of a language, and its
// scales the abbreviations and words for thousands, millions and so on.
type moneyPattern struct {
	rangeBefore, rangeBehind *regexp.Regexp // $5-10 million, 5-10 Mio. €
	before, behind           *regexp.Regexp // $5 million, 5 Mio. €
	alone                    *regexp.Regexp // in €, 5 Millionen €
	each                     *regexp.Regexp // 5 euros/kg
	scales                   map[string][2]string
}

func newMoneyPattern(l *language) *moneyPattern {
	p := &moneyPattern{scales: map[string][2]string{}}
	var signs, codes, words, scales []string
	for sign, names := range l.Currencies {
		if isCode := strings.ToUpper(sign) == sign && sign[0] >= 'A' && sign[len(sign)-1] <= 'Z' && sign[len(sign)-1] >= 'A'; isCode {
			codes = append(codes, `\b`+sign+`\b`)
		} else {
			signs = append(signs, regexp.QuoteMeta(sign))
		}
		words = append(words, names[:]...)
	}
	for short, names := range l.Scales {
		p.scales[short] = names
		for _, word := range names {
			word = strings.TrimSuffix(strings.TrimSuffix(word, " de"), " di")
			p.scales[strings.ToLower(word)] = [2]string{names[1], names[1]}
			scales = append(scales, word+`\b`)
		}
	}
	scale := `(?:` + narrowSpace + `(` + alternatives(scales) + `|Mio\.?|Mrd\.?|(?:Md|mld|bn|tn|[kKmMbBT])\b))?`
	currency := `(` + alternatives(append(signs, codes...)) + `)`
	const minus = `((?:^|[\s(=])-)?`
	p.rangeBefore = regexp.MustCompile(currency + narrowSpace + `(` + amount + `)` + scale + ` ?[-–~] ?(?:` + alternatives(signs) + `)? ?(` + amount + `)` + scale)
	p.rangeBehind = regexp.MustCompile(`\b(` + amount + `)` + scale + ` ?[-–~] ?(` + amount + `)` + scale + narrowSpace + currency)
	p.before = regexp.MustCompile(minus + currency + narrowSpace + `(` + amount + `|\.\d\d\b)` + scale)
	p.behind = regexp.MustCompile(minus + `\b(` + amount + `)` + scale + narrowSpace + currency)
	p.alone = regexp.MustCompile(`(^|[\s(])(` + alternatives(signs) + `)($|[\s).,;:!?/])`)
	p.each = regexp.MustCompile(`\b(` + alternatives(words) + `)( \d+)?/(\pL{2,}|\pL[²³])`)
	return p
}

// alternatives is a pattern for any of the given ones, the longest first.
func alternatives(patterns []string) string {
	patterns = slices.DeleteFunc(slices.Clone(patterns), func(p string) bool { return p == "" })
	slices.SortFunc(patterns, longestFirst)
	return strings.Join(slices.Compact(patterns), "|")
}

// sayMoney says $25.5T and 12,50 €.
func (l *language) sayMoney(text string) string {
	p := l.moneyPattern()
	text = replaceGroups(p.rangeBefore, text, func(g []string) string { return l.moneyRange(g[2], g[3], g[4], g[5], g[1]) })
	text = replaceGroups(p.rangeBehind, text, func(g []string) string { return l.moneyRange(g[1], g[2], g[3], g[4], g[5]) })
	text = replaceGroups(p.before, text, func(g []string) string { return l.money(g[1], g[3], g[4], g[2]) })
	text = replaceGroups(p.behind, text, func(g []string) string { return l.money(g[1], g[2], g[3], g[4]) })
	text = replaceGroups(p.alone, text, func(g []string) string { return g[1] + l.Currencies[g[2]][1] + g[3] })
	return replaceGroups(p.each, text, func(g []string) string {
		each := g[3]
		if unit := l.Units[each]; unit[0] != "" {
			each = unit[0]
		}
		return g[1] + g[2] + " " + l.Per + " " + each
	})
}

// moneyRange says $5-10 million.
func (l *language) moneyRange(low, lowScale, high, highScale, currency string) string {
	said := low
	if lowScale != "" {
		said += " " + strings.TrimSuffix(strings.TrimSuffix(plural(low, l.scale(lowScale)), " de"), " di")
	}
	return said + " " + l.Range + " " + l.money("", high, highScale, currency)
}

// scale is how a scale is said, of one and of many: itself where it is not known.
func (l *language) scale(written string) [2]string {
	if words, known := l.moneyPattern().scales[strings.ToLower(strings.TrimSuffix(written, "."))]; known {
		return words
	}
	return [2]string{written, written}
}

// money says an amount with its scale, such as "M", and the sign of its currency. sign is
// that of a negative one, with what stands before it.
func (l *language) money(sign, number, scale, currency string) string {
	said := ""
	if before, negative := strings.CutSuffix(sign, "-"); negative {
		said = before + l.Minus + " "
	}
	number = strings.TrimRight(number, ",-–")
	if number[0] == '.' {
		number = "0" + number
	}
	unit := l.Currencies[currency]
	if scale != "" {
		said += number + " " + plural(number, l.scale(scale)) + " " + unit[1]
		if first := unit[1][0]; l.Elided != "" && strings.IndexByte("aeiouh", first) >= 0 {
			said = strings.Replace(said, " de "+unit[1], " "+l.Elided+unit[1], 1)
		}
		return said
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

// plural is the word for one, or for a part of one, or for many.
func plural(number string, oneMany [2]string) string {
	if number == "1" || strings.Contains(number, "/") && !strings.Contains(number, " ") {
		return oneMany[0]
	}
	return oneMany[1]
}
