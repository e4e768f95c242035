package when

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// span is a time within a request: "tomorrow at noon" is one, of two pieces.
type span struct {
	pieces []piece
	length bool   // nothing but how long: "ten minutes"
	aside  bool   // "for Friday": it may belong to what a reminder is about
	before string // the word before it that belongs to it
}

// piece is one part of a time: what a time rule says, or a length.
type piece struct {
	rule   *timeRule
	groups map[string]string
	days   Weekdays
	month  time.Month
	dom    int // day of the month
	every  time.Duration
	length length
	from   bool // the length begins now: "in ten minutes"
	more   bool // "another ten minutes"
}

// length is how long: of the clock, and of the calendar.
type length struct {
	clock  time.Duration
	days   int
	months int
}

func (d length) isZero() bool { return d == length{} }

// total is the length on the clock, where a day has 24 hours.
func (d length) total() time.Duration { return d.clock + time.Duration(d.days)*24*time.Hour }

// scanned is a request whose times are one word each, "@dur" and "@at".
type scanned struct {
	tokens []token
	text   string
}

// scan finds the times among tokens. alone says that a time is all there may be, so that a
// number is one.
func (l *language) scan(in []token, alone bool) scanned {
	in = l.numerals(in)
	var out []token
	for i := 0; i < len(in); {
		s, n := l.spanAt(in, i, alone)
		if n == 0 {
			out = append(out, in[i])
			i++
			continue
		}
		t := token{text: "@at", start: in[i].start, end: in[i+n-1].end, span: s}
		if s.length {
			t.text = "@dur"
		}
		if k := len(out) - 1; k >= 0 && out[k].span == nil && l.before[out[k].text] { // "at", "on the"
			t.start, s.before = out[k].start, out[k].text
			out = out[:k]
			if l.aside[s.before] && !s.length {
				s.aside = true
			}
			if s.length && l.inWords[s.before] {
				s.length, s.pieces[0].from, t.text = false, true, "@at"
			}
		}
		out = l.joinSpan(out, t)
		i += n
	}
	return scanned{out, joinTokens(out)}
}

// joinSpan adds a time to out, as a part of the time before it when it follows that. Two
// times of the clock stay two: "from 7 to 8".
func (l *language) joinSpan(out []token, t token) []token {
	k := len(out) - 1
	if k < 0 || out[k].span == nil || out[k].span.length || t.span.length || out[k].span.hasClock() && t.span.hasClock() {
		return append(out, t)
	}
	joined := *out[k].span
	joined.pieces = append(slices.Clone(joined.pieces), t.span.pieces...)
	out[k] = token{text: "@at", start: out[k].start, end: t.end, span: &joined}
	return out
}

// hasClock reports whether the time of day is said.
func (s *span) hasClock() bool {
	return slices.ContainsFunc(s.pieces, func(p piece) bool { return p.isClock() })
}

func (p piece) isClock() bool {
	return p.rule != nil && (p.groups["h"] != "" || p.rule.Hour != nil)
}

// spanAt finds the time that begins at token i, and how many tokens it takes.
func (l *language) spanAt(in []token, i int, alone bool) (*span, int) {
	best, most := piece{}, 0
	rest := joinTokens(in[i:])
	for _, r := range l.Times {
		m := r.re.FindStringSubmatchIndex(rest)
		if m == nil {
			continue
		}
		n := len(strings.Fields(rest[:m[1]]))
		if n <= most || r.Bare && !alone && !l.expectsTime(in, i, n) || r.Sign != 0 && !l.mayBeClock(in, i, n) {
			continue
		}
		p, ok := l.pieceOf(r, rest, m)
		if ok {
			best, most = p, n
		}
	}
	d, more, n := l.lengthAt(in[i:])
	if n > 0 && n >= most {
		p := piece{length: d, more: more}
		s := &span{pieces: []piece{p}, length: true}
		for k := 1; k <= 2 && i+n+k <= len(in); k++ { // "from now", "later"
			if l.laterWords[joinTokens(in[i+n:i+n+k])] {
				s.length, s.pieces[0].from = false, true
				return s, n + k
			}
		}
		return s, n
	}
	if most == 0 {
		return nil, 0
	}
	return &span{pieces: []piece{best}}, most
}

