package when

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// languageFiles has one file for each language. A further one needs only its file.
//
//go:embed lang/*.json
var languageFiles embed.FS

// language is what one language says of times and timers. Patterns are regular expressions
// for words that are joined by spaces, in lower case, without punctuation and with numbers
// in digits; {name} in them is the macro of that name.
type language struct {
	code string

	Trigger string            `json:"trigger"` // what every request has one of; else nothing else is tried
	Macros  map[string]string `json:"macros"`

	Numbers  map[string]float64 `json:"numbers"`
	Spelled  map[string]string  `json:"spelled"`   // words in another way: "what's" is "what is"
	Suffixes []string           `json:"suffixes"`  // with which a name is one word: "nudeltimer"
	Ordinals map[string]int     `json:"ordinals"`  // of a date
	NoLength []string           `json:"no_length"` // units that mean something else behind an article: "a second timer"
	Hundred  string             `json:"hundred"`
	Point    string             `json:"point"`
	And      []string           `json:"and"`
	Compound string             `json:"compound"` // between unit and tens of one word: "fünf und zwanzig"

	Units    map[string]string  `json:"units"`    // words to second, minute, hour, day, week, month
	Lengths  map[string]float64 `json:"lengths"`  // words that are a length of their own, in minutes
	Article  []string           `json:"article"`  // one, before a unit
	Half     []string           `json:"half"`     // of a unit
	Quarter  []string           `json:"quarter"`  // of a unit
	Of       []string           `json:"of"`       // between a part and its unit
	Months   map[string]int     `json:"months"`   // words to 1 to 12
	Weekdays map[string]int     `json:"weekdays"` // words to 0 for Sunday to 6

	To         []string `json:"to"`          // before a length that is to be the whole: "extend it to 20 minutes"
	Before     []string `json:"before"`      // words before a time that belong to it
	BareBefore []string `json:"bare_before"` // words behind which a number alone is a time
	BareAfter  []string `json:"bare_after"`  // and before which it is
	In         []string `json:"in"`          // before a length: from now
	Later      []string `json:"later"`       // behind a length: from now
	Aside      []string `json:"aside"`       // before a day that belongs to what a reminder is about

	Times     []*timeRule     `json:"times"`
	Sorry     string          `json:"sorry"`      // pattern of what stands between a time and a better one: "no, I mean"
	NotThat   string          `json:"not_that"`   // and between a time and one that is not meant
	TakenBack string          `json:"taken_back"` // pattern of an end that says that nothing is meant
	RunOn     string          `json:"run_on"`     // pattern of a request behind something else without a mark between them: its groups are the two
	If        []string        `json:"if"`         // words with which a sentence begins that says whether
	Or        []string        `json:"or"`
	NoRunOn   []string        `json:"no_run_on"` // words before which no sentence ends
	Task      string          `json:"task"`      // pattern of what stands before "remind me" and is what it is about
	SetOne    string          `json:"set_one"`   // pattern of what sets another one, whose kind was said before: "start one for"
	List      string          `json:"list"`      // pattern of what has a list of times: its groups are kind and list
	Earlier   []string        `json:"earlier"`   // between a length and a time: "an hour before noon"
	Lead      []string        `json:"lead"`      // patterns of what may be left out at the beginning
	Trail     []string        `json:"trail"`     // and at the end
	Requests  []*requestRule  `json:"requests"`
	NoName    []string        `json:"no_name"`   // words that no name of a timer has
	Another   string          `json:"another"`   // what stands for the same again: "and another for ten minutes"
	SetAgain  map[Kind]string `json:"set_again"` // and what it means
	NoAbout   []string        `json:"no_about"`  // words with which nothing begins that a reminder is about

	trigger, lead, trail *regexp.Regexp
	inWords, laterWords  map[string]bool
	before, bareBefore   map[string]bool
	bareAfter, aside     map[string]bool
	article, half        map[string]bool
	quarter, of, and     map[string]bool
	noName, noAbout      map[string]bool
	noLength, to         map[string]bool
	another, sorry       *regexp.Regexp
	notThat, takenBack   *regexp.Regexp
	list, task, runOn    *regexp.Regexp
	setOne               *regexp.Regexp
	or, ifWords          map[string]bool
	noRunOn              map[string]bool
	earlier              map[string]bool
	kinds                map[Kind]*regexp.Regexp
	plural               *regexp.Regexp
}

