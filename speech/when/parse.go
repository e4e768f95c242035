package when

import (
	"slices"
	"strings"
	"time"
)

const (
	maxWords     = 60 // longer texts are no requests
	maxNameWords = 5
)

// strip takes off what may be left out: a name, politeness, a pause for thought.
func (l *language) strip(in []token) []token {
	cut := func(pattern func(string) []int, fromEnd bool) bool {
		at := pattern(joinTokens(in))
		if at == nil || at[1]-at[0] == 0 {
			return false
		}
		text := joinTokens(in)
		if fromEnd {
			in = in[:len(strings.Fields(text[:at[0]]))]
		} else {
			in = in[len(strings.Fields(text[:at[1]])):]
		}
		return true
	}
	for range 6 {
		lead := len(in) > 1 && cut(l.lead.FindStringIndex, false)
		trail := len(in) > 1 && cut(l.trail.FindStringIndex, true)
		if !lead && !trail {
			break
		}
	}
	return in
}

// parse tells what text asks for in this language.
func (l *language) parse(text string, now time.Time) (Request, bool) {
	return l.parseBy(false, text, now)
}

// parseBy is parse by the rules that are loose, or by the others.
func (l *language) parseBy(loose bool, text string, now time.Time) (Request, bool) {
	tokens := tokenize(text)
	if len(tokens) == 0 || len(tokens) > maxWords {
		return Request{}, false
	}
	s := l.scan(l.strip(l.spell(tokens)), false)
	if len(s.tokens) > 2 && s.tokens[0].span != nil { // "at six, can you remind me …"
		s.tokens = append(s.tokens[:1:1], l.strip(s.tokens[1:])...)
		s.text = joinTokens(s.tokens)
	}
	r, ok := l.byRules(loose, s, text, now)
	if !ok && !loose {
		if moved, found := l.putRight(tokens, text, now); found {
			return moved, true
		}
	}
	if !ok && !loose && len(s.tokens) > 1 && s.tokens[0].span != nil { // "tomorrow I want to get up at nine"
		at := s.tokens[0]
		s.tokens = l.joinSpan(l.strip(slices.Clone(s.tokens[1:])), at)
		s.text = joinTokens(s.tokens)
		if r, ok = l.byRules(false, s, text, now); r.Action != Set || r.Kind == Reminder {
			return Request{}, false
		}
	}
	return r, ok
}

// byRules is what the first rule that applies makes of a text.
func (l *language) byRules(loose bool, s scanned, text string, now time.Time) (Request, bool) {
	for _, rule := range l.Requests {
		if rule.Action == Quiet || rule.Loose != loose {
			continue
		}
		if m := rule.re.FindStringSubmatchIndex(s.text); m != nil {
			if r, ok := l.apply(rule, s, m, text, now); ok {
				return r, true
			}
		}
	}
	return Request{}, false
}

// spell writes words in the way that the patterns have them: "what's" is "what is".
func (l *language) spell(in []token) (out []token) {
	for _, t := range in {
		for i, w := range strings.Fields(l.spelled(t.text)) {
			if one := t; i == 0 {
				one.text = w
				out = append(out, one)
			} else {
				out = append(out, token{text: w, start: t.end, end: t.end})
			}
		}
	}
	return out
}

func (l *language) spelled(w string) string {
	if s, ok := l.Spelled[w]; ok {
		return s
	}
	if stem, ok := strings.CutSuffix(w, "'s"); ok && l.bareBefore[stem] && w != "it's" { // tomorrow's, Friday's
		return stem
	}
	for _, end := range l.Suffixes {
		if name, ok := strings.CutSuffix(w, end); ok && len(name) > 1 && l.kindOf(w) == AnyKind {
			return name + " " + end
		}
	}
	return w
}

// match is a rule that applies, and where its groups lie among the tokens.
type match struct {
	groups map[string][2]int // first token, and the one behind the last
}

func (l *language) groupsOf(s scanned, rule *requestRule, m []int) match {
	g := match{map[string][2]int{}}
	for i, name := range rule.re.SubexpNames() {
		name = strings.TrimRight(name, "0123456789")
		if name == "" || m[2*i] < 0 || m[2*i] == m[2*i+1] {
			continue
		}
		from := len(strings.Fields(s.text[:m[2*i]]))
		if _, ok := g.groups[name]; ok && name == "name" && l.before[s.tokens[from-1].text] { // "a pasta timer for Mia"
			continue
		}
		g.groups[name] = [2]int{from, from + len(strings.Fields(s.text[m[2*i]:m[2*i+1]]))}
	}
	return g
}

