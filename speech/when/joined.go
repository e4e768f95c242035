package when

import (
	"slices"
	"strings"
	"time"
)

// parseJoined parses requests of which a later one leaves out what the first one said:
// "cancel the tea timer and the egg timer", "pause the tea and the egg timer", "remind me in
// an hour to check the washing and in two hours to fold it". nil where a part is no request.
func (l *language) parseJoined(text string, now time.Time) (all []Request) {
	words := strings.Fields(text)
	parts := l.partsOf(words)
	if len(parts) < 2 || len(parts) > maxRequests {
		return nil
	}
	noun := ""
	if last := l.strip(l.spell(tokenize(strings.Join(parts[len(parts)-1], " ")))); len(last) > 0 {
		noun = last[len(last)-1].text // "the tea and the egg timer"
	}
	first := strings.Join(parts[0], " ")
	if begin := l.strip(l.spell(tokenize(first))); len(begin) > 0 { // without "TARS, please"
		first = first[begin[0].start:]
		parts[0] = strings.Fields(first)
	}
	r, ok := l.parse(first, now)
	if !ok && l.kindOf(noun) != AnyKind {
		r, ok = l.parse(first+" "+noun, now)
		r.All = false // of "the tea and the egg timers" each is one
	}
	if !ok || r.Ask != NoQuestion || !r.isOne() {
		return nil
	}
	all = append(all, r)
	for _, part := range parts[1:] {
		next, ok := l.parseNext(parts[0], part, r, noun, now)
		if !ok || r.Action == Set && !next.isOne() {
			return nil
		}
		all = append(all, next)
	}
	return all
}

// isOne reports whether a request means one thing by itself, so that another may follow.
func (r Request) isOne() bool {
	switch r.Action {
	case Set:
		return r.Kind == Reminder && r.About != ""
	case Add:
		return r.Name != "" // "add five and ten" is a sum
	}
	return true
}

// partsOf are the words between each "and".
func (l *language) partsOf(words []string) (parts [][]string) {
	parts = [][]string{nil}
	for _, w := range words {
		k := len(parts) - 1
		if n := len(parts[k]); n > 1 && l.bareNoun(strings.ToLower(strings.Trim(parts[k][n-1], ",."))) && wordIn(l.Macros["my"], strings.ToLower(w)) {
			parts, k = append(parts, nil), k+1 // "the tea timer the egg timer"
		}
		if !l.and[strings.ToLower(strings.Trim(w, ",."))] {
			parts[k] = append(parts[k], w)
		} else if len(parts[k]) > 0 {
			parts = append(parts, nil)
		}
	}
	return slices.DeleteFunc(parts, func(p []string) bool { return len(p) == 0 })
}

// saysWhen reports whether text says when, and something else.
func (l *language) saysWhen(text string) bool {
	s := l.scan(l.spell(tokenize(text)), false)
	return len(s.tokens) > 1 && slices.ContainsFunc(s.tokens, func(t token) bool {
		return t.span != nil && isComplete([]*span{t.span})
	})
}

// beginsWithTime reports whether text says when before anything else.
func (l *language) beginsWithTime(text string) bool {
	return l.scan(l.spell(tokenize(text)), false).tokens[0].span != nil
}

// parseNext parses a later request, with the first one to four words of the one before it
// where it leaves them out, and with the noun that the last one says for all.
func (l *language) parseNext(first, part []string, before Request, noun string, now time.Time) (Request, bool) {
	plain := strings.Join(part, " ")
	if before.Action != Set {
		if r, ok := l.parse(plain, now); ok && r.Action != Set && r.Action != List {
			return r, before.Action != Cancel || r.Kind != AnyKind || r.Name != "" // "cancel the timer and make it ten minutes"
		}
		if again := l.setOne.FindStringIndex(joinTokens(l.numerals(l.spell(tokenize(plain)))) + " "); again != nil { // "and start one for ten minutes"
			rest := (joinTokens(l.numerals(l.spell(tokenize(plain)))) + " ")[again[1]:]
			r, ok := l.parse(l.SetAgain[before.Kind]+" "+strings.TrimSpace(rest), now)
			if ok && r.Ask == AskDuration && before.OldFor > 0 { // "cancel the ten minute timer and start one for fifteen"
				r, ok = l.answer(r, l.scan(tokenize(rest), true), now)
			}
			return r, ok && r.Action == Set && r.Ask == NoQuestion
		}
	} else if !l.saysWhen(plain) {
		return Request{}, false // "remind me at five to call Anna and Ben"
	} else if r, ok := l.parse(plain, now); ok && r.Action == Set && r.Ask == NoQuestion && r.isOne() {
		return r, true
	}
	lengths := []int{1, 2, 3, 4}
	if k := slices.Index(first, part[0]); before.Action == Set && k > 0 { // "to feed the dog", in place of "to lock the car"
		lengths = []int{k}
	} else if before.Action == Set && !l.beginsWithTime(plain) { // "remind me to call Anna at five and Ben at six"
		slices.Reverse(lengths)
	}
	for _, k := range lengths {
		if k >= len(first) {
			continue
		}
		for _, end := range []string{"", " " + noun} {
			if end != "" && l.kindOf(noun) == AnyKind {
				continue
			}
			r, ok := l.parse(strings.Join(first[:k], " ")+" "+plain+end, now)
			if ok && r.Action == before.Action && r.Ask == NoQuestion && (r.Action != Set || r.isOne()) && (r.Kind == before.Kind || before.Action != Set) {
				r.All = r.All && end == "" && !l.plural.MatchString(noun)
				return r, true
			}
		}
	}
	return Request{}, false
}
