package timer

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/speech/phrases"
	"github.com/gotars/tars/speech/when"
)

func itoa(n int) string { return strconv.Itoa(n) }

// match are the timers that a request is about.
func (s *Service) match(t talk, r when.Request) (found []*entry) {
	for _, e := range s.all {
		if e.State != contract.TimerMissed && s.fits(e, r) {
			found = append(found, e)
		}
	}
	return found
}

// fits reports whether r may mean e.
func (s *Service) fits(e *entry, r when.Request) bool {
	due := e.Due.In(s.zone)
	switch {
	case r.Kind != when.AnyKind && r.Kind != e.Kind:
		return false
	case r.Name != "" && !sameName(r.Name, e.Name) && !(e.Kind == when.Reminder && isNamed(e, phrases.Words(r.Name))):
		return false
	case r.Action != when.Set && r.About != "" && !isNamed(e, phrases.Words(r.About)):
		return false
	case r.OldFor > 0 && e.Length != r.OldFor:
		return false
	case !r.OldAt.IsZero() && !r.IsAt(due):
		return false
	case !r.OldDay.IsZero() && !sameDay(due, r.OldDay):
		return false
	case r.OldDays != 0 && !ringsOnlyOn(e, due, r.OldDays):
		return false
	case r.Except != "" && (sameName(r.Except, e.Name) || e.Kind == when.Reminder && isNamed(e, phrases.Words(r.Except))):
		return false
	}
	return true
}

// ringsOnlyOn reports whether e rings on no other days of the week. What rings every day is
// not meant by "my weekday alarm".
func ringsOnlyOn(e *entry, due time.Time, days when.Weekdays) bool {
	if e.Repeat.Days != 0 {
		return e.Repeat.Days&^days == 0
	}
	return days.Has(due.Weekday())
}

// sameName reports whether a name is meant by another: "egg" and "eggs", "the pasta".
func sameName(a, b string) bool {
	plain := func(s string) string { return strings.TrimSuffix(strings.Join(phrases.Words(s), " "), "s") }
	return plain(a) == plain(b)
}

func sameDay(a, b time.Time) bool { return a.Year() == b.Year() && a.YearDay() == b.YearDay() }

// meant are the timers that a request changes: of several those that ring, then those of
// the room.
func (s *Service) meant(t talk, r when.Request) []*entry {
	if r.Kind == when.AnyKind && r.Name == "" && !r.All && r.OldAt.IsZero() && r.OldFor == 0 {
		return s.lastTouched(t)
	}
	found := s.match(t, r)
	if r.All || len(found) < 2 {
		if rings := s.ringing(t.room); len(found) == 0 && r.Action == when.Cancel && r.Name == "" && len(rings) > 0 {
			return rings // who wants the alarm off means what rings
		}
		return found
	}
	for _, narrower := range []func(*entry) bool{
		func(e *entry) bool { return e.State == contract.TimerRinging },
		func(e *entry) bool { return e.Room == t.room },
		func(e *entry) bool { return r.Name == "" && e.Name == "" && e.Length > 0 && r.Action != when.Cancel },
	} {
		var some []*entry
		for _, e := range found {
			if narrower(e) {
				some = append(some, e)
			}
		}
		if len(some) == 1 || len(some) > 0 && some[0].State == contract.TimerRinging {
			return some
		}
		if len(some) > 0 {
			found = some
		}
	}
	return found
}

// lastTouched is what was set or changed in the room just now.
func (s *Service) lastTouched(t talk) []*entry {
	last, ok := s.touched[t.room]
	if !ok || s.clock.Steady()-last.at > touchTimeout {
		return nil
	}
	i := slices.IndexFunc(s.all, func(e *entry) bool { return e.ID == last.id })
	if i < 0 {
		return nil
	}
	return s.all[i : i+1 : i+1]
}

