package when

import (
	"slices"
	"strings"
	"time"
)

// maxRequests is how many requests one sentence may hold.
const maxRequests = 4

// parseSeveral parses text at each of its "and"; nil where a part is no request.
func (l *language) parseSeveral(text string, now time.Time) (all []Request) {
	rest := strings.Fields(text)
	if !slices.ContainsFunc(rest, func(w string) bool { return l.and[strings.ToLower(w)] }) {
		return nil
	}
	for len(rest) > 0 && len(all) < maxRequests {
		r, n := l.firstRequest(rest, all, now)
		if n == 0 {
			return nil
		}
		all = append(all, r)
		if rest = rest[n:]; len(rest) > 0 && l.and[strings.ToLower(strings.Trim(rest[0], ",."))] {
			rest = rest[1:]
		}
	}
	return all
}

// parseList parses a text that has a list of times: "two timers, five and ten minutes", "set
// alarms for six, half past six and seven tomorrow". What is said once is meant for each. A
// list that is not understood is asked back for.
func (l *language) parseList(text string, now time.Time) (all []Request) {
	tokens := l.numerals(l.strip(l.spell(tokenize(text))))
	plain := joinTokens(tokens)
	m := l.list.FindStringSubmatchIndex(plain)
	if m == nil {
		return nil
	}
	groups := groupsOf(l.list, plain, m)
	kind := l.kindOf(groups["kind"])
	items := l.itemsOf(kind, text, tokens[len(tokens)-len(strings.Fields(groups["list"])):])
	if len(items) < 2 || len(items) > maxRequests || kind == AnyKind {
		return nil
	}
	last := items[len(items)-1]
	tail := last[len(digitsOf(last)):] // "tomorrow" of "six and six thirty tomorrow"
	if len(tail) == len(last) {
		tail = nil
	}
	for _, item := range items {
		switch {
		case isTail(item, tail): // "five and ten minutes"
			item = append(slices.Clone(item), tail...)
		case len(item) == 1 && kind == Timer && len(items[0]) > 1 && startsWithDigit(items[0][0]): // "five minutes and ten"
			item = append(item, items[0][1:]...)
		case len(item) == 1 && len(items[0]) > 1 && startsWithDigit(item[0]): // "tomorrow at six and seven"
			item = append(slices.Clone(items[0][:len(items[0])-1]), item...)
		}
		r, ok := l.parse(l.SetAgain[kind]+" "+strings.Join(item, " "), now)
		if !ok || r.Action != Set || r.Kind != kind || r.Ask != NoQuestion {
			ask := map[Kind]Question{Timer: AskDuration, Alarm: AskTime, Reminder: AskTime}[kind]
			return []Request{{Action: Set, Kind: kind, Ask: ask}}
		}
		all = append(all, r)
	}
	return all
}

// parseTwins parses a request with two times of the day: "remind me at eight and at ten to
// take my pills". What one of them says of the day holds for both.
func (l *language) parseTwins(text string, now time.Time) []Request {
	s := l.scan(l.strip(l.spell(tokenize(text))), false)
	for i := 1; i+2 < len(s.tokens); i++ {
		first := s.tokens[i].span
		if first == nil || !first.hasClock() || !l.and[s.tokens[i+1].text] {
			continue
		}
		at := i + 2
		for at+1 < len(s.tokens) && wordIn(l.Macros["again"], s.tokens[at].text) { // "and again at seven"
			at++
		}
		second, end := s.tokens[at].span, at+1
		if second == nil {
			second, end = l.timeBehind(s.tokens, at, first)
			if end > 0 && end < len(s.tokens) && s.tokens[end].span != nil && !s.tokens[end].span.hasClock() && !s.tokens[end].span.length { // "eight on weekends"
				joined := *second
				joined.pieces = append(slices.Clone(joined.pieces), s.tokens[end].span.pieces...)
				second, end = &joined, end+1
			}
		}
		if end == 0 || second == nil || first.isOpen() || second.isOpen() || !second.hasClock() || wordIn(l.Macros["from"], first.before) || wordIn(l.Macros["between"], first.before) || wordIn(l.Macros["between"], s.tokens[i-1].text) {
			continue
		}
		var all []Request
		for _, one := range []*span{first.with(second), second.with(first)} {
			t := s.tokens[i]
			t.text, t.span = "@at", one
			twin := scanned{tokens: slices.Concat(s.tokens[:i], []token{t}, s.tokens[end:])}
			twin.text = joinTokens(twin.tokens)
			if r, ok := l.byRules(false, twin, text, now); ok && r.Action == Set && r.Ask == NoQuestion && r.Kind != Timer {
				all = append(all, r)
			}
		}
		if len(all) == 2 {
			if all[0].At.Equal(all[1].At) && all[0].Guessed { // "at eight and at 20:00"
				all[0].At = all[0].At.Add(12 * time.Hour)
			}
			return all
		}
	}
	return nil
}

// isOpen reports whether the hour is not said: "quarter past", which may be of the hour of
// another time.
func (s *span) isOpen() bool {
	return slices.ContainsFunc(s.pieces, func(p piece) bool { return p.rule != nil && p.rule.Open })
}