func (g match) has(name string) bool { _, ok := g.groups[name]; return ok }

// apply makes the request that a rule stands for. ok is false when the words do not fit it
// after all.
func (l *language) apply(rule *requestRule, s scanned, m []int, text string, now time.Time) (r Request, ok bool) {
	g := l.groupsOf(s, rule, m)
	if r, ok = l.subject(rule, s, g, now); !ok {
		return r, false
	}
	times, about := l.timesOf(s, g, rule)
	if len(about) > 0 {
		r.About = aboutText(text, about)
	}
	if !rule.allows(times) || rule.Until && !l.to[times[len(times)-1].before] || l.isIdle(r, s, times, about) {
		return r, false
	}
	if isDigit(r.Name) { // "two timers"
		r.Name = ""
	}
	if last := s.tokens[len(s.tokens)-1].span; r.Action == Add && !rule.More && last != nil && last.length && l.to[last.before] {
		r.Action = Move // "extend it to 20 minutes", and not "by"
	}
	if rule.Loose {
		times = l.looseTimes(&r, s, times)
	}
	if l.isOpen(r, s, times, about) {
		r.Ask, times = AskTime, nil
		if l.joinsTimes(about) {
			r.About = ""
		}
		return r, true
	}
	switch {
	case r.Action == Set && len(times) == 0:
		r.Ask = rule.Ask
	case len(times) > 0:
		l.applyTimes(&r, rule, times, now)
	}
	ok = r.takeNumbers(s, g)
	if rule.Less && r.Action == Add {
		r.Duration = -r.Duration
	}
	if r.Action == Add && rule.Default != "" && !g.has("kind") && r.Duration.Abs() >= 24*time.Hour { // "take two days off"
		return r, false
	}
	return r, ok && (r.Action != Add || r.Duration != 0 || r.Ask != NoQuestion)
}

// subject is what a request is about: its kind and name, and the time by which it is named.
// ok is false when a name cannot be one.
func (l *language) subject(rule *requestRule, s scanned, g match, now time.Time) (r Request, ok bool) {
	r = Request{Action: rule.Action, Kind: rule.Kind, All: rule.All || g.has("all")}
	if r.Kind == AnyKind {
		r.Kind = rule.Default
	}
	if at, ok := g.groups["kind"]; ok {
		word := joinTokens(s.tokens[at[0]:at[1]])
		r.Kind = l.kindOf(word)
		r.All = r.All || rule.Action != Set && rule.Action != List && l.plural.MatchString(word)
	}
	if at, ok := g.groups["name"]; ok {
		if r.Name, ok = l.nameOf(s.tokens[at[0]:at[1]]); !ok {
			return r, false
		}
	}
	if at, ok := g.groups["except"]; ok {
		if r.Except, ok = l.nameOf(s.tokens[at[0]:at[1]]); !ok {
			return r, false
		}
	}
	if at, ok := g.groups["old"]; ok {
		r.takeOld(s.tokens[at[0]].span, now)
	}
	return r, true
}

// kindOf is the kind that a word of the language means.
func (l *language) kindOf(word string) Kind {
	for kind, re := range l.kinds {
		if re.MatchString(word) {
			return kind
		}
	}
	return AnyKind
}

// nameOf is the name that words are; ok is false when they cannot be one.
func (l *language) nameOf(words []token) (name string, ok bool) {
	for len(words) > 0 && wordIn(l.Macros["my"], words[0].text) {
		words = words[1:]
	}
	if len(words) > maxNameWords {
		return "", false
	}
	for _, w := range words {
		if l.noName[w.text] || l.bareNoun(w.text) || l.Months[w.text] != 0 && len(words) > 1 || w.span != nil || isClock(w.text) {
			return "", false
		}
	}
	return joinTokens(words), true
}

// timesOf are the times that say when, and the tokens of what a reminder is about. A time
// in the middle of that is when, where no other is said.
func (l *language) timesOf(s scanned, g match, rule *requestRule) (times []*span, about []token) {
	inside := func(i int) bool {
		for _, name := range []string{"name", "about", "old", "while"} {
			if at, ok := g.groups[name]; ok && i >= at[0] && i < at[1] {
				return true
			}
		}
		return false
	}
	at, hasAbout := g.groups["about"]
	for i, t := range s.tokens {
		if t.span == nil || inside(i) {
			continue
		}
		if hasAbout && i >= at[1] && (t.span.length && rule.Kind == Reminder || isComplete(times) && (t.span.aside || t.span.hasClock())) {
			at[1] = i + 1 // "boil eggs for ten minutes", "buy tickets for Friday"
			continue
		}
		times = append(times, t.span)
	}
	if !hasAbout {
		return times, nil
	}
	about = slices.Clone(s.tokens[at[0]:at[1]])
	if len(times) == 0 {
		for i, t := range slices.Backward(about) {
			if t.span != nil && !t.span.length {
				return []*span{t.span}, slices.Delete(about, i, i+1)
			}
		}
	}
	return times, about
}

