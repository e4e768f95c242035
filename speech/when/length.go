package when

import (
	"math"
	"strings"
	"time"
)

// length is how long: of the clock, and of the calendar.
type length struct {
	clock  time.Duration
	days   int
	months int
}

func (d length) isZero() bool { return d == length{} }

// total is the length on the clock, where a day has 24 hours.
func (d length) total() time.Duration { return d.clock + time.Duration(d.days)*24*time.Hour }

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

// lengthReader reads one part of a length, such as "an hour and a half".
type lengthReader struct {
	*language
	in    []token
	i     int     // tokens that are read
	times float64 // how many of the unit
	seen  bool    // how many was said
	more  bool
}

// word is the token that comes next, or one after that.
func (r *lengthReader) word(ahead int) string {
	if r.i+ahead < len(r.in) {
		return r.in[r.i+ahead].text
	}
	return ""
}

// take reads a word of a set, if it comes next.
func (r *lengthReader) take(set map[string]bool) bool {
	if set[r.word(0)] {
		r.i++
		return true
	}
	return false
}

// takeMore reads a word that says that the length is to be added: "another".
func (r *lengthReader) takeMore() {
	if wordIn(r.Macros["more"], r.word(0)) {
		r.more = true
		r.i++
	}
}

// count reads how many of a unit. ok is false when no length begins here.
func (r *lengthReader) count(first bool) (ok bool) {
	article := r.take(r.article)
	switch v, number := r.numberWord(r.word(0)); {
	case number:
		r.times = v
		r.i++
		if r.of[r.word(0)] && r.Units[r.word(1)] != "" { // a couple of minutes
			r.i++
		}
		if r.quarter[r.word(0)] { // three quarters
			r.times /= 4
			r.i++
			r.partOf()
		} else if f, n := r.fractionAt(r.in[r.i:]); n > 0 { // one and a half hours
			r.times += f
			r.i += n
		}
	case r.half[r.word(0)]:
		r.times = 0.5
		r.i++
		r.partOf()
	case r.quarter[r.word(0)]:
		r.times = 0.25
		r.i++
		r.partOf()
	case !article && r.more && wordIn(r.Macros["one_more"], r.in[r.i-1].text): // another minute
	case first && !article && !r.more && r.unitAndPart(): // hour and a half
	case !article:
		return !first || !r.more && r.Lengths[r.word(0)] > 0
	}
	r.seen = true
	return true
}

// unitAndPart reports whether a unit and a part of it come next, so that it is one of them.
func (r *lengthReader) unitAndPart() bool {
	if unit := r.Units[r.word(0)]; r.i > 0 || unit != "hour" && unit != "minute" {
		return false
	}
	_, n := r.fractionAt(r.in[r.i+1:])
	return n > 0
}

// partOf reads what stands between a part and its unit: "half of an hour".
func (r *lengthReader) partOf() {
	r.take(r.of)
	r.take(r.article)
}

// smallerCount reads a number without a unit behind another length: "1 hour 30".
func (r *lengthReader) smallerCount(last string) (d length, unit string, ok bool) {
	v, number := r.numberWord(r.word(0))
	unit = smaller[last]
	next := r.word(1)
	if !number || unit == "" || v >= 60 || v != math.Trunc(v) || r.Units[next] != "" || r.half[next] || r.and[next] || r.quarter[next] || r.Lengths[next] > 0 {
		return d, "", false
	}
	r.i++
	return lengthOf(v, unit), unit, true
}

// lengthPart reads one part of a length. last is the unit of the part before it.
func (l *language) lengthPart(in []token, last string) (d length, unit string, more bool, n int) {
	r := lengthReader{language: l, in: in, times: 1}
	if d, unit, ok := r.smallerCount(last); ok {
		return d, unit, false, r.i
	}
	if l.Units[r.word(0)] == "" && l.Lengths[r.word(0)] == 0 {
		r.takeMore()
	}
	if !r.count(last == "") {
		return d, "", false, 0
	}
	r.takeMore() // five more minutes
	if minutes := l.Lengths[r.word(0)]; minutes > 0 {
		return lengthOf(r.times*minutes, "minute"), "minute", r.more, r.i + 1
	}
	unit = l.Units[r.word(0)]
	if unit == "" || !r.seen || r.i == 1 && l.article[in[0].text] && l.noLength[in[1].text] && l.bareNoun(r.word(1)) {
		return d, "", false, 0
	}
	r.i++
	if f, k := l.fractionAt(r.in[r.i:]); k > 0 && l.Units[r.word(k)] == "" { // an hour and a half
		r.times += f
		r.i += k
	}
	return lengthOf(r.times, unit), unit, r.more, r.i
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
