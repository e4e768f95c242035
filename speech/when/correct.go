package when

import (
	"slices"
	"strings"
	"time"
)

// correct takes what is said after a time to put it right: "ten, no, fifteen minutes" and
// "at seven, I mean eight". i is the word behind the time, which is the last of out; n is
// how many words the correction takes, 0 when there is none.
func (l *language) correct(out []token, in []token, i int) (n int) {
	k := len(out) - 1
	rest := joinTokens(in[i:]) + " "
	if at := l.notThat.FindStringIndex(rest); at != nil && k >= 0 && out[k].span != nil { // "fifteen, not fifty"
		if _, end := l.timeBehind(in, i+len(strings.Fields(rest[:at[1]])), out[k].span); end > 0 {
			return end - i
		}
	}
	at := l.sorry.FindStringIndex(rest)
	if at == nil {
		return 0
	}
	words := len(strings.Fields(rest[:at[1]]))
	for k >= 0 && out[k].span == nil && words > 1 { // "at five to call Bob, I mean six"
		k--
	}
	if k < 0 || out[k].span == nil {
		return 0
	}
	s, end := l.timeBehind(in, i+words, out[k].span)
	if end == 0 {
		return 0
	}
	out[k].span = out[k].span.correctedBy(s)
	out[k].text = "@at"
	if out[k].span.length {
		out[k].text = "@dur"
	}
	return end - i
}

// timeBehind is the time at token i, where a number alone is one like old, and the token
// behind it; 0 when there is no time.
func (l *language) timeBehind(in []token, i int, old *span) (s *span, end int) {
	from := false
	for i < len(in) && l.before[in[i].text] {
		from = from || l.inWords[in[i].text]
		i++
	}
	if i >= len(in) {
		return nil, 0
	}
	s, n := l.spanAt(in, i, true)
	if v, ok := l.numberWord(in[i].text); ok && n <= 1 && old.unit != "" && (s == nil || s.isBare()) { // "ten minutes, no, fifteen"
		p := piece{length: lengthOf(v, old.unit), from: old.pieces[0].from}
		return &span{pieces: []piece{p}, length: old.length, unit: old.unit}, i + 1
	}
	if n == 0 {
		return nil, 0
	}
	if s.length && (from || old.unit != "" && !old.length) {
		s.length, s.pieces[0].from = false, true
	}
	return s, i + n
}

// correctedBy is s with what better says in its place; a day stays where only another time
// of the day is said, and the other way round.
func (s *span) correctedBy(better *span) *span {
	if s.unit != "" || better.unit != "" {
		return better
	}
	joined := *better
	ap := !slices.ContainsFunc(better.pieces, func(p piece) bool { return p.groups["ap"] != "" || p.rule.Exact })
	joined.pieces = slices.DeleteFunc(slices.Clone(s.pieces), func(p piece) bool {
		return p.isClock() && better.hasClock() && !(ap && (p.rule.Part != "" || p.groups["ap"] != "")) || !p.isClock() && p.rule.Part == "" && !better.hasClock() || p.rule.Repeat != "" && better.isRepeat()
	})
	for i, p := range joined.pieces {
		if p.isClock() && better.hasClock() { // the part of the day alone stays
			joined.pieces[i] = piece{rule: &timeRule{Part: p.rule.Part}, groups: map[string]string{"ap": p.groups["ap"]}}
		}
	}
	joined.pieces = append(joined.pieces, better.pieces...)
	return &joined
}

func (s *span) isRepeat() bool {
	return slices.ContainsFunc(s.pieces, func(p piece) bool { return p.rule != nil && p.rule.Repeat != "" })
}

// putRight reads "TARS, sorry, half past seven": a word that may be left out before a request
// puts right what was set last, where nothing else is said.
func (l *language) putRight(tokens []token, text string, now time.Time) (Request, bool) {
	all := l.spell(tokens)
	rest := l.strip(all)
	for k := range all {
		if len(rest) == 0 || all[k].start >= rest[0].start {
			break
		}
		if r, ok := l.byRules(false, l.scan(all[k:], false), text, now); ok && r.Action == Move {
			return r, true
		}
	}
	return Request{}, false
}

