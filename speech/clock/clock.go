// Package clock answers questions about the time and the date, in the usual phrasings of
// its languages. They are data, one file for each.
package clock

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // for places elsewhere, on machines without zones

	"github.com/gotars/tars/speech/phrases"
)

//go:embed en.json de.json places.json
var files embed.FS

// languageFile is how people of a language ask. Questions are regular expressions for all
// the words of a question, in lower case and without the words before and after.
type languageFile struct {
	Before    []string            `json:"before"` // politeness in front of a question
	After     []string            `json:"after"`
	Now       string              `json:"now"` // what may follow each question
	Questions map[string][]string `json:"questions"`
	In        string              `json:"in"`      // a place, behind a question for time, weekday or date
	Answers   map[string]string   `json:"answers"` // as layouts of package time, with {place} and {week}
	Names     map[string]string   `json:"names"`   // of days and months; none: as in English
}

// language is a file that was read.
type language struct {
	file          languageFile
	before, after []string
	kinds         []kind
	now           *regexp.Regexp // at the end of a place
}

// kind is a question that has one answer.
type kind struct {
	name      string
	pattern   *regexp.Regexp
	elsewhere *regexp.Regexp // with a place; nil: it is the same everywhere
}

// Answer answers a question about the time or the date, in the language in which it was
// asked. lang is the one that is tried first. It reports false for everything else, and for places that it does not know.
func Answer(question, lang string, now time.Time) (answer string, ok bool) {
	words := strings.Join(phrases.Words(strings.NewReplacer("’", "'", "-", " ").Replace(question)), " ")
	if len(words) > maxQuestion {
		return "", false
	}
	all := languages()
	for _, name := range slices.Concat([]string{lang}, names) {
		if l := all[name]; l != nil {
			if answer, ok := l.answer(words, now); ok {
				return answer, true
			}
		}
	}
	return "", false
}

const maxQuestion = 120 // bytes; longer ones ask for more than the time

// names are the languages, in the order in which they are tried.
var names = []string{"en", "de"}

// languages reads the files, when they are needed first.
var languages = sync.OnceValue(func() map[string]*language {
	all := map[string]*language{}
	for _, name := range names {
		l := &language{}
		read(name+".json", &l.file)
		l.before, l.after = byLength(l.file.Before), byLength(l.file.After)
		l.now = regexp.MustCompile(l.file.Now + `$`)
		for name, patterns := range l.file.Questions {
			question := `^(?:` + strings.Join(patterns, "|") + `)` + l.file.Now
			k := kind{name: name, pattern: regexp.MustCompile(question + `$`)}
			if name == "time" || name == "weekday" || name == "date" {
				k.elsewhere = regexp.MustCompile(question + l.file.In + `$`)
			}
			l.kinds = append(l.kinds, k)
		}
		all[name] = l
	}
	return all
})

// zones are the zones of places, by their names in lower case.
var zones = sync.OnceValue(func() map[string]string {
	var byZone map[string][]string
	read("places.json", &byZone)
	all := map[string]string{}
	for zone, places := range byZone {
		for _, p := range places {
			all[p] = zone
		}
	}
	return all
})

func read(name string, into any) {
	data, err := files.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		panic(fmt.Errorf("%s: %w", name, err)) // the files are part of the program
	}
}

func byLength(phrases []string) []string {
	return slices.SortedFunc(slices.Values(phrases), func(a, b string) int { return len(b) - len(a) })
}

func (l *language) answer(words string, now time.Time) (string, bool) {
	q := l.expand(words)
	for stripped := true; stripped; { // the question itself may begin like politeness: "time"
		for _, k := range l.kinds {
			if k.pattern.MatchString(q) {
				return l.say(k.name, "", now), true
			}
			if k.elsewhere == nil {
				continue
			}
			if m := k.elsewhere.FindStringSubmatch(q); m != nil {
				if answer, ok := l.sayOf(k.name, m[1], now); ok {
					return answer, true
				}
			}
		}
		q, stripped = l.strip(q)
	}
	return "", false
}

// expand writes out what is said in short.
func (l *language) expand(q string) string {
	return strings.NewReplacer("what's", "what is", "whats", "what is", "what're", "what are", "it's", "it is", "todays", "today's", "tomorrows", "tomorrow's").Replace(q)
}

// strip takes one phrase of politeness off a question.
func (l *language) strip(q string) (rest string, stripped bool) {
	for _, p := range l.before {
		if rest, ok := strings.CutPrefix(q, p+" "); ok {
			return rest, true
		}
	}
	for _, p := range l.after {
		if rest, ok := strings.CutSuffix(q, " "+p); ok {
			return rest, true
		}
	}
	return q, false
}

// sayOf answers for a place.
func (l *language) sayOf(name, place string, now time.Time) (string, bool) {
	place = strings.TrimSpace(l.now.ReplaceAllString(place, ""))
	zone, known := zones()[place]
	if !known {
		return "", false
	}
	there, err := time.LoadLocation(zone)
	if err != nil {
		return "", false
	}
	if name == "time" {
		name = "timeIn"
	}
	return l.say(name, title(place), now.In(there)), true
}

// say fills in an answer.
func (l *language) say(name, place string, now time.Time) string {
	switch name {
	case "tomorrow":
		now = now.AddDate(0, 0, 1)
	case "yesterday":
		now = now.AddDate(0, 0, -1)
	}
	layout := l.file.Answers[name]
	if name == "week" {
		year, week := now.ISOWeek()
		return strings.NewReplacer("{week}", strconv.Itoa(week), "2006", strconv.Itoa(year)).Replace(layout)
	}
	var out strings.Builder // a place is no layout
	for i, part := range strings.Split(layout, "{place}") {
		if i > 0 {
			out.WriteString(place)
		}
		text := now.Format(part)
		for english, own := range l.file.Names {
			text = strings.ReplaceAll(text, english, own)
		}
		out.WriteString(text)
	}
	return out.String()
}

// title writes the name of a place.
func title(place string) string {
	if short := map[string]bool{"utc": true, "gmt": true, "nyc": true, "la": true}; short[place] {
		return strings.ToUpper(place)
	}
	words := strings.Fields(place)
	for i, w := range words {
		if small := map[string]bool{"the": true, "de": true, "der": true, "den": true, "die": true}; !small[w] {
			r := []rune(w)
			words[i] = strings.ToUpper(string(r[0])) + string(r[1:])
		}
	}
	return strings.Join(words, " ")
}
