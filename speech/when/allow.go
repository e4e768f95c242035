package when

import "slices"

// looseTimes are the times of a request of which not everything is understood. A number
// alone says too little then, and what comes again comes in a way that is not known.
func (l *language) looseTimes(r *Request, s scanned, times []*span) []*span {
	if slices.ContainsFunc(s.tokens, func(t token) bool { return wordIn(l.Macros["every"], t.text) }) {
		r.Action = Unable
		return nil
	}
	if slices.ContainsFunc(times, (*span).isBare) || r.Kind != Timer && slices.ContainsFunc(times, func(s *span) bool { return s.length }) {
		return nil // "an hour earlier than usual"
	}
	return times
}

// allows reports whether times are those that a rule wants.
func (r *requestRule) allows(times []*span) bool {
	return !(r.Needs && len(times) == 0 || r.Clock && !isComplete(times) || r.More && !isMore(times) || r.Repeats && !isRepeated(times))
}

// isIdle reports whether r would set something and is but talk: "can you set timers?", and
// "remind me what a monad is".
func (l *language) isIdle(r Request, s scanned, times []*span, about []token) bool {
	if r.Action == Cancel || r.Action == Pause || r.Action == Resume { // "stop it in five minutes"
		return slices.ContainsFunc(times, func(s *span) bool { return s.pieces[0].from })
	}
	if r.Action != Set {
		return false
	}
	plural := slices.ContainsFunc(s.tokens, func(t token) bool { return l.plural.MatchString(t.text) })
	return plural && len(times) == 0 && r.Name == "" || len(about) > 0 && l.noAbout[about[0].text] && !isComplete(times)
}

// isComplete reports whether times say when without anything more.
func isComplete(times []*span) bool {
	return slices.ContainsFunc(times, func(s *span) bool {
		return s.hasClock() || slices.ContainsFunc(s.pieces, func(p piece) bool { return p.from })
	})
}

// isMore reports whether times are to be added: "five more minutes".
func isMore(times []*span) bool {
	return slices.ContainsFunc(times, func(s *span) bool {
		return slices.ContainsFunc(s.pieces, func(p piece) bool { return p.more })
	})
}

// isRepeated reports whether times say when, and that it comes again.
func isRepeated(times []*span) bool {
	return isComplete(times) && slices.ContainsFunc(times, func(s *span) bool {
		return slices.ContainsFunc(s.pieces, func(p piece) bool { return p.rule != nil && p.rule.Repeat != "" })
	})
}

// isOpen reports whether it is not clear when r is to ring: "an hour before my flight", and
// "in an hour or two".
func (l *language) isOpen(r Request, s scanned, times []*span, about []token) bool {
	if r.Action != Set || r.Kind == Timer {
		return false
	}
	if l.joinsTimes(about) {
		return true
	}
	clocks := 0
	for _, t := range times {
		if t.hasClock() {
			clocks++
		}
	}
	if clocks > 1 { // "from five to six"
		return true
	}
	for i, t := range s.tokens[1:] {
		if before := s.tokens[i].span; before != nil && before.length && l.earlier[t.text] {
			return true
		}
	}
	return false
}

// joinsTimes reports whether what a reminder seems to be about is a part of its time: "or
// two", "between five and six".
func (l *language) joinsTimes(about []token) bool {
	return len(about) > 0 && (l.and[about[0].text] || l.or[about[0].text] || wordIn(l.Macros["between"], about[0].text))
}
