package speech

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// languageFiles has one file for each language that is known. A further language
// needs only its file: all keys of [language] that stand in en.json.
//
//go:embed lang/*.json
var languageFiles embed.FS

// language is how signs are said and abbreviations written in one language. Lists of
// words are separated by spaces. The zero value is a language without data: its signs
// are left to the voice.
type language struct {
	Abbreviations string `json:"abbreviations"`  // with a dot that never ends a sentence, without that dot
	MayEnd        string `json:"may_end"`        // with a dot that ends one when a capital letter follows
	BeforeName    string `json:"before_name"`    // with a dot that ends one only when a word of starters follows, as names follow them too
	Starters      string `json:"starters"`       // words that begin sentences, in lower case; "l'" is any word behind that
	CompoundEnds  string `json:"compound_ends"`  // abbreviations that are written together with the word before them
	CapitalNouns  bool   `json:"capital_nouns"`  // a capital letter does not tell that a sentence begins
	BeforeNumber  string `json:"before_number"`  // with a dot, before a number
	BeforeOrdinal string `json:"before_ordinal"` // words behind which "3." is an ordinal number
	OrdinalDot    bool   `json:"ordinal_dot"`    // ordinal numbers are written with a dot

	Clause  string `json:"clause"`  // words that begin a clause
	And     string `json:"and"`     // words that begin one when a subject follows
	Subject string `json:"subject"` // words that may be that subject, or begin it

	Months     string `json:"months"`
	Days       string `json:"days"`        // of the week
	Date       string `json:"date"`        // with {d}, {m} and {y}
	FirstDay   string `json:"first_day"`   // the day of the first of a month, where it is not "1"
	MonthFirst bool   `json:"month_first"` // in 3/4/2026

	Signs   map[string]string `json:"signs"`
	Minus   string            `json:"minus"`
	Range   string            `json:"range"`   // between two numbers
	About   string            `json:"about"`   // before a number
	Link    string            `json:"link"`    // in place of an address
	Decades string            `json:"decades"` // words behind which "30s" are years
	Per     string            `json:"per"`     // between two units
	Power   string            `json:"power"`   // with {n}
	Squared string            `json:"squared"`
	Cubed   string            `json:"cubed"`

	Shorthands   map[string]string    `json:"shorthands"`   // words of which a sign is a part, and what they are said as
	Numerators   string               `json:"numerators"`   // of fractions: 1 to 9
	Denominators map[string][2]string `json:"denominators"` // of fractions: one, many
	Fractions    map[string]string    `json:"fractions"`    // that are named in another way
	AndFraction  string               `json:"and_fraction"` // between a number and a fraction
	Feet         [2]string            `json:"feet"`         // one, many
	Inches       [2]string            `json:"inches"`
	Currencies   map[string][4]string `json:"currencies"` // one, many, one cent, many cents
	Cents        string               `json:"cents"`      // with {n}, {unit}, {c} and {cents}
	Elided       string               `json:"elided"`     // in place of "de " before a vowel
	Scales       map[string][2]string `json:"scales"`     // behind an amount of money, in lower case: one, many
	Units        map[string][2]string `json:"units"`      // behind a number: one, many

	Numbered      string    `json:"numbered"`       // words behind which a Roman numeral is a number
	Centuries     string    `json:"centuries"`      // words before which it is an ordinal number
	RomanOrdinals string    `json:"roman_ordinals"` // endings that make it one
	Feminine      [2]string `json:"feminine"`       // the beginning or the end of that of a king, and of a queen
	Regnal        []string  `json:"regnal"`         // a Roman numeral behind the name of a ruler, from 1

	never, mayEnd, beforeName, starters map[string]bool
	beforeOrdinal, numbered             map[string]bool
	clause, and, subject                map[string]bool
	monthNames, dayNames                []string
	numerators                          []string
	decade                              *regexp.Regexp
	beforeCentury, romanEnding          *regexp.Regexp
	unitPattern                         func() *unitPattern // made at first use, as the next: they are large, and most languages are never spoken
	moneyPattern                        func() *moneyPattern
	numbers                             *numberData // nil: its number words are not known
}

var (
	languages    = loadLanguages()
	months       = map[string]bool{} // of all languages, in lower case
	beforeNumber = map[string]bool{} // of all languages
)

func loadLanguages() map[string]*language {
	entries, err := languageFiles.ReadDir("lang")
	if err != nil {
		panic(err) // it is part of the program
	}
	all := map[string]*language{}
	for _, e := range entries {
		b, err := languageFiles.ReadFile("lang/" + e.Name())
		l := &language{}
		if err == nil {
			err = json.Unmarshal(b, l)
		}
		if err != nil {
			panic(fmt.Sprintf("speech/lang/%s: %v", e.Name(), err))
		}
		l.index()
		code := strings.TrimSuffix(e.Name(), ".json")
		all[code], l.numbers = l, numberWords[code]
	}
	return all
}

func init() {
	for _, l := range languages {
		for _, m := range l.monthNames {
			months[strings.ToLower(m)] = true
		}
		for _, w := range strings.Fields(l.BeforeNumber) {
			beforeNumber[w] = true
		}
	}
}

// index prepares the lists for look-ups.
func (l *language) index() {
	l.never, l.mayEnd = WordSet(l.Abbreviations), WordSet(l.MayEnd)
	l.beforeName, l.starters = WordSet(l.BeforeName), WordSet(l.Starters)
	l.beforeOrdinal, l.numbered = WordSet(l.BeforeOrdinal), WordSet(l.Numbered)
	l.clause, l.and, l.subject = WordSet(l.Clause), WordSet(l.And), WordSet(l.Subject)
	l.monthNames, l.dayNames = strings.Fields(l.Months), strings.Fields(l.Days)
	l.numerators = strings.Fields(l.Numerators)
	l.unitPattern = sync.OnceValue(func() *unitPattern { return newUnitPattern(l) })
	l.moneyPattern = sync.OnceValue(func() *moneyPattern { return newMoneyPattern(l) })
	l.decade = regexp.MustCompile(`(?i)(['’]\d0|\b(?:` + oneOf(l.Decades) + `)[ -]\d0|\b[12]\d\d0)s\b`)
	l.beforeCentury = regexp.MustCompile(`\b([IVX]+)( (?:` + oneOf(l.Centuries) + `)\b)`)
	l.romanEnding = regexp.MustCompile(`\b([IVX]+)(` + oneOf(l.RomanOrdinals) + `)($|[^\pL])`)
}

// oneOf is a pattern for each of the words of a list. Of an empty one it matches nothing.
func oneOf(list string) string {
	if list == "" {
		return `[^\s\S]`
	}
	return alternatives(strings.Fields(list))
}

// WordSet is the set of the words of a list, which are parted by white space.
func WordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// languageOf returns what is known of a language, named by its code ("de" or
// "de-AT"); empty is English. Of a language without data nothing is known.
func languageOf(code string) *language {
	code, _, _ = strings.Cut(strings.ToLower(strings.ReplaceAll(code, "_", "-")), "-")
	if code == "" {
		code = "en"
	}
	if l := languages[code]; l != nil {
		return l
	}
	return unknownLanguage
}

// unknownLanguage has the abbreviations of English, which are written in others too.
var unknownLanguage = &language{never: languages["en"].never, mayEnd: languages["en"].mayEnd, beforeName: languages["en"].beforeName, starters: languages["en"].starters}
