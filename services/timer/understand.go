package timer

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/phrases"
	"github.com/gotars/tars/speech/when"
)

const (
	// questionTimeout is how long what is said next may answer a question.
	questionTimeout = 30 * time.Second
	// touchTimeout is how long "make it 20 minutes" means what was set last.
	touchTimeout = 2 * time.Minute
	// maxRooms is for how many rooms questions are remembered.
	maxRooms = 64
)

// question is what was asked back in a room.
type question struct {
	request when.Request
	which   []*entry // the request is about one of them; nil: it lacks a time
	until   time.Duration
}

// talk is what somebody said, where.
type talk struct {
	text, room string
	now        time.Time
	say        *replies
}

// understand takes what somebody said, before the model does.
func (s *Service) understand(ctx context.Context, m contract.TimerUtterance) (contract.TimerReply, error) {
	if !s.opened {
		return contract.TimerReply{}, nil
	}
	t := talk{text: m.Text, room: kit.From(ctx).Baggage["room"], now: s.now(), say: repliesIn(m.Lang)}
	if rings := s.ringing(t.room); len(rings) > 0 {
		if r, ok := parseRinging(m, t.now); ok {
			t.say = repliesIn(r.Lang)
			return s.reply(ctx, s.endRinging(ctx, t, rings, r))
		}
	}
	if m.Ringing {
		return contract.TimerReply{}, nil
	}
	s.takeBack(t)
	was := s.remember(t)
	defer func() {
		if was.after = s.changes; len(s.last) >= maxRooms {
			clear(s.last)
		}
		s.last[t.room] = was
	}()
	q := s.pending[t.room]
	delete(s.pending, t.room)
	if q != nil && s.clock.Steady() <= q.until {
		if text, ok := s.answer(ctx, t, q); ok {
			return s.reply(ctx, text)
		}
	}
	var texts []string
	for _, r := range when.ParseAll(m.Text, m.Lang, t.now) {
		t.say = repliesIn(r.Lang)
		text, ok := s.act(ctx, t, r)
		if !ok {
			return contract.TimerReply{}, nil
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return contract.TimerReply{}, nil
	}
	return s.reply(ctx, strings.Join(texts, " "))
}

// parseRinging tells what somebody wants of what rings: words of such a moment, and, when they
// may be for nothing else, the usual ones that name no timer, as "turn off the alarm".
func parseRinging(m contract.TimerUtterance, now time.Time) (when.Request, bool) {
	if r, ok := when.ParseRinging(m.Text, m.Lang, now); ok || !m.Ringing {
		return r, ok
	}
	all := when.ParseAll(m.Text, m.Lang, now)
	if len(all) != 1 || all[0].Name != "" {
		return when.Request{}, false
	}
	r := all[0]
	switch r.Action {
	case when.Cancel:
		r.Action = when.Quiet
	case when.Add: // "five more minutes"
		r.Action = when.Snooze
	default:
		return when.Request{}, false
	}
	return r, true
}

// reply is what is said, after what was changed is on the disk.
func (s *Service) reply(ctx context.Context, text string) (contract.TimerReply, error) {
	s.schedule()
	return contract.TimerReply{Handled: true, Text: text}, nil
}

// kept writes what was changed, and returns text, or that it could not be kept.
func (s *Service) kept(ctx context.Context, t talk, text string) string {
	err := s.keep(ctx)
	if s.trouble.Load() != nil {
		s.log.ErrorContext(ctx, "timers not kept", "err", err)
		return t.say.say("cannot_keep")
	}
	if err != nil { // the broker is away: the others learn of it when it is back
		s.log.WarnContext(ctx, "nobody was told of the timers", "err", err)
	}
	return text
}

// act does what somebody wants, and returns what is said of it. ok is false when the words
// mean something else after all, as there is no timer that they could be about.
func (s *Service) act(ctx context.Context, t talk, r when.Request) (text string, ok bool) {
	vague := r.Kind == when.AnyKind || r.Action == when.Add && r.Name == "" && !strings.Contains(strings.ToLower(t.text), "timer")
	if vague && len(s.all) == 0 || r.Name != "" && r.Kind == when.AnyKind && len(s.match(t, r)) == 0 {
		return "", false
	}
	switch r.Action {
	case when.Set:
		return s.set(ctx, t, r), true
	case when.List:
		return s.list(t, r), true
	case when.Unable:
		return t.say.say("unable"), true
	case when.Snooze:
		rings := s.ringing(t.room)
		switch { // "wake me again in ten minutes" is meant for itself; "let me sleep" is for the model
		case len(rings) > 0 || isSnooze(t.text):
			return s.snooze(ctx, t, r, rings), true
		case r.Duration > 0:
			return s.set(ctx, t, when.Request{Action: when.Set, Kind: when.Alarm, Lang: r.Lang, At: t.now.Add(r.Duration)}), true
		}
		return "", false
	case when.Cancel, when.Add, when.Move, when.Pause, when.Resume:
		return s.change(ctx, t, r)
	}
	return "", false
}

// isSnooze reports whether the word itself was said, in English or German.
func isSnooze(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "snooz") || strings.Contains(text, "schlummer")
}