// aboutText is what a reminder is about, as it was written.
func aboutText(text string, about []token) string {
	var parts []string
	for i, t := range about {
		if i > 0 && about[i-1].end <= t.start && strings.TrimLeft(text[about[i-1].end:t.start], " -/&'’.") == "" && len(parts) > 0 {
			parts[len(parts)-1] += text[about[i-1].end:t.end]
			continue
		}
		parts = append(parts, text[t.start:t.end])
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// setOld takes the time by which a person names what was set before.
func (r *Request) setOld(s *span, now time.Time) {
	if s == nil {
		return
	}
	if s.length {
		r.OldFor = s.pieces[0].length.total()
		return
	}
	m := momentOf(s.pieces, now)
	r.OldDays = m.repeat.Days
	if m.hasDay {
		r.OldDay = m.day
	}
	if m.hasClock {
		if at, ok := m.resolve(Alarm, now); ok {
			r.OldAt, r.OldGuess = at, m.isGuess()
		}
	}
}

// applyTimes puts the times into a request.
func (l *language) applyTimes(r *Request, rule *requestRule, times []*span, now time.Time) {
	var pieces []piece
	for _, s := range times {
		pieces = append(pieces, s.pieces...)
	}
	if n := bareNumber(pieces); n > 0 && (r.Action == Add || (r.Action == Move || r.Action == Snooze) && !(r.Kind == Alarm && r.Action == Move) && r.Kind != Reminder) {
		if r.Action != Snooze || !l.to[times[0].before] {
			if r.takeNumber(n); r.Action != Move || r.Duration > 0 {
				return
			}
		}
	}
	switch r.Action {
	case Set:
		l.applySet(r, rule, times, pieces, now)
	case Move:
		if m := momentOf(pieces, now); !m.hasDay && !m.repeats && !r.OldDay.IsZero() { // to another time of that day
			pieces = append(pieces, onDay(r.OldDay, now))
		}
		r.applyTime(pieces, now)
		if rule.Ask != NoQuestion || r.Kind != Timer && r.Kind != AnyKind && r.Duration > 0 { // "set the alarm back an hour"
			r.Ask, r.Duration = AskTime, 0
		}
		if !r.OldAt.IsZero() && !r.At.IsZero() {
			r.At = r.Near(r.OldAt, now)
		}
	case Add, Snooze:
		for _, p := range pieces {
			r.Duration += p.length.total()
		}
		if r.Duration == 0 {
			r.applyTime(pieces, now)
		}
	case List, Cancel, Pause, Resume:
		r.setOld(times[0], now)
	}
}

// applySet puts the times into a request that sets something.
func (l *language) applySet(r *Request, rule *requestRule, times []*span, pieces []piece, now time.Time) {
	lengths := 0
	for _, s := range times {
		if s.length {
			lengths++
		}
	}
	bare := slices.ContainsFunc(times, (*span).isBare)
	colon := slices.ContainsFunc(pieces, func(p piece) bool { return p.rule != nil && p.groups["m"] != "" && !p.rule.Exact })
	half := slices.ContainsFunc(pieces, func(p piece) bool {
		return p.rule != nil && (p.groups["ap"] != "" || p.rule.Part != "" || p.rule.Day != nil)
	})
	if r.Kind == Timer && (lengths > 1 || (bare || colon && len(pieces) == 1 && pieces[0].rule.Sign == 0 && pieces[0].rule.Add == 0) && !half) {
		r.Ask = AskDuration // "a timer for 1:30" may be a length or a time
		return
	}
	if lengths > 0 && lengths < len(times) && r.Kind != Timer { // "an hour before midnight"
		r.Ask = AskTime
		return
	}
	r.applyTime(pieces, now)
	if r.Ask == AskTime && rule.Ask == AskDuration && r.Day.IsZero() && r.Part == "" && r.Repeat.IsZero() {
		r.Ask = AskDuration
	}
}