// expectsTime reports whether n tokens from i on may be a time although they are but numbers.
func (l *language) expectsTime(in []token, i, n int) bool {
	if i+n < len(in) {
		if _, _, k := l.lengthAt(in[i+n-1:]); k > 0 { // "for 7 minutes"
			return false
		}
		if l.bareAfter[in[i+n].text] {
			return true
		}
	}
	return i > 0 && l.bareBefore[in[i-1].text]
}

// mayBeClock reports whether "5 to 7" at token i is a time, and not from 5 to 7, or minutes.
func (l *language) mayBeClock(in []token, i, n int) bool {
	_, _, k := l.lengthAt(in[i+n-1:])
	return k == 0 && !(i > 0 && wordIn(l.Macros["from"], in[i-1].text))
}

// pieceOf is what a rule says with the groups that it found.
func (l *language) pieceOf(r *timeRule, text string, m []int) (p piece, ok bool) {
	p = piece{rule: r, groups: groupsOf(r.re, text, m)}
	if w := p.groups["wd"]; w != "" {
		p.days = l.daysIn(w, r.Repeat == "range")
		if p.days == 0 {
			return p, false
		}
	}
	if w := p.groups["mon"]; w != "" {
		p.month = time.Month(l.Months[w])
	}
	if w := p.groups["dom"]; w != "" {
		p.dom = l.dayNumber(w)
		if p.dom < 1 || p.dom > 31 {
			return p, false
		}
	}
	if r.Repeat == "every" {
		n := 1.0
		if w := p.groups["n"]; w != "" {
			n, _ = strconv.ParseFloat(w, 64)
		}
		if r.Half {
			n /= 2
		}
		unit := l.Units[p.groups["unit"]]
		if unit == "" {
			unit = "hour" // hourly
		}
		p.every = time.Duration(n * float64(unitOf(unit)))
		if p.every <= 0 {
			return p, false
		}
	}
	return p, true
}

// dayNumber is the number of a day in a month: "3 rd", "twenty third".
func (l *language) dayNumber(words string) (n int) {
	for _, w := range strings.Fields(words) {
		n += atoi(strings.TrimSuffix(w, ".")) + l.Ordinals[w]
	}
	return n
}

// daysIn are the days of the week in a list such as "monday and thursday", or from the
// first to the last of "monday to friday".
func (l *language) daysIn(list string, through bool) (days Weekdays) {
	var found []int
	for _, w := range strings.Fields(list) {
		if d, ok := l.Weekdays[w]; ok {
			found = append(found, d)
		}
	}
	if through && len(found) == 2 {
		for d := found[0]; ; d = (d + 1) % 7 {
			days |= 1 << d
			if d == found[1] {
				return days
			}
		}
	}
	for _, d := range found {
		days |= 1 << d
	}
	return days
}

