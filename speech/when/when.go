// Package when understands what is said about timers, alarms and reminders: "wake me at
// half past six", "how long is left on the pasta timer", "Erinnere mich morgen um zwölf an
// den Arzt". It is pure: text and a time in, what is wanted out. What a language says is in
// its file of the folder lang; the code knows no words.
package when

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Action is what is wanted.
type Action string

// The actions. None is text that is about no timer, or that the rules do not understand.
const (
	None   Action = ""
	Set    Action = "set"
	List   Action = "list" // which ones there are, and how long is left
	Cancel Action = "cancel"
	Add    Action = "add"  // Request.Duration to what is left, or less when that is negative
	Move   Action = "move" // to another time or length
	Pause  Action = "pause"
	Resume Action = "resume"
	Snooze Action = "snooze" // what rings, for Request.Duration or as long as usual
	Quiet  Action = "quiet"  // no more ringing: "I'm up", "thanks"; only meant while something rings
	Unable Action = "unable" // it is understood, and there is no such thing: "every other day"
	Answer Action = "answer" // a time or a name alone, as the answer to a question
)

// Kind is what rings.
type Kind string

// The kinds. AnyKind is what is not said: "cancel everything".
const (
	AnyKind  Kind = ""
	Timer    Kind = "timer"
	Alarm    Kind = "alarm"
	Reminder Kind = "reminder"
)

// Question is what a request lacks, to be asked back.
type Question string

// The questions.
const (
	NoQuestion  Question = ""
	AskDuration Question = "duration" // for how long?
	AskTime     Question = "time"     // at what time? Request.Day may be known already
	AskDay      Question = "day"      // which day?
	AskAbout    Question = "about"    // what shall I remind you of?
)

// Request is what somebody wants.
type Request struct {
	Action   Action
	Kind     Kind
	Lang     string        // of the rules that understood it
	Name     string        // "pasta", in lower case; of a Move, Cancel and so on the one that is meant
	About    string        // what a reminder is about, as it was written: "call Anna"
	Duration time.Duration // of a timer; of Add and Snooze
	At       time.Time     // when it rings first; zero: after Duration
	Bare     time.Duration // of Move: a number alone was said, and means this long where it is about a timer
	Guessed  bool          // At is the next time that the clock shows what was said, of a day of 12 hours
	Repeat   Repeat
	All      bool          // every one of Kind
	Ask      Question      // what is missing
	Day      time.Time     // of AskTime, midnight of the day that was said; zero: none was
	Part     string        // of AskTime, the part of the day that was said: "morning"
	OldAt    time.Time     // the one that is meant rings at this time
	OldGuess bool          // as Guessed, of OldAt
	OldFor   time.Duration // the one that is meant was set for this long
	OldDay   time.Time     // midnight of the day of the one that is meant; zero: any
	OldDays  Weekdays      // the ones that are meant ring on these days only: "my weekday alarm"
	Except   string        // name of the one that is not meant: "cancel all but the pasta timer"
}

// Repeat says when a thing rings again. The zero value is once.
type Repeat struct {
	Days  Weekdays      // at the same time on these days
	Every time.Duration // or this long after the last time
	Day   int           // or on this day of each month
	Month time.Month    // and of this month only; 0: of all

	Hour, Minute int // of the day, but with Every
}

// Weekdays is a set of days of the week, Sunday the lowest bit.
type Weekdays uint8

// EveryDay has all days; Workdays are Monday to Friday.
const (
	EveryDay Weekdays = 1<<7 - 1
	Workdays Weekdays = 1<<time.Monday | 1<<time.Tuesday | 1<<time.Wednesday | 1<<time.Thursday | 1<<time.Friday
	Weekend  Weekdays = 1<<time.Saturday | 1<<time.Sunday
)

// Has reports whether a day is in the set.
func (w Weekdays) Has(d time.Weekday) bool { return w&(1<<d) != 0 }

// IsZero reports whether it is once.
func (r Repeat) IsZero() bool { return r == Repeat{} }

