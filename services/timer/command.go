package timer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/when"
)

// command sets or ends timers for a program.
func (s *Service) command(ctx context.Context, c contract.TimerCommand) (r contract.TimerResult, err error) {
	if !s.opened {
		return r, &kit.Error{Code: kit.CodeUnavailable, Message: "the timers are not read yet"}
	}
	var touched []*entry
	switch c.Action {
	case contract.TimerList:
		return contract.TimerResult{Timers: messages(s.sorted(s.all))}, nil
	case contract.TimerStop:
		return s.commandStop(ctx, c)
	case contract.TimerSet:
		touched, err = s.commandSet(ctx, c)
	case contract.TimerCancel:
		touched, err = s.commandCancel(ctx, c)
	}
	if err != nil {
		return r, err
	}
	r.Timers = messages(touched)
	if err := s.keep(ctx); s.trouble.Load() != nil {
		return r, err
	}
	return r, nil
}

func (s *Service) commandStop(ctx context.Context, c contract.TimerCommand) (r contract.TimerResult, err error) {
	room := kit.From(ctx).Baggage["room"]
	stops := func(e *entry) bool { return room == "" || e.Room == room || e.Room == "" }
	if c.ID != nil {
		stops = func(e *entry) bool { return e.ID == *c.ID }
	}
	return r, s.stopRinging(ctx, stops)
}

func (s *Service) commandSet(ctx context.Context, c contract.TimerCommand) ([]*entry, error) {
	invalid := func(format string, args ...any) error {
		return &kit.Error{Code: kit.CodeInvalid, Message: fmt.Sprintf(format, args...)}
	}
	text, lang, kind := orEmpty(c.When), cmp.Or(orEmpty(c.Lang), "en"), when.Kind(orEmpty(c.Kind))
	if kind == when.AnyKind && c.About != nil {
		kind = when.Reminder
	}
	r, ok := when.ParseTime(text, lang, kind, s.now())
	if ok && kind == when.AnyKind {
		if kind = when.Timer; !r.At.IsZero() {
			kind = when.Alarm
		}
		r, ok = when.ParseTime(text, lang, kind, s.now())
	}
	switch {
	case !ok || r.Action != when.Set:
		return nil, invalid("when is %q, want a length or a time such as 10 minutes, half past six or every weekday at 7", text)
	case r.Ask != when.NoQuestion || r.At.IsZero() && r.Duration <= 0:
		return nil, invalid("when is %q, which does not say at what time", text)
	case r.Duration > maxLength:
		return nil, invalid("when is %q, want at most a year", text)
	}
	r.Kind, r.Name, r.About = kind, orEmpty(c.Name), orEmpty(c.About)
	e := s.add(kit.From(ctx).Baggage["room"], r)
	if e == nil {
		return nil, &kit.Error{Code: kit.CodeUnavailable, Message: fmt.Sprintf("there are %d timers, and TIMER_MAX allows no more", len(s.all))}
	}
	return []*entry{e}, nil
}

func (s *Service) commandCancel(ctx context.Context, c contract.TimerCommand) (over []*entry, err error) {
	for _, e := range s.all {
		if id := orEmpty(c.ID); id == "*" || id == e.ID || id == "" && c.Name != nil && sameName(*c.Name, e.Name) {
			over = append(over, e)
		}
	}
	if len(over) == 0 && orEmpty(c.ID) != "*" {
		return nil, &kit.Error{Code: kit.CodeNotFound, Message: fmt.Sprintf("there is no timer %q", cmp.Or(orEmpty(c.ID), orEmpty(c.Name)))}
	}
	err = s.silence(ctx, over)
	s.remove(slices.Clone(over))
	return over, err
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