func groupsOf(re *regexp.Regexp, text string, m []int) map[string]string {
	groups := map[string]string{}
	for i, name := range re.SubexpNames() {
		name = strings.TrimRight(name, "0123456789")
		if name != "" && m[2*i] >= 0 && groups[name] == "" {
			groups[name] = strings.TrimSpace(text[m[2*i]:m[2*i+1]])
		}
	}
	return groups
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// lengthAt reads how long at the beginning of tokens, such as "an hour and a half" and
// "1 hour 30", and how many tokens it takes; 0 is none. more says that it is to be added:
// "another five minutes".
func (l *language) lengthAt(in []token) (d length, more bool, n int) {
	unit := ""
	for n < len(in) {
		at := n
		if n > 0 && l.and[in[at].text] {
			at++
		}
		one, u, m, k := l.lengthPart(in[at:], unit)
		if k == 0 || n > 0 && unit != "" && unitOf(u) > unitOf(unit) {
			break
		}
		d.clock, d.days, d.months, more = d.clock+one.clock, d.days+one.days, d.months+one.months, more || m
		n, unit = at+k, u
	}
	return d, more, n
}

// smaller is the unit that a number without one has behind another: "1 hour 30".
var smaller = map[string]string{"hour": "minute", "minute": "second"}

// lengthPart reads one part of a length. last is the unit of the part before it.
func (l *language) lengthPart(in []token, last string) (d length, unit string, more bool, n int) {
	word := func(i int) string {
		if i < len(in) {
			return in[i].text
		}
		return ""
	}
	times, seen := 1.0, false
	i := 0
	take := func(set map[string]bool) bool {
		if set[word(i)] {
			i++
			return true
		}
		return false
	}
	if l.Units[word(0)] == "" && l.Lengths[word(0)] == 0 && l.Macros["more"] != "" && wordIn(l.Macros["more"], word(0)) {
		more = true
		i++
	}
	take(l.article)
	switch v, ok := l.numberWord(word(i)); {
	case ok && v >= 0:
		times, seen = v, true
		i++
		if last != "" && word(i) == "" || last != "" && l.Units[word(i)] == "" && !l.half[word(i)] && !l.and[word(i)] && !l.quarter[word(i)] && l.Lengths[word(i)] == 0 {
			if u := smaller[last]; u != "" && v < 60 && v == math.Trunc(v) { // "1 hour 30"
				return lengthOf(v, u), u, false, i
			}
		}
		if l.quarter[word(i)] { // three quarters
			times /= 4
			i++
			take(l.of)
			take(l.article)
		} else if f, k := l.fractionAt(in[i:]); k > 0 { // one and a half hours
			times += f
			i += k
		}
	case l.half[word(i)]:
		times, seen = 0.5, true
		i++
		take(l.of)
		take(l.article)
	case l.quarter[word(i)]:
		times, seen = 0.25, true
		i++
		take(l.of)
		take(l.article)
	case i == 0 || more && i == 1:
		if last == "" && (more || l.Lengths[word(i)] == 0) {
			return d, "", false, 0
		}
	default:
		seen = true
	}
	if wordIn(l.Macros["more"], word(i)) { // five more minutes
		more = true
		i++
	}
	if minutes := l.Lengths[word(i)]; minutes > 0 {
		return lengthOf(times*minutes, "minute"), "minute", more, i + 1
	}
	unit = l.Units[word(i)]
	if unit == "" || !seen || i == 1 && l.article[word(0)] && l.noLength[word(1)] && l.bareNoun(word(2)) {
		return d, "", false, 0
	}
	i++
	if f, k := l.fractionAt(in[i:]); k > 0 { // an hour and a half
		if l.Units[word(i+k)] == "" {
			times += f
			i += k
		}
	}
	return lengthOf(times, unit), unit, more, i
}

// bareNoun reports whether a word is that of something that rings.
func (l *language) bareNoun(w string) bool {
	return l.kinds[Timer].MatchString(w) || l.kinds[Alarm].MatchString(w) || l.kinds[Reminder].MatchString(w)
}

// fractionAt reads "and a half" and "and a quarter".
func (l *language) fractionAt(in []token) (f float64, n int) {
	if len(in) < 2 || !l.and[in[0].text] {
		return 0, 0
	}
	i, count := 1, 1.0
	if l.article[in[i].text] {
		i++
	} else if v, ok := l.numberWord(in[i].text); ok && v <= 3 {
		i, count = i+1, v
	}
	switch {
	case i >= len(in):
		return 0, 0
	case l.half[in[i].text] && count == 1:
		return 0.5, i + 1
	case l.quarter[in[i].text]:
		return count / 4, i + 1
	}
	return 0, 0
}

func wordIn(list, word string) bool {
	for _, w := range strings.Split(list, "|") {
		if w == word && w != "" {
			return true
		}
	}
	return false
}

func lengthOf(times float64, unit string) length {
	whole := times == math.Trunc(times)
	switch {
	case unit == "month" && whole:
		return length{months: int(times)}
	case unit == "month":
		return length{days: int(times * 30)}
	case unit == "week" && times*7 == math.Trunc(times*7):
		return length{days: int(times * 7)}
	case unit == "day" && whole:
		return length{days: int(times)}
	}
	return length{clock: time.Duration(math.Round(times * float64(unitOf(unit))))}
}