// with is s with the day, and the half of it, of another time, where it has none.
func (s *span) with(other *span) *span {
	is := func(in *span, what func(p piece) bool) bool { return slices.ContainsFunc(in.pieces, what) }
	joined := *s
	for _, what := range []func(p piece) bool{
		func(p piece) bool {
			return p.rule != nil && (p.rule.Day != nil || p.days != 0 || p.dom > 0 || p.rule.Repeat != "")
		},
		func(p piece) bool { return p.groups["ap"] != "" || p.rule != nil && p.rule.Part != "" },
	} {
		if is(s, what) || !is(other, what) {
			continue
		}
		for _, p := range other.pieces {
			switch {
			case !what(p):
			case !p.isClock():
				joined.pieces = append(slices.Clone(joined.pieces), p)
			case p.groups["ap"] != "":
				joined.pieces = append(slices.Clone(joined.pieces), piece{rule: &timeRule{}, groups: map[string]string{"ap": p.groups["ap"]}})
			case p.rule.Part != "":
				joined.pieces = append(slices.Clone(joined.pieces), piece{rule: &timeRule{Part: p.rule.Part}})
			}
		}
	}
	return &joined
}

// itemsOf are the words of each item of a list in text, without what only joins them: "one
// for six and one for seven". A first item without a number belongs to each.
func (l *language) itemsOf(kind Kind, text string, list []token) (items [][]string) {
	for i, t := range list {
		joins := l.and[t.text]
		if i == 0 || joins || strings.ContainsAny(text[list[i-1].end:max(t.start, list[i-1].end)], ",;:") {
			items = append(items, nil)
		}
		if k := len(items) - 1; !joins {
			items[k] = append(items[k], t.text)
		}
	}
	items = slices.DeleteFunc(items, func(item []string) bool { return len(item) == 0 })
	for i, item := range items {
		if again := l.another.FindStringIndex(strings.Join(item, " ") + " "); again != nil && len(item) > 1 && (l.before[item[1]] || !startsWithDigit(item[0]) || kind == Timer && len(item) > 2 && startsWithDigit(item[1])) {
			item = strings.Fields((strings.Join(item, " ") + " ")[again[1]:])
		}
		for len(item) > 1 && l.before[item[0]] {
			item = item[1:]
		}
		items[i] = item
	}
	items = clockItems(kind, items)
	if len(items) > 2 && !slices.ContainsFunc(items[0], startsWithDigit) {
		for i := range items[1:] {
			items[i+1] = append(slices.Clone(items[0]), append([]string{l.BareBefore[0]}, items[i+1]...)...)
		}
		items = items[1:]
	}
	return items
}

// clockItems parts items that are several times without a word between them, as a recogniser
// writes "6, 6:15": "6 6 15". A number that may be an hour as well as a minute parts none.
func clockItems(kind Kind, items [][]string) (parted [][]string) {
	for _, item := range items {
		if len(item) < 2 || slices.ContainsFunc(item, func(w string) bool { return !isDigit(w) }) || kind == Alarm && slices.ContainsFunc(item[1:], func(w string) bool { return atoi(w) >= 10 && atoi(w) <= 12 }) {
			parted = append(parted, item)
			continue
		}
		for i := 0; i < len(item); i++ {
			one := item[i : i+1 : i+1]
			if kind == Alarm && i+1 < len(item) && atoi(item[i+1]) > 12 {
				one = item[i : i+2 : i+2]
				i++
			}
			parted = append(parted, one)
		}
	}
	return parted
}

// digitsOf are the numbers with which words begin.
func digitsOf(words []string) []string {
	for i, w := range words {
		if !startsWithDigit(w) {
			return words[:i]
		}
	}
	return words
}

// isTail reports whether an item is but numbers, so that what stands behind those of the last
// one is meant for it too.
func isTail(item, tail []string) bool {
	return len(tail) > 0 && len(digitsOf(item)) == len(item)
}

func startsWithDigit(w string) bool { return w[0] >= '0' && w[0] <= '9' }

// firstRequest is the longest beginning of words, up to an "and" or a comma, that sets
// something, and how many words it takes. before are the requests before it.
func (l *language) firstRequest(words []string, before []Request, now time.Time) (r Request, n int) {
	for n = len(words); n > 0; n-- {
		if n < len(words) && !l.and[strings.ToLower(words[n])] && !strings.HasSuffix(words[n-1], ",") && !strings.HasSuffix(words[n-1], ".") {
			continue
		}
		part := strings.Join(words[:n], " ")
		if len(before) > 0 {
			if again := l.another.FindStringIndex(joinTokens(l.numerals(tokenize(part))) + " "); again != nil {
				plain := joinTokens(l.numerals(tokenize(part)))
				part = l.SetAgain[before[len(before)-1].Kind] + " " + strings.TrimSpace(plain[min(again[1], len(plain)):])
			}
		}
		r, ok := l.parse(part, now)
		if ok && r.Ask == AskDuration && len(before) > 0 && before[len(before)-1].Kind == Timer { // "six minutes and a pasta timer for ten"
			tokens := l.numerals(tokenize(part))
			r, ok = l.answer(r, l.scan(tokens[len(tokens)-1:], true), now)
		}
		if ok && r.Action == Set && r.Ask == NoQuestion {
			return r, n
		}
	}
	return r, 0
}
