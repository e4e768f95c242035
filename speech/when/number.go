package when

import "time"

// takeNumbers takes the number that stands alone. ok is false where a number does not fit.
func (r *Request) takeNumbers(s scanned, g match) (ok bool) {
	if at, found := g.groups["n"]; found && !r.takeNumber(atoi(s.tokens[at[0]].text)) {
		return false
	}
	at, found := g.groups["while"]
	if !found {
		return true
	}
	p := s.tokens[at[0]].span.pieces[0] // "hold it for a second", and not for ten minutes
	return p.rule != nil && p.rule.Vague == "duration" || p.rule == nil && !p.from && p.length.total() <= time.Minute
}

// takeNumber takes a number that stands alone, which is of minutes but where it may be an
// hour. ok is false when it can be neither.
func (r *Request) takeNumber(n int) (ok bool) {
	length := time.Duration(n) * time.Minute
	if r.Action == Move && r.Kind == AnyKind {
		r.Bare = length
	}
	if r.Action != Move || r.Kind == Timer || n > 12 {
		r.Duration = length
	}
	return n > 0
}

// bareNumber is the number that pieces are; 0 when they are more than that.
func bareNumber(pieces []piece) int {
	if len(pieces) == 1 && pieces[0].rule != nil && pieces[0].rule.Bare && pieces[0].rule.Sign == 0 && pieces[0].groups["m"] == "" {
		return atoi(pieces[0].groups["h"])
	}
	return 0
}