// isTakenBack reports whether a text ends with a word that nothing of it is meant.
func (l *language) isTakenBack(lower string) bool {
	text := joinTokens(l.strip(l.spell(tokenize(lower))))
	at := l.takenBack.FindStringIndex(text)
	if at == nil || at[0] == 0 {
		return false
	}
	before := strings.Fields(text[:at[0]])
	return !l.to[before[len(before)-1]] // "remind me to cancel that"
}

// dayOf is the day that is said in what stands before a request: "I have a flight tomorrow,
// wake me at five". nil is none.
func (l *language) dayOf(text string) *span {
	var found *span
	for _, t := range l.scan(l.spell(tokenize(text)), false).tokens {
		if t.span == nil {
			continue
		}
		for _, p := range t.span.pieces {
			if p.rule == nil || p.rule.Repeat != "" || p.isClock() || p.rule.Vague != "" || (p.rule.Day == nil || *p.rule.Day == 0) && p.days == 0 && p.dom == 0 {
				continue
			}
			if found != nil {
				return nil
			}
			found = &span{pieces: []piece{p}}
		}
	}
	return found
}

// onDayOf is r on the day that was said before it, if r has none of its own.
func (l *language) onDayOf(before, text string, r Request, now time.Time) Request {
	day := l.dayOf(before)
	if day == nil || r.Action != Set || r.Kind == Timer || !r.Repeat.IsZero() || !r.Day.IsZero() {
		return r
	}
	own := l.scan(l.strip(l.spell(tokenize(text))), false)
	var pieces []piece
	for _, t := range own.tokens {
		if t.span == nil {
			continue
		}
		pieces = append(pieces, t.span.pieces...)
	}
	if m := momentOf(pieces, now); m.hasDay || m.repeats || !m.length.isZero() || m.unclear != NoQuestion {
		return r
	}
	r.Ask, r.At, r.Part = NoQuestion, time.Time{}, ""
	r.applyTime(append(day.pieces, pieces...), now)
	return r
}

// aboutTask is r about what is to be done, which was said before it: "I have to call Anna,
// remind me at five".
func (l *language) aboutTask(before string, r Request) Request {
	if r.Action != Set || r.Kind != Reminder || r.About != "" {
		return r
	}
	tokens := l.spell(tokenize(before))
	m := l.task.FindStringSubmatch(joinTokens(tokens))
	if m == nil {
		return r
	}
	task := groupsOf(l.task, m[0], l.task.FindStringSubmatchIndex(m[0]))["about"]
	r.About = aboutText(before, tokens[len(tokens)-len(strings.Fields(task)):])
	return r
}

// parseBehind parses a request behind something else that was said, which may say the day
// and what is to be done.
func (l *language) parseBehind(before, request string, now time.Time) (r Request, ok bool) {
	r, ok = l.parse(request, now)
	if l.isCondition(before) {
		return r, false
	}
	if !ok || r.Action != Set && r.Action != Cancel {
		return r, false
	}
	return l.onDayOf(before, request, l.aboutTask(before, r), now), true
}

// isCondition reports whether what stands before a request says whether it is meant.
func (l *language) isCondition(before string) bool {
	words := l.strip(l.spell(tokenize(before)))
	return len(words) > 0 && l.ifWords[words[0].text]
}

// isNumberCorrected reports whether a number alone is put right by a length: "in ten, no,
// twenty minutes". n is how many words stand between.
func (l *language) isNumberCorrected(out []token, in []token, i int) (n int, ok bool) {
	at := l.sorry.FindStringIndex(joinTokens(in[i:]) + " ")
	if k := len(out) - 1; at == nil || k < 0 || out[k].span != nil || !isDigit(out[k].text) {
		return 0, false
	}
	n = len(strings.Fields((joinTokens(in[i:]) + " ")[:at[1]]))
	if i+n >= len(in) {
		return 0, false
	}
	_, _, words := l.lengthAt(in[i+n:])
	return n, words > 0
}
