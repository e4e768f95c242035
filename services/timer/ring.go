package timer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

const (
	// ringPause is the silence between two lines of what rings, in which a person is heard.
	ringPause = 2 * time.Second
	// ringTimeout is after how long the next line is said when the voice tells nothing.
	ringTimeout = 8 * time.Second
	// heldFor is how long the ringing waits for somebody who spoke into it and did not stop
	// it: they have something else to say first.
	heldFor = 10 * time.Second
	// tellAgain is how often what was missed is told until a voice says it.
	tellAgain = 15 * time.Second
)

// ring is what is said in one room while something rings there, or about what was missed.
type ring struct {
	utt  string        // of the line that was said last
	next time.Duration // by the steady clock, when it is said again
}

// ringKey is the key of the rings of a room; what was missed has one of its own.
func ringKey(room, state string) string { return state + " " + room }

// goOn says what rings and what was missed, and ends what rang for long enough.
func (s *Service) goOn(ctx context.Context) (err error) {
	var over []*entry
	lines := map[string][]*entry{}
	for _, e := range s.all {
		switch {
		case e.State == contract.TimerRinging && s.clock.Steady() >= e.passed:
			over = append(over, e)
		case e.State == contract.TimerRinging || e.State == contract.TimerMissed:
			k := ringKey(e.Room, e.State)
			lines[k] = append(lines[k], e)
		}
	}
	if len(over) > 0 {
		s.remove(over)
		err = s.keep(ctx)
	}
	for k := range s.rings {
		if lines[k] == nil {
			delete(s.rings, k)
		}
	}
	for k, entries := range lines {
		if s.rings[k] == nil {
			s.rings[k] = &ring{}
		}
		if r := s.rings[k]; s.clock.Steady() >= r.next {
			err = errors.Join(err, s.sayRing(ctx, r, entries))
		}
	}
	return err
}

// sayRing says one line about what rings in a room, or was missed there.
func (s *Service) sayRing(ctx context.Context, r *ring, entries []*entry) error {
	r.utt, r.next = "timer-"+kit.NewID()[:8], s.clock.Steady()+ringTimeout
	first := entries[0]
	text := repliesIn(first.Lang).ringing(entries, s.now())
	if first.State == contract.TimerMissed {
		r.next = s.clock.Steady() + tellAgain
		text = repliesIn(first.Lang).missed(entries, s.now())
	}
	say := contract.TtsSay{Text: text, Lang: &first.Lang, UttID: &r.utt, SystemAnnounce: new(true)}
	return s.bus.Publish(kit.WithBaggage(ctx, "room", first.Room), say)
}

// spoke takes from the voice what it does with the line of a ring.
func (s *Service) spoke(ctx context.Context, m contract.TtsStatus) error {
	if m.UttID == nil {
		return nil
	}
	for k, r := range s.rings {
		if r.utt != *m.UttID {
			continue
		}
		switch m.Event {
		case contract.TtsSpeakingStart:
			if m.Reason == nil || *m.Reason == contract.TtsNoVoice {
				return s.markHeard(ctx, k)
			}
		case contract.TtsStopped:
			r.next = s.clock.Steady() + heldFor
		case contract.TtsSpeakingEnd:
			if m.Reason == nil {
				r.next = s.clock.Steady() + ringPause
			}
		}
	}
	return nil
}

// markHeard notes that what rings is heard. What was missed is over by that.
func (s *Service) markHeard(ctx context.Context, key string) error {
	var told []*entry
	first := false
	for _, e := range s.all {
		if ringKey(e.Room, e.State) != key {
			continue
		}
		first = first || !e.Heard
		e.Heard = true
		if e.State == contract.TimerMissed {
			told = append(told, e)
		}
	}
	s.remove(told)
	if !first {
		return nil
	}
	return s.keep(ctx)
}

// control ends what rings when somebody stops the voice that tells of it: with the word
// stop, or with the button of the page. One who merely spoke into it did not stop it.
func (s *Service) control(ctx context.Context, c contract.TtsControl) error {
	if c.Action != contract.TtsStop || c.Reason != nil && *c.Reason != "stop" && *c.Reason != "user" {
		return nil
	}
	room := kit.From(ctx).Baggage["room"]
	if c.ID == nil {
		return s.stopRinging(ctx, func(e *entry) bool { return room == "" || e.Room == room })
	}
	return s.stopRinging(ctx, func(e *entry) bool {
		r := s.rings[ringKey(e.Room, e.State)]
		return r != nil && r.utt == *c.ID
	})
}

// ringing are the timers that ring in a room; all that ring where the room is not known.
func (s *Service) ringing(room string) (all []*entry) {
	for _, e := range s.all {
		if e.State == contract.TimerRinging && (e.Room == room || e.Room == "" || room == "") {
			all = append(all, e)
		}
	}
	return all
}

// stopRinging ends what rings of which stops is true, and silences the voice.
func (s *Service) stopRinging(ctx context.Context, stops func(*entry) bool) error {
	var over []*entry
	for _, e := range s.all {
		if e.State == contract.TimerRinging && stops(e) {
			over = append(over, e)
		}
	}
	if len(over) == 0 {
		return nil
	}
	err := s.silence(ctx, over)
	s.remove(over)
	return errors.Join(err, s.keep(ctx))
}

// silence ends the line that is said about entries.
func (s *Service) silence(ctx context.Context, entries []*entry) (err error) {
	for _, e := range entries {
		k := ringKey(e.Room, e.State)
		if r := s.rings[k]; r != nil && e.State == contract.TimerRinging {
			stop := contract.TtsControl{Action: contract.TtsStop, Reason: new("timer"), ID: new(r.utt)}
			err = errors.Join(err, s.bus.Publish(kit.WithBaggage(ctx, "room", e.Room), stop))
			delete(s.rings, k)
		}
	}
	return err
}

func (s *Service) remove(over []*entry) {
	s.all = slices.DeleteFunc(s.all, func(e *entry) bool { return slices.Contains(over, e) })
}

// keep writes the timers, and tells the others of them.
func (s *Service) keep(ctx context.Context) error {
	s.changes++
	if err := s.store.Save(s.all); err != nil {
		s.trouble.Store(&err)
		return errors.Join(err, s.tell(ctx))
	}
	s.trouble.Store(nil)
	s.schedule()
	return s.tell(ctx)
}

// tell publishes the state of all timers.
func (s *Service) tell(ctx context.Context) error {
	if err := s.bus.Publish(ctx, contract.TimerState{Timers: messages(s.sorted(s.all))}); err != nil {
		return fmt.Errorf("tell of the timers: %w", err)
	}
	return nil
}

// sorted are timers, the next to ring first.
func (s *Service) sorted(all []*entry) []*entry {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *entry) int { return a.Due.Compare(b.Due) })
	return all
}

// messages are timers as the others know them.
func messages(all []*entry) []contract.Timer {
	out := make([]contract.Timer, 0, len(all))
	optional := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	seconds := func(d time.Duration) *float64 {
		if d == 0 {
			return nil
		}
		return new(d.Seconds())
	}
	for _, e := range all {
		out = append(out, contract.Timer{ID: e.ID, Kind: string(e.Kind), State: e.State, Name: optional(e.Name), About: optional(e.About), Room: optional(e.Room),
			Due: float64(e.Due.UnixMicro()) / 1e6, Seconds: seconds(e.Length), Remaining: seconds(e.Left), Repeat: optional(e.Repeat.String()), Lang: e.Lang})
	}
	return out
}
