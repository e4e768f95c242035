package when

import (
	"time"
)

// parts are the hours in which a part of the day begins and ends.
var parts = map[string][2]int{"morning": {3, 12}, "noon": {11, 15}, "afternoon": {12, 18}, "evening": {16, 24}, "night": {18, 30}}

// moment is a time as it was said, with what is known of it.
type moment struct {
	hour, minute int
	hasClock     bool
	exact        bool // the hour is of the day of 24 hours
	open         bool // the hour is not said: the next one
	day          time.Time
	hasDay       bool // a day was said, and not only a day of the week that is repeated
	isToday      bool // that day is today because it was said
	weekday      bool // that day is a day of the week: the next one
	part         string
	half         string // am or pm
	repeat       Repeat
	repeats      bool
	length       length
	from         bool
	more         bool
	ahead        time.Duration // so long before the time that is said
	unclear      Question
	unable       bool
}

// applyTime puts into r what pieces say, seen from now.
func (r *Request) applyTime(pieces []piece, now time.Time) {
	m := momentOf(pieces, now)
	switch {
	case m.unable:
		r.Action = Unable
		return
	case m.unclear == AskTime && m.hasClock: // "for lunch at one"
	case m.unclear == AskDuration && m.hasDay && r.Kind != Timer: // "sometime tomorrow"
	case m.unclear != NoQuestion:
		r.Ask, r.Part = m.unclear, m.part
		return
	}
	r.Repeat = m.repeat
	if !m.length.isZero() && !m.hasClock && !m.repeats {
		r.applyLength(m, now)
		return
	}
	if r.Repeat.Every > 0 && !m.hasClock {
		r.At = now.Add(r.Repeat.Every)
		return
	}
	if !m.hasClock {
		r.Ask, r.Part = AskTime, m.part
		if m.hasDay {
			r.Day = m.day
		}
		return
	}
	if !m.length.isZero() && m.from { // in two days at noon
		m.day, m.hasDay = startOf(now).AddDate(0, m.length.months, m.length.days), true
	}
	at, known := m.resolve(r.Kind, now)
	r.Repeat, r.Guessed = m.repeat, m.isGuess()
	if !known {
		r.Ask, r.Day = AskTime, m.day
		return
	}
	r.At = at
}

// applyLength puts a length into r: that of a timer, or the time at which something else
// rings.
func (r *Request) applyLength(m moment, now time.Time) {
	if d := m.length; r.Kind == Timer || r.Kind == AnyKind || !m.from && r.Action != Set {
		r.Duration = d.total()
		return
	}
	r.At = now.AddDate(0, m.length.months, m.length.days).Add(m.length.clock)
	if m.length.clock > 0 || m.length.days == 0 && m.length.months == 0 {
		r.At = r.At.Truncate(time.Second)
	}
}

// momentOf gathers what pieces say.
func momentOf(pieces []piece, now time.Time) moment {
	m := moment{day: startOf(now)}
	for _, p := range pieces {
		if p.rule == nil {
			m.length, m.from, m.more = p.length, p.from, p.more
			continue
		}
		m.ahead += p.length.total()
		m.addClock(p)
		m.addDay(p, now)
		m.addRepeat(p)
		if p.rule.Part != "" {
			m.part = p.rule.Part
		}
		switch p.rule.Vague {
		case "day":
			m.unclear = AskDay
		case "time":
			m.unclear = AskTime
		case "duration":
			m.unclear = AskDuration
		}
	}
	return m
}

