package when

import (
	"slices"
	"time"
)

// onDay is the piece of a day that was said before.
func onDay(day, now time.Time) piece {
	days := int(startOf(day).Sub(startOf(now)).Round(24*time.Hour) / (24 * time.Hour))
	return piece{rule: &timeRule{Day: &days}}
}

// answer is what s says as the answer to the question of a pending request.
func (l *language) answer(p Request, s scanned, now time.Time) (Request, bool) {
	at := slices.IndexFunc(s.tokens, func(t token) bool { return t.span != nil })
	if p.Ask == AskAbout || at < 0 || len(s.tokens) > 4 {
		return p, false
	}
	pieces := slices.Clone(s.tokens[at].span.pieces)
	if len(pieces) == 1 && pieces[0].rule != nil && pieces[0].rule.Bare && p.Ask == AskDuration && pieces[0].groups["m"] == "" {
		pieces = []piece{{length: length{clock: time.Duration(atoi(pieces[0].groups["h"])) * time.Minute}}} // "ten": minutes
	}
	r := p
	r.Ask = NoQuestion
	m := momentOf(pieces, now)
	if !m.hasDay && !p.Day.IsZero() {
		pieces = append(pieces, onDay(p.Day, now))
	}
	if m.part == "" && p.Part != "" && m.half == "" {
		pieces = append(pieces, piece{rule: &timeRule{Part: p.Part}})
	}
	repeat := p.Repeat
	if !repeat.IsZero() && !m.repeats {
		pieces = append(pieces, piece{rule: &timeRule{Repeat: "days"}, days: repeat.Days})
	}
	r.Day, r.Part = time.Time{}, ""
	r.applyTime(pieces, now)
	return r, r.Ask == NoQuestion || r.Ask != p.Ask || !r.Day.IsZero() || r.Part != ""
}