// Parse tells what text asks for at the time now, whose zone is that of the person. lang is
// the language that the recogniser took it for, which is tried first; what it took for
// another language is understood all the same. ok is false when no rule applies.
func Parse(text, lang string, now time.Time) (r Request, ok bool) {
	if all := ParseAll(text, lang, now); len(all) > 0 {
		return all[0], true
	}
	return Request{}, false
}

// ParseAll is [Parse] of a sentence that may set several things: "set a timer for five
// minutes and another for ten". Only what sets something, and lacks nothing, is joined so.
func ParseAll(text, lang string, now time.Time) []Request {
	text = oneSpace(text)
	lower := strings.ToLower(text)
	languages := slices.DeleteFunc(languagesFrom(lang), func(l *language) bool { return !l.trigger.MatchString(lower) })
	if slices.ContainsFunc(languages, func(l *language) bool { return l.isTakenBack(lower) }) {
		return nil
	}
	for _, read := range []func(*language, string, time.Time) []Request{(*language).parseList, (*language).parseTwins, readWhole, (*language).parseSeveral, readClause, readLoosely} {
		for _, l := range languages {
			if all := read(l, text, now); len(all) > 0 {
				for i := range all {
					all[i].Lang = l.code
				}
				return all
			}
		}
	}
	return nil
}

// readWhole reads text as one request.
func readWhole(l *language, text string, now time.Time) []Request {
	r, ok := l.parse(text, now)
	if !ok || r.Action == Set && r.Kind == Reminder {
		if all := l.parseJoined(text, now); len(all) > 1 {
			return all
		}
	}
	if ok && r.Ask != NoQuestion { // "a timer for the eggs for ten minutes and one for the rice for twenty"
		if all := l.parseSeveral(text, now); len(all) > 1 {
			return all
		}
	}
	return one(r, ok)
}

// readClause reads what is left of text behind something else: "Good, I'm tired. Wake me at
// seven."
func readClause(l *language, text string, now time.Time) []Request {
	for _, at := range clauseEnd.FindAllStringIndex(text, maxClauses) {
		if r, ok := l.parseBehind(text[:at[0]], text[at[1]:], now); ok {
			return []Request{r}
		}
	}
	if m := l.runOn.FindStringSubmatchIndex(text); m != nil {
		before, request := text[m[2]:m[3]], text[m[4]:m[5]]
		if words := tokenize(before); len(words) > 0 && !l.noRunOn[words[len(words)-1].text] {
			return one(l.parseBehind(before, request, now))
		}
	}
	return nil
}

// readLoosely reads a request that is certain, although not all of its words are understood.
func readLoosely(l *language, text string, now time.Time) []Request {
	if r, ok := l.parseBy(true, text, now); ok {
		return []Request{r}
	}
	for _, at := range clauseEnd.FindAllStringIndex(text, maxClauses) {
		if l.isCondition(text[:at[0]]) {
			continue
		}
		if r, ok := l.parseBy(true, text[at[1]:], now); ok && r.Action == Set && r.Ask != NoQuestion {
			return []Request{r}
		}
	}
	return nil
}

func one(r Request, ok bool) []Request {
	if !ok {
		return nil
	}
	return []Request{r}
}

// clauseEnd is where something else may be over that was said before a request.
var clauseEnd = regexp.MustCompile(`[,.;!?] +`)

// maxClauses is how many beginnings are tried.
const maxClauses = 4

// ParseRinging tells what text asks of what rings: to be quiet, or to come again later.
// "Okay" and "I'm up" are meant only then.
func ParseRinging(text, lang string, now time.Time) (r Request, ok bool) {
	text = oneSpace(text)
	for _, l := range languagesFrom(lang) {
		for _, tokens := range [][]token{l.spell(tokenize(text)), l.strip(l.spell(tokenize(text)))} {
			s := l.scan(tokens, false)
			for _, rule := range l.Requests {
				if rule.Action != Quiet && rule.Action != Snooze {
					continue
				}
				if m := rule.re.FindStringSubmatchIndex(s.text); m != nil {
					if r, ok := l.apply(rule, s, m, text, now); ok {
						r.Lang = l.code
						return r, true
					}
				}
			}
		}
	}
	return Request{}, false
}