// timeRule is one way to say a part of a time. Its pattern may have the groups h and m (hour
// and minute), ap (am or pm), wd (days of the week), dom, mon and yr (a date), n and unit.
type timeRule struct {
	Pattern string `json:"pattern"`
	Add     int    `json:"add"`    // minutes to the hour
	Sign    int    `json:"sign"`   // of the group m: 1 past, -1 to the hour
	Hour    *int   `json:"hour"`   // the hour, of the day of 24
	Bare    bool   `json:"bare"`   // only where a time is expected
	Open    bool   `json:"open"`   // the hour is not said, and the next one is meant: "at quarter past"
	Exact   bool   `json:"exact"`  // as it is written, of the day of 24 hours
	Day     *int   `json:"day"`    // days from today
	Week    int    `json:"week"`   // weeks behind the day of the week
	Half    bool   `json:"half"`   // of every: half of the unit
	Next    bool   `json:"next"`   // which of two weeks is meant is not clear
	Part    string `json:"part"`   // of the day: morning, noon, afternoon, evening, night
	Repeat  string `json:"repeat"` // day, workday, weekend, days, range, every, month, year, or none: there is no such thing
	Date    string `json:"date"`   // 12-25
	Vague   string `json:"vague"`  // something is said and not enough: day, time or duration

	re *regexp.Regexp
}

// requestRule is one way to ask. Its pattern may have the groups name and about, with digits
// behind them when there are several; new and old (placeholders) and part.
type requestRule struct {
	Action  Action   `json:"action"`
	Kind    Kind     `json:"kind"`
	Pattern string   `json:"pattern"`
	All     bool     `json:"all"`
	Less    bool     `json:"less"`    // of add: take it off
	Ask     Question `json:"ask"`     // when no time is said
	Needs   bool     `json:"needs"`   // a time has to be said
	Clock   bool     `json:"clock"`   // which is one of the clock, or begins now: "in ten minutes"
	Until   bool     `json:"until"`   // behind a word for the end: "sleep until eight"
	Repeats bool     `json:"repeats"` // which comes again, and is one of the clock
	Loose   bool     `json:"loose"`   // it holds words that are not understood, and is tried last
	More    bool     `json:"more"`    // a length that is to be added: "five more minutes"
	Default Kind     `json:"default"` // what is meant where neither timer nor alarm is said

	re *regexp.Regexp
}

var languages = loadLanguages()

func loadLanguages() []*language {
	entries, err := languageFiles.ReadDir("lang")
	if err != nil {
		panic(err) // it is part of the program
	}
	var all []*language
	for _, e := range entries {
		b, err := languageFiles.ReadFile("lang/" + e.Name())
		l := &language{code: strings.TrimSuffix(e.Name(), ".json")}
		if err == nil {
			d := json.NewDecoder(strings.NewReader(string(b)))
			d.DisallowUnknownFields()
			err = d.Decode(l)
		}
		if err == nil {
			err = l.compile()
		}
		if err != nil {
			panic(fmt.Sprintf("speech/when/lang/%s: %v", e.Name(), err))
		}
		all = append(all, l)
	}
	return all
}

