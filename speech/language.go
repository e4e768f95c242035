package speech

import (
	"embed"
	"encoding/json"
	"fmt"
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
	Date       string `json:"date"`        // with {d}, {m} and {y}
	MonthFirst bool   `json:"month_first"` // in 3/4/2026

	Signs   map[string]string `json:"signs"`
	Minus   string            `json:"minus"`
	Range   string            `json:"range"` // between two numbers
	About   string            `json:"about"` // before a number
	Link    string            `json:"link"`  // in place of an address
	Power   string            `json:"power"` // with {n}
	Squared string            `json:"squared"`
	Cubed   string            `json:"cubed"`

	Fractions   map[string]string    `json:"fractions"`
	AndFraction string               `json:"and_fraction"` // between a number and a fraction
	Feet        [2]string            `json:"feet"`         // one, many
	Inches      [2]string            `json:"inches"`
	Currencies  map[string][4]string `json:"currencies"` // one, many, one cent, many cents
	Cents       string               `json:"cents"`      // with {n}, {unit}, {c} and {cents}
	Scales      map[string][2]string `json:"scales"`     // behind an amount of money, in lower case: one, many
	Units       map[string][2]string `json:"units"`      // behind a number: one, many

	Numbered string   `json:"numbered"` // words behind which a Roman numeral is a number
	Numerals []string `json:"numerals"` // that number, from 1
	Regnal   []string `json:"regnal"`   // a Roman numeral behind the name of a ruler, from 1

	never, mayEnd, beforeName, starters map[string]bool
	beforeOrdinal, numbered             map[string]bool
	clause, and, subject                map[string]bool
	monthNames                          []string
	units                               func() *unitPattern // made at first use: it is large, and most languages are never spoken
	numbers                             *numberData         // nil: its number words are not known
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
	l.monthNames = strings.Fields(l.Months)
	l.units = sync.OnceValue(func() *unitPattern { return newUnitPattern(l.Units) })
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
