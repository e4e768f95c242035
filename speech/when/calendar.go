package when

import "time"

// startOf is the midnight with which the day of t began.
func startOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// clockOn is a time of a day. One that the clock leaves out in spring is as much later as
// it leaves out; of two in autumn it is the first.
func clockOn(day time.Time, hour, minute int) time.Time {
	t := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, day.Location())
	_, before := t.Add(-3 * time.Hour).Zone()
	_, after := t.Add(3 * time.Hour).Zone()
	if before == after {
		return t
	}
	with := func(offset int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, time.FixedZone("", offset)).In(day.Location())
	}
	early, late := with(before), with(after)
	if shows(early, hour, minute) || !shows(late, hour, minute) {
		return early
	}
	return late
}

// shows reports whether the clock shows hour and minute at t.
func shows(t time.Time, hour, minute int) bool { return t.Hour() == hour%24 && t.Minute() == minute }

// twice are the times of a day at which the clock shows hour and minute: two where it is
// put back between them.
func twice(day time.Time, hour, minute int) []time.Time {
	first := clockOn(day, hour, minute)
	if again := first.Add(time.Hour); again.Hour() == first.Hour() && again.Minute() == first.Minute() {
		return []time.Time{first, again}
	}
	return []time.Time{first}
}

// nextDate is the next day of that name that is not over; without a month it is the next
// one with that number.
func nextDate(now time.Time, month time.Month, dom, year int) time.Time {
	today := startOf(now)
	if year > 0 {
		if t := time.Date(year, month, dom, 0, 0, 0, 0, now.Location()); t.Day() == dom {
			return t
		}
		return time.Time{}
	}
	for i := range 60 {
		t := time.Date(now.Year(), now.Month()+time.Month(i), dom, 0, 0, 0, 0, now.Location())
		if t.Day() == dom && (month == 0 || t.Month() == month) && !t.Before(today) {
			return t
		}
	}
	return time.Time{}
}

// First is the first time after now at which r rings, on the day from or later.
func (r Repeat) First(from, now time.Time) time.Time {
	for i := range 366 * 9 { // the 29th of February may be eight years away
		d := startOf(from).AddDate(0, 0, i)
		if t := clockOn(d, r.Hour, r.Minute); r.on(d) && t.After(now) {
			return t
		}
	}
	return time.Time{}
}

// on reports whether r rings on a day.
func (r Repeat) on(d time.Time) bool {
	if r.Day > 0 {
		return d.Day() == r.Day && (r.Month == 0 || d.Month() == r.Month)
	}
	return r.Days.Has(d.Weekday())
}

// Next is the next time after now of what was due at last.
func (r Repeat) Next(last, now time.Time) time.Time {
	if r.Every <= 0 {
		return r.First(now, now)
	}
	t := last.Add(r.Every)
	if !t.After(now) {
		t = t.Add(now.Sub(t).Truncate(r.Every) + r.Every)
	}
	return t
}