// change changes the timers that a request means.
func (s *Service) change(ctx context.Context, t talk, r when.Request) (text string, ok bool) {
	meant := s.meant(t, r)
	switch {
	case len(meant) == 0 && r.Kind == when.AnyKind:
		return "", false
	case len(meant) == 0 && (r.Name != "" || r.About != ""):
		return t.say.say("none_named", "what", t.say.plain(&entry{Kind: r.Kind, Name: r.Name, About: r.About})), true
	case len(meant) == 0 && r.Kind == when.Timer:
		return t.say.say("none_running"), true
	case len(meant) == 0:
		return t.say.say("none", "kinds", t.say.Kinds[string(r.Kind)][1]), true
	case len(meant) > 1 && !r.All && meant[0].State != contract.TimerRinging:
		var names []string
		for _, e := range s.sorted(meant)[:min(len(meant), maxListed)] {
			names = append(names, t.say.call(e, t.now))
		}
		return s.ask(t, &question{request: r, which: meant}, t.say.say("ask_which", "which", t.say.join(names, t.say.Or))), true
	}
	return s.changeThese(ctx, t, r, meant)
}

// changeThese changes entries as a request says.
func (s *Service) changeThese(ctx context.Context, t talk, r when.Request, entries []*entry) (text string, ok bool) {
	e := entries[0]
	if r.Action != when.Cancel {
		s.touch(t.room, e)
	}
	switch r.Action {
	case when.Cancel:
		return s.cancel(ctx, t, r, entries), true
	case when.Add:
		if r.Ask != when.NoQuestion {
			return s.ask(t, &question{request: r}, t.say.say("ask_duration")), true
		}
		return s.addTo(ctx, t, r, e), true
	case when.Move:
		return s.move(ctx, t, r, e), true
	case when.Pause:
		return s.pause(ctx, t, e), true
	case when.Resume:
		return s.resume(ctx, t, e), true
	}
	return "", false
}

func (s *Service) cancel(ctx context.Context, t talk, r when.Request, entries []*entry) string {
	if e := entries[0]; len(entries) == 1 && !e.Repeat.IsZero() && !r.OldDay.IsZero() { // of what is repeated, that day is left out
		text := t.say.say("cancelled", "what", t.say.call(e, t.now))
		e.Due = e.Repeat.Next(e.Due, e.Due)
		return s.kept(ctx, t, text+" "+t.say.status(e, s.left(e), t.now))
	}
	rang := entries[0].State == contract.TimerRinging
	text := t.say.say("cancelled", "what", t.say.call(entries[0], t.now))
	if len(entries) > 1 {
		kinds := t.say.Say["things"]
		if r.Kind != when.AnyKind {
			kinds = t.say.Kinds[string(r.Kind)][1]
		}
		text = t.say.say("cancelled_all", "count", itoa(len(entries)), "kinds", kinds)
	}
	if err := s.silence(ctx, entries); err != nil {
		s.log.WarnContext(ctx, "the voice goes on", "err", err)
	}
	s.remove(entries)
	if rang && len(entries) == 1 {
		text = "" // it is quiet: that is answer enough
	}
	return s.kept(ctx, t, text)
}

// addTo lets e ring later, or earlier.
func (s *Service) addTo(ctx context.Context, t talk, r when.Request, e *entry) string {
	if err := s.silence(ctx, []*entry{e}); err != nil {
		s.log.WarnContext(ctx, "the voice goes on", "err", err)
	}
	switch {
	case e.State == contract.TimerPaused:
		e.Left = max(e.Left+r.Duration, time.Second)
		return s.kept(ctx, t, t.say.status(e, e.Left, t.now))
	case e.State == contract.TimerRinging && e.Length > 0:
		s.setTime(e, when.Request{Duration: max(r.Duration, time.Second)})
	case e.State == contract.TimerRinging:
		s.setTime(e, when.Request{At: t.now.Add(max(r.Duration, time.Second))})
	case e.Length > 0:
		left := max(s.left(e)+r.Duration, time.Second)
		if left > maxLength {
			return t.say.say("too_far")
		}
		e.Length = max(e.Length+r.Duration, time.Second)
		e.Due, e.passed = t.now.Add(left), s.clock.Steady()+left
	default:
		due := e.Due.Add(r.Duration)
		if !due.After(t.now) {
			return t.say.say("over")
		}
		e.Due = due
		s.repeatAt(e)
		return s.kept(ctx, t, t.say.say("moved", "what", t.say.plain(e), "time", t.say.at(e.Due, t.now)))
	}
	return s.kept(ctx, t, t.say.status(e, s.left(e), t.now))
}