// ask asks back, and remembers that for the answer.
func (s *Service) ask(t talk, q *question, text string) string {
	if len(s.pending) >= maxRooms {
		clear(s.pending)
	}
	q.until = s.clock.Steady() + questionTimeout
	s.pending[t.room] = q
	return text
}

// answer takes what somebody said as the answer to a question.
func (s *Service) answer(ctx context.Context, t talk, q *question) (text string, ok bool) {
	t.say = repliesIn(q.request.Lang)
	if s.stops.IntentOf(t.text) == phrases.Stop {
		return t.say.say("not_set"), true
	}
	if q.which == nil {
		r, ok := when.ParseAnswer(q.request, t.text, t.now)
		if !ok {
			return "", false
		}
		if r.Action == when.Add {
			return s.change(ctx, t, r)
		}
		return s.set(ctx, t, r), true
	}
	words := phrases.Words(t.text)
	var meant []*entry
	for _, e := range q.which {
		if slices.Contains(s.all, e) && isNamed(e, words) {
			meant = append(meant, e)
		}
	}
	if r, ok := when.ParseTime(t.text, q.request.Lang, when.Alarm, t.now); ok && len(meant) == 0 {
		for _, e := range q.which {
			if r.Duration > 0 && e.Length == r.Duration || r.Duration == 0 && (when.Request{OldAt: r.At, OldGuess: r.Guessed}).IsAt(e.Due.In(s.zone)) {
				meant = append(meant, e)
			}
		}
	}
	if len(meant) == 0 {
		return "", false
	}
	return s.changeThese(ctx, t, q.request, meant)
}

// isNamed reports whether words name a timer.
func isNamed(e *entry, words []string) bool {
	name := phrases.Words(e.Name)
	if e.Kind == when.Reminder {
		name = phrases.Words(e.About)
	}
	return len(name) > 0 && slices.ContainsFunc(name, func(w string) bool { return len(w) > 2 && slices.Contains(words, w) }) || len(name) == 1 && slices.Contains(words, name[0])
}

// set makes a timer.
func (s *Service) set(ctx context.Context, t talk, r when.Request) string {
	switch r.Ask {
	case when.AskDuration:
		return s.ask(t, &question{request: r}, t.say.say("ask_duration"))
	case when.AskTime:
		text := t.say.say("ask_time")
		if !r.Day.IsZero() {
			text = t.say.say("ask_time_of", "day", t.say.day(r.Day, t.now))
		}
		return s.ask(t, &question{request: r}, text)
	case when.AskDay:
		return s.ask(t, &question{request: r}, t.say.say("ask_day"))
	}
	if r.At.IsZero() && r.Duration <= 0 {
		return s.ask(t, &question{request: r}, t.say.say("ask_duration"))
	}
	if r.Duration > maxLength {
		return t.say.say("too_far")
	}
	e := s.add(t.room, r)
	if e == nil {
		return t.say.say("too_many", "count", itoa(len(s.all)))
	}
	s.touch(t.room, e)
	return s.kept(ctx, t, t.say.whatWasSet(e, t.now))
}