// addClock takes the hour and the minute.
func (m *moment) addClock(p piece) {
	if p.groups["ap"] != "" {
		m.half = p.groups["ap"][:1] + "m"
	}
	if !p.isClock() {
		return
	}
	m.hasClock = true
	if p.rule.Open {
		m.open, m.exact, m.minute = true, true, (60+p.rule.Add+p.rule.Sign*atoi(p.groups["m"]))%60
		return
	}
	if p.rule.Hour != nil {
		m.hour, m.minute, m.exact = *p.rule.Hour, p.rule.Add+p.rule.Sign*atoi(p.groups["m"]), true
		if m.minute < 0 {
			m.hour, m.minute = m.hour-1, m.minute+60
		}
		return
	}
	h, minute := p.groups["h"], 0
	if s := p.groups["m"]; s != "" {
		minute = atoi(s)
	}
	if p.rule.Sign != 0 {
		minute *= p.rule.Sign
	}
	minute += p.rule.Add
	m.hour, m.minute = atoi(h), minute
	m.exact = p.rule.Exact || m.hour > 12 || m.hour == 0 || len(h) == 2 && h[0] == '0'
	for m.minute < 0 {
		m.hour, m.minute = m.hour-1, m.minute+60
	}
	for m.minute >= 60 {
		m.hour, m.minute = m.hour+1, m.minute-60
	}
	if m.hour < 0 {
		m.hour += 24
	}
	if m.hour == 0 && !m.exact {
		m.hour = 12
	}
}

// addDay takes the day.
func (m *moment) addDay(p piece, now time.Time) {
	today := startOf(now)
	set := func(day time.Time) { m.day, m.hasDay = day, true }
	switch r := p.rule; {
	case r.Repeat != "":
	case r.Day != nil:
		set(today.AddDate(0, 0, *r.Day))
		m.isToday = *r.Day == 0
	case r.Date != "":
		d, err := time.ParseInLocation("01-02", r.Date, now.Location())
		if err == nil {
			set(nextDate(now, d.Month(), d.Day(), 0))
		}
	case p.dom > 0:
		day := nextDate(now, p.month, p.dom, atoi(p.groups["yr"]))
		if day.IsZero() { // the 31st of February
			m.unclear = AskDay
			return
		}
		set(day)
	case p.days != 0:
		ahead := 0
		for d := 0; d < 7; d++ {
			if p.days.Has(today.AddDate(0, 0, d).Weekday()) {
				ahead = d
				break
			}
		}
		if r.Next && !nextIsClear(now.Weekday(), ahead) {
			m.unclear = AskDay
		}
		if (r.Next || r.Week > 0) && ahead == 0 {
			ahead = 7
		}
		if r.Week > 0 {
			ahead = daysToNextWeek(now.Weekday(), p.days) + 7*(r.Week-1)
		}
		if r.Week < 0 { // a week after the coming one
			ahead -= 7 * r.Week
		}
		set(today.AddDate(0, 0, ahead))
		m.weekday = ahead == 0
	}
}

// nextIsClear reports whether "next Monday" can only be the coming one: none of this week
// is to come.
func nextIsClear(today time.Weekday, ahead int) bool {
	left := (7 - int(today)) % 7 // days to Sunday, with which the week ends
	return ahead == 0 || ahead > left
}

// daysToNextWeek is how far a day of the next week is, which begins on Monday.
func daysToNextWeek(today time.Weekday, days Weekdays) int {
	toMonday := (8 - int(today)) % 7
	if toMonday == 0 {
		toMonday = 7
	}
	for d := range 7 {
		if days.Has(time.Weekday((1 + d) % 7)) {
			return toMonday + d
		}
	}
	return toMonday
}

// addRepeat takes what comes again.
func (m *moment) addRepeat(p piece) {
	switch p.rule.Repeat {
	case "":
		return
	case "none":
		m.unable = true
	case "day":
		m.repeat.Days = EveryDay
	case "workday":
		m.repeat.Days = Workdays
	case "weekend":
		m.repeat.Days = Weekend
	case "days", "range":
		m.repeat.Days |= p.days
	case "except":
		if m.repeat.Days == 0 {
			m.repeat.Days = EveryDay
		}
		m.repeat.Days &^= p.days
	case "every":
		m.repeat.Every = p.every
	case "month":
		m.repeat.Day = p.dom
	case "year":
		m.repeat.Day, m.repeat.Month = p.dom, p.month
	}
	m.repeats = true
}

