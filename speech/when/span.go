package when

import (
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
	unit   string // of a length
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
		if n := l.correct(out, in, i); n > 0 {
			i += n
			continue
		}
		if n, ok := l.isNumberCorrected(out, in, i); ok {
			out, i = out[:len(out)-1], i+n
		}
		s, n := l.spanAt(in, i, alone)
		if s == nil {
			s, n = l.minutesAt(out, in, i)
		}
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

// minutesAt is the number alone of "remind me in ten to flip the pancakes".
func (l *language) minutesAt(out, in []token, i int) (s *span, n int) {
	k := len(out) - 1
	if k < 1 || !l.inWords[out[k].text] || !wordIn(l.Macros["me"], out[k-1].text) {
		return nil, 0
	}
	v, ok := l.numberWord(in[i].text)
	if !ok || i+1 < len(in) && (!l.to[in[i+1].text] || i+2 < len(in) && isDigit(in[i+2].text)) { // "in 10 to 15 minutes"
		return nil, 0
	}
	return &span{pieces: []piece{{length: lengthOf(v, "minute")}}, length: true, unit: "minute"}, 1
}

// joinSpan adds a time to out, as a part of the time before it when it follows that. Two
// times of the clock stay two: "from 7 to 8".
func (l *language) joinSpan(out []token, t token) []token {
	k := len(out) - 1
	earlier := l.earlier[t.span.before]
	if b := k; t.span.before == "" && t.span.hasClock() { // "an hour before my three o'clock meeting"
		for b > 0 && wordIn(l.Macros["my"], out[b].text) {
			b--
		}
		if b > 0 && l.earlier[out[b].text] && out[b-1].span != nil {
			earlier, k = true, b-1
		}
	}
	if k >= 0 && out[k].span != nil && out[k].span.length && earlier && t.span.hasClock() { // "an hour before noon"
		out = out[:k+1]
		joined := *t.span
		joined.pieces = append(slices.Clone(joined.pieces), piece{rule: &timeRule{}, length: out[k].span.pieces[0].length})
		out[k] = token{text: "@at", start: out[k].start, end: t.end, span: &joined}
		return out
	}
	k = len(out) - 1
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

// isBare reports whether a number alone is a part of it.
func (s *span) isBare() bool {
	return slices.ContainsFunc(s.pieces, func(p piece) bool { return p.rule != nil && p.rule.Bare })
}

func (p piece) isClock() bool {
	return p.rule != nil && (p.groups["h"] != "" || p.rule.Hour != nil || p.rule.Open)
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
		if r.Open && r.Sign < 0 && i+n < len(in) && in[i+n].text != in[i+n-1].text { // "at ten to call Anna" is at ten
			continue
		}
		if r.Vague != "" && i+n < len(in) && (l.bareNoun(in[i+n].text) || r.Vague == "time" && wordIn(l.Macros["with"], in[i+n].text)) { // "a dinner alarm", "dinner with Kate"
			continue
		}
		p, ok := l.pieceOf(r, rest, m)
		if ok {
			best, most = p, n
		}
	}
	d, more, n := l.lengthAt(in[i:])
	if n > 0 && n >= most && !(n == most && best.rule.Exact) { // "1900 hours" is a time
		p := piece{length: d, more: more}
		s := &span{pieces: []piece{p}, length: true, unit: l.Units[in[i+n-1].text]}
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
	return i > 0 && l.bareBefore[in[i-1].text] || i > 1 && l.bareBefore[in[i-2].text+" "+in[i-1].text]
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