// add makes an entry; nil when there are too many. A timer of the same name in the room is
// replaced: two of one name could not be told apart.
func (s *Service) add(room string, r when.Request) *entry {
	s.all = slices.DeleteFunc(s.all, func(e *entry) bool {
		return r.Name != "" && e.Name == r.Name && e.Kind == r.Kind && e.Room == room && e.State != contract.TimerMissed
	})
	if len(s.all) >= s.cfg.Max {
		return nil
	}
	e := &entry{ID: kit.NewID()[:8], Kind: r.Kind, State: contract.TimerWaiting, Name: r.Name, About: r.About, Room: room, Lang: r.Lang, Repeat: r.Repeat}
	s.setTime(e, r)
	s.all = append(s.all, e)
	return e
}

// maxLength is the longest length of a timer.
const maxLength = 366 * 24 * time.Hour

// setTime sets when e rings.
func (s *Service) setTime(e *entry, r when.Request) {
	now := s.now()
	e.State, e.Left, e.Heard, e.Length = contract.TimerWaiting, 0, false, 0
	if r.At.IsZero() {
		e.Length, e.Due, e.passed = r.Duration, now.Add(r.Duration), s.clock.Steady()+r.Duration
		return
	}
	e.Due = r.At
}

func (s *Service) touch(room string, e *entry) {
	if len(s.touched) >= maxRooms {
		clear(s.touched)
	}
	s.touched[room] = touch{e.ID, s.clock.Steady()}
}

// list tells which timers there are.
func (s *Service) list(t talk, r when.Request) string {
	found := s.sorted(s.match(t, r))
	kinds := t.say.Say["things"]
	if r.Kind != when.AnyKind {
		kinds = t.say.Kinds[string(r.Kind)][1]
	}
	switch {
	case len(found) == 0 && r.Name != "":
		return t.say.say("none_named", "what", t.say.plain(&entry{Kind: r.Kind, Name: r.Name}))
	case len(found) == 0 && !r.OldDay.IsZero():
		return t.say.say("none_on", "kinds", kinds, "day", t.say.day(r.OldDay, t.now))
	case len(found) == 0:
		return t.say.say("none", "kinds", kinds)
	}
	var lines []string
	for _, e := range found[:min(len(found), maxListed)] {
		lines = append(lines, t.say.status(e, s.left(e), t.now))
	}
	return strings.Join(lines, " ")
}

// maxListed is how many are told at a time.
const maxListed = 8

// left is how long it is until e rings.
func (s *Service) left(e *entry) time.Duration { return max(-s.lateBy(e), 0) }

// endRinging obeys what is said while something rings.
func (s *Service) endRinging(ctx context.Context, t talk, rings []*entry, r when.Request) string {
	if r.Action == when.Snooze {
		return s.snooze(ctx, t, r, rings)
	}
	if err := s.stopRinging(ctx, func(e *entry) bool { return slices.Contains(rings, e) }); err != nil {
		s.log.WarnContext(ctx, "ringing ended, and not everybody knows", "err", err)
	}
	return ""
}

// snooze lets what rings ring again later.
func (s *Service) snooze(ctx context.Context, t talk, r when.Request, rings []*entry) string {
	if len(rings) == 0 {
		return t.say.say("nothing_rings")
	}
	d := s.cfg.Snooze
	switch {
	case r.Duration > 0:
		d = r.Duration
	case !r.At.IsZero():
		d = r.At.Sub(t.now)
	}
	if err := s.silence(ctx, rings); err != nil {
		s.log.WarnContext(ctx, "the voice goes on", "err", err)
	}
	for _, e := range rings {
		length := e.Length
		s.setTime(e, when.Request{At: t.now.Add(d)})
		if length > 0 {
			s.setTime(e, when.Request{Duration: d})
		}
	}
	return s.kept(ctx, t, t.say.say("snoozed", "length", t.say.length(d)))
}