// languagesFrom are all languages, the one called code first, English before the others.
func languagesFrom(code string) []*language {
	code, _, _ = strings.Cut(strings.ToLower(strings.ReplaceAll(code, "_", "-")), "-")
	all := slices.Clone(languages)
	rank := func(l *language) int {
		switch l.code {
		case code:
			return 0
		case "en":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(all, func(a, b *language) int { return rank(a) - rank(b) })
	return all
}

func languageOf(code string) *language { return languagesFrom(code)[0] }

// compile prepares the patterns and the lists.
func (l *language) compile() (err error) {
	for macro, words := range map[string][]string{"unit": keys(l.Units), "weekday": keys(l.Weekdays), "month": keys(l.Months), "ordinal": keys(l.Ordinals)} {
		slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) }) // the longest first
		l.Macros[macro] = strings.Join(words, "|")
	}
	one := func(pattern, around string) *regexp.Regexp {
		re, problem := regexp.Compile(numberGroups(fmt.Sprintf(around, l.expand(pattern))))
		if problem != nil && err == nil {
			err = problem
		}
		return re
	}
	l.trigger = one(l.Trigger, "%s")
	l.lead = one(strings.Join(l.Lead, "|"), "^(?:%s)(?: |$)")
	l.trail = one(strings.Join(l.Trail, "|"), "(?:^| )(?:%s)$")
	for _, r := range l.Times {
		r.re = one(r.Pattern, "^(?:%s)(?: |$)")
	}
	for _, r := range l.Requests {
		r.re = one(r.Pattern, "^(?:%s)$")
	}
	l.kinds = map[Kind]*regexp.Regexp{Timer: one("{T}", "^(?:%s)$"), Alarm: one("{A}", "^(?:%s)$"), Reminder: one("{R}", "^(?:%s)$")}
	l.another = one(l.Another, "^(?:%s) ")
	l.sorry, l.notThat = one(l.Sorry, "^(?:(?:%s) )+"), one(l.NotThat, "^(?:%s) ")
	l.takenBack, l.list = one(l.TakenBack, "(?:^| )(?:%s)$"), one(l.List, "^(?:%s)$")
	l.runOn, l.setOne = one(l.RunOn, "%s"), one(l.SetOne, "^(?:%s) ")
	l.task = one(l.Task, "^(?:[^ ]+ ){0,2}?(?:%s)$")
	l.plural = one("{P}", "^(?:%s)$")
	for set, words := range map[*map[string]bool][]string{
		&l.inWords: l.In, &l.laterWords: l.Later, &l.before: l.Before, &l.bareBefore: l.BareBefore, &l.bareAfter: l.BareAfter, &l.aside: l.Aside,
		&l.article: l.Article, &l.half: l.Half, &l.quarter: l.Quarter, &l.of: l.Of, &l.and: l.And, &l.noName: l.NoName, &l.noAbout: l.NoAbout, &l.noLength: l.NoLength, &l.to: l.To, &l.noRunOn: l.NoRunOn, &l.or: l.Or, &l.ifWords: l.If, &l.earlier: l.Earlier,
	} {
		*set = map[string]bool{}
		for _, w := range words {
			(*set)[w] = true
		}
	}
	return err
}

// expand puts the macros into a pattern.
func (l *language) expand(pattern string) string {
	for range 8 { // macros may hold others
		if !strings.Contains(pattern, "{") {
			break
		}
		for name, text := range l.Macros {
			pattern = strings.ReplaceAll(pattern, "{"+name+"}", "(?:"+text+")")
		}
		pattern = strings.NewReplacer(
			"{h}", `(?P<h>[01]?[0-9]|2[0-4])`, "{m}", `(?P<m>[0-5]?[0-9])`, "{mm}", `(?P<m>[0-5][0-9])`,
			"{t}", `(?:@at|@dur)`, "{w}", `[^@ ]+`,
		).Replace(pattern)
	}
	return pattern
}

var groupName = regexp.MustCompile(`\(\?P<[a-z]+`)

// numberGroups gives each group of a pattern a name of its own: a regular expression has
// each name once. groupsOf takes the number off.
func numberGroups(pattern string) string {
	n := 0
	return groupName.ReplaceAllStringFunc(pattern, func(group string) string {
		n++
		return group + strconv.Itoa(n)
	})
}

func keys[V any](m map[string]V) (all []string) {
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// unitOf is the length of a unit of time. A day and more are counted by the calendar.
func unitOf(name string) time.Duration {
	return map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour}[name]
}