// repeatAt lets what is repeated ring at the time of day of its next one.
func (s *Service) repeatAt(e *entry) {
	if !e.Repeat.IsZero() && e.Repeat.Every == 0 {
		due := e.Due.In(s.zone)
		e.Repeat.Hour, e.Repeat.Minute = due.Hour(), due.Minute()
	}
}

// move lets e ring at another time, or after another length.
func (s *Service) move(ctx context.Context, t talk, r when.Request, e *entry) string {
	if r.Ask == when.AskTime && !r.Day.IsZero() && r.Part == "" { // to another day, at the same time
		due := e.Due.In(s.zone)
		r.At, r.Ask = time.Date(r.Day.Year(), r.Day.Month(), r.Day.Day(), due.Hour(), due.Minute(), 0, 0, s.zone), when.NoQuestion
		if !r.At.After(t.now) {
			return t.say.say("over")
		}
	}
	switch r.Ask {
	case when.NoQuestion:
	case when.AskTime:
		return t.say.say("ask_time")
	default:
		return t.say.say("ask_duration")
	}
	switch { // "make it 20": minutes of a timer, an hour of the day of anything else
	case r.Bare > 0 && e.Length > 0:
		r.Duration, r.At = r.Bare, time.Time{}
	case r.Bare > 0 && r.At.IsZero():
		return t.say.say("ask_time")
	}
	if err := s.silence(ctx, []*entry{e}); err != nil {
		s.log.WarnContext(ctx, "the voice goes on", "err", err)
	}
	if r.At.IsZero() {
		if r.Duration <= 0 || r.Duration > maxLength {
			return t.say.say("too_far")
		}
		s.setTime(e, when.Request{Duration: r.Duration})
		return s.kept(ctx, t, t.say.say("moved_length", "what", t.say.plain(e), "length", t.say.length(r.Duration)))
	}
	at := r.Near(e.Due.In(s.zone), t.now)
	s.setTime(e, when.Request{At: at})
	if !r.Repeat.IsZero() {
		e.Repeat = r.Repeat
	}
	if e.Repeat.Days != 0 {
		e.Repeat.Hour, e.Repeat.Minute = at.Hour(), at.Minute()
		e.Due = e.Repeat.First(t.now, t.now)
	}
	return s.kept(ctx, t, t.say.say("moved", "what", t.say.plain(e), "time", t.say.at(e.Due, t.now)))
}

func (s *Service) pause(ctx context.Context, t talk, e *entry) string {
	switch {
	case e.Length == 0:
		return t.say.say("not_pausable")
	case e.State == contract.TimerWaiting:
		e.State, e.Left = contract.TimerPaused, max(s.left(e), time.Second)
	}
	return s.kept(ctx, t, t.say.status(e, s.left(e), t.now))
}

func (s *Service) resume(ctx context.Context, t talk, e *entry) string {
	if e.State == contract.TimerPaused {
		e.State, e.Due, e.passed, e.Left = contract.TimerWaiting, t.now.Add(e.Left), s.clock.Steady()+e.Left, 0
	}
	return s.kept(ctx, t, t.say.say("resumed", "what", t.say.call(e, t.now), "left", t.say.length(s.left(e))))
}