// ParseAnswer tells what text says as the answer to a question that pending lacks: "ten
// minutes", "at noon", "to call Anna". ok is false when it is no answer.
func ParseAnswer(pending Request, text string, now time.Time) (r Request, ok bool) {
	l := languageOf(pending.Lang)
	s := l.scan(l.strip(l.spell(tokenize(text))), true)
	return l.answer(pending, s, now)
}

// ParseTime tells what a time alone means: "10 minutes", "half past six", "every weekday at
// 7". kind is what is to ring.
func ParseTime(text, lang string, kind Kind, now time.Time) (Request, bool) {
	for _, l := range languagesFrom(lang) {
		s := l.scan(l.strip(l.spell(tokenize(text))), true)
		if len(s.tokens) == 1 && s.tokens[0].span != nil {
			r := Request{Action: Set, Kind: kind, Lang: l.code}
			r.applyTime(s.tokens[0].span.pieces, now)
			return r, true
		}
	}
	return Request{}, false
}

func oneSpace(text string) string { return strings.Join(strings.Fields(text), " ") }

// Near is the time that r says for what rings at old: where it is not clear whether that is
// in the morning or in the evening, it is on the day of old and in the same half of it.
func (r Request) Near(old, now time.Time) time.Time {
	if !r.Guessed {
		return r.At
	}
	if t := clockOn(startOf(old), r.At.Hour()%12+old.Hour()/12*12, r.At.Minute()); t.After(now) {
		return t
	}
	return r.At
}

// IsAt reports whether what rings at t is the one that r means by its time.
func (r Request) IsAt(t time.Time) bool {
	if r.OldGuess {
		return t.Hour()%12 == r.OldAt.Hour()%12 && t.Minute() == r.OldAt.Minute()
	}
	return t.Hour() == r.OldAt.Hour() && t.Minute() == r.OldAt.Minute()
}

// String is the request in one line, for tables and logs.
func (r Request) String() string {
	if r.Action == None {
		return "none"
	}
	out := []string{string(r.Action)}
	add := func(name, value string) {
		if value != "" {
			out = append(out, name+value)
		}
	}
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		if t.Second() != 0 {
			return t.Format("2006-01-02T15:04:05")
		}
		return t.Format("2006-01-02T15:04")
	}
	if r.All {
		out = append(out, "all")
	}
	add("", string(r.Kind))
	if r.Duration != 0 {
		out = append(out, r.Duration.String())
	}
	add("", stamp(r.At))
	add("repeat=", r.Repeat.String())
	add("name=", r.Name)
	add("about=", r.About)
	add("old=", stamp(r.OldAt))
	if r.OldFor != 0 {
		add("old=", r.OldFor.String())
	}
	if !r.OldDay.IsZero() {
		add("on=", r.OldDay.Format(time.DateOnly))
	}
	add("on=", Repeat{Days: r.OldDays}.String())
	add("except=", r.Except)
	add("ask=", string(r.Ask))
	if !r.Day.IsZero() {
		add("day=", r.Day.Format(time.DateOnly))
	}
	add("part=", r.Part)
	return strings.Join(out, " ")
}

// String is the repetition in a word: "mon,thu", "daily", "2h0m0s", "monthly/3".
func (r Repeat) String() string {
	switch {
	case r.IsZero():
		return ""
	case r.Every > 0:
		return r.Every.String()
	case r.Month > 0:
		return fmt.Sprintf("yearly/%d/%d", r.Month, r.Day)
	case r.Day > 0:
		return fmt.Sprintf("monthly/%d", r.Day)
	case r.Days == EveryDay:
		return "daily"
	}
	var days []string
	for i := range 7 {
		d := time.Weekday((i + 1) % 7) // from Monday
		if r.Days.Has(d) {
			days = append(days, strings.ToLower(d.String()[:3]))
		}
	}
	return strings.Join(days, ",")
}
