package speech

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

var (
	isoDate     = regexp.MustCompile(`\b(\d{4})[-/](\d{2})[-/](\d{2})(?:[T ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b`)
	dottedDate  = regexp.MustCompile(`\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b`)
	slashedDate = regexp.MustCompile(`\b(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\b`)
	// shortDate lacks the year, or half of it. Other numbers look alike, so that it counts
	// behind words that a date follows.
	shortDate = regexp.MustCompile(`(\pL+)( +)(\d{1,2})\.(\d{1,2})\.(?:(\d{2})\b|($|[^\d]))`)
)

func (l *language) sayDates(text string) string {
	text = replaceGroups(isoDate, text, func(g []string) string {
		said := l.date(g[0], g[1], g[2], g[3])
		if g[4] != "" && said != g[0] {
			said += ", " + g[4]
		}
		return said
	})
	text = replaceGroups(dottedDate, text, func(g []string) string { return l.date(g[0], g[3], g[2], g[1]) })
	text = replaceGroups(slashedDate, text, func(g []string) string {
		day, month := g[1], g[2]
		if l.MonthFirst {
			day, month = month, day
		}
		if said := l.date("", g[3], month, day); said != "" {
			return said
		}
		return l.date(g[0], g[3], day, month) // no month has that number
	})
	if !l.OrdinalDot {
		return text
	}
	return replaceGroups(shortDate, text, func(g []string) string {
		const leapYear = "2024"
		if said := l.date("", cmp.Or(g[5], leapYear), g[4], g[3]); said != "" && l.beforeOrdinal[strings.ToLower(g[1])] {
			if g[5] == "" {
				said = strings.TrimSuffix(said, " "+leapYear)
			}
			return g[1] + g[2] + said + g[6]
		}
		return g[0]
	})
}

// date is a date in words, or written as it is when there is no such day. A year of two
// digits is that of today or of the century before.
func (l *language) date(written, year, month, day string) string {
	y, _ := strconv.Atoi(year)
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	if len(year) == 2 {
		if y += 1900; y < 1950 {
			y += 100
		}
	}
	if t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC); m < 1 || t.Day() != d || int(t.Month()) != m {
		return written
	}
	said := strconv.Itoa(d)
	if d == 1 {
		said = cmp.Or(l.FirstDay, said)
	}
	return strings.NewReplacer("{d}", said, "{m}", l.monthNames[m-1], "{y}", strconv.Itoa(y)).Replace(l.Date)
}

// namedRange is two words with a dash between them: Mon–Fri, and any other two.
var namedRange = regexp.MustCompile(`(^|[^\pL\d-])(\pL{2,})\.? ?[-–] ?(\pL{2,})($|[^\pL\d-])`)

// sayNamedRanges says ranges of days and months in full, as they are mostly abbreviated.
func (l *language) sayNamedRanges(text string) string {
	return replaceGroups(namedRange, text, func(g []string) string {
		for _, names := range [][]string{l.dayNames, l.monthNames} {
			from, to := unabbreviated(g[2], names), unabbreviated(g[3], names)
			if from != "" && to != "" {
				return g[1] + from + " " + l.Range + " " + to + g[4]
			}
		}
		return g[0]
	})
}

// unabbreviated returns the only one of the names that begins with a word; empty where none or
// several do. Two letters are enough where names have capital letters, as in "Mo–Fr".
func unabbreviated(word string, names []string) (name string) {
	first, length := []rune(word)[0], utf8.RuneCountInString(word)
	if length < 3 && !unicode.IsUpper(first) {
		return ""
	}
	for _, n := range names {
		if !strings.HasPrefix(n, word) {
			continue
		}
		if name != "" {
			return ""
		}
		name = n
	}
	return name
}