// isGuess reports whether only the clock of twelve hours was said.
func (m *moment) isGuess() bool {
	return !m.hasDay && !m.repeats && !m.exact && m.half == "" && m.part == ""
}

// resolve finds the first time that is meant and is to come. known is false where it can be
// two times, neither of which is likelier.
func (m *moment) resolve(kind Kind, now time.Time) (at time.Time, known bool) {
	if m.open {
		return m.nextHour(now)
	}
	hours := m.hours(kind)
	if len(hours) == 0 {
		return time.Time{}, false
	}
	if m.repeats {
		minutes := ((hours[0]*60+m.minute-int(m.ahead/time.Minute))%1440 + 1440) % 1440
		m.repeat.Hour, m.repeat.Minute = minutes/60, minutes%60
		return m.repeat.First(m.day, now), true
	}
	days := []time.Time{m.day}
	switch {
	case !m.hasDay:
		days = append(days, m.day.AddDate(0, 0, 1))
	case m.weekday: // today, or a week from now
		days = append(days, m.day.AddDate(0, 0, 7))
	}
	for _, d := range days {
		for _, h := range hours {
			for _, t := range twice(d, h, m.minute) {
				if t = t.Add(-m.ahead); t.After(now) && !(kind == Reminder && m.isGuess() && isNight(t) && now.Hour() >= 6 && now.Hour() < 20) {
					return t, true
				}
			}
		}
	}
	return time.Time{}, false // today at a time that is over
}

// isNight reports whether hardly anybody is reminded of something at t who did not say so:
// "remind me at two" in the afternoon is of two in the next one.
func isNight(t time.Time) bool { return t.Hour() < 6 }

// nextHour is the first time to come at the minute that was said. It is not known which
// hour of another day, or of each day, is meant.
func (m *moment) nextHour(now time.Time) (at time.Time, known bool) {
	at = now.Truncate(time.Hour).Add(time.Duration(m.minute)*time.Minute - m.ahead)
	for !at.After(now) {
		at = at.Add(time.Hour)
	}
	return at, !m.hasDay && m.repeat.Days == 0 && m.repeat.Day == 0
}

// hours are the hours of the day of 24 that are meant, the likelier first where the day is
// known, else the earlier first. One of 24 and more is on the next day.
func (m *moment) hours(kind Kind) []int {
	h := m.hour
	switch {
	case m.half != "":
		if h == 12 || h == 0 {
			h = 0
		}
		if m.half == "pm" && h < 12 {
			h += 12
		}
		return []int{h}
	case m.part != "":
		return m.hoursOfPart(h)
	case m.exact:
		if h == 24 && m.hasDay && !m.isToday { // midnight of another day is its beginning or its end
			return nil
		}
		return []int{h}
	case !m.hasDay && !m.repeats || m.isToday || m.weekday:
		return []int{h % 12, h%12 + 12}
	case h == 12 || kind != Alarm && h <= 5: // who plans a day does so for its waking hours
		return []int{h%12 + 12}
	}
	return []int{h % 12}
}

// hoursOfPart is the hour that lies in the part of the day that was said.
func (m *moment) hoursOfPart(h int) []int {
	within := parts[m.part]
	for _, c := range []int{h, h%12 + 12, h % 12, h%12 + 24} {
		if m.exact && c != h && c != h+24 {
			continue
		}
		if c >= within[0] && c < within[1] {
			return []int{c}
		}
	}
	return []int{h}
}

// takeOld takes what is to be changed: its time, or its length where a lone number stands for
// one, "from 10 to 15 minutes".
func (r *Request) takeOld(sp *span, now time.Time) {
	r.setOld(sp, now)
	if r.Kind == Timer && sp != nil && sp.pieces[0].rule != nil && sp.pieces[0].rule.Bare {
		r.OldAt, r.OldGuess, r.OldFor = time.Time{}, false, time.Duration(atoi(sp.pieces[0].groups["h"]))*time.Minute
	}
}
