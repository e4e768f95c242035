// Package timer keeps timers, alarms and reminders, and rings in the room that set them.
package timer

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/phrases"
	"github.com/gotars/tars/speech/when"
)

// Module is the timer service.
var Module = kit.Service[*Service]("timer", kit.As(kit.Identity{ClientID: contract.TimerClient, Source: "timer"}), kit.Env[Config](), fx.Provide(New, OpenStore, NewClock))

// pollEvery is how often the clock is looked at while something waits: it may be set at any
// time, and what is due then has to ring within 200 ms.
const pollEvery = 100 * time.Millisecond

// minStep is by how much a clock is set that is not merely kept right.
const minStep = time.Second

// Service keeps the timers. Its handlers share a lane, so they run one at a time and it
// needs no lock.
type Service struct {
	cfg   Config
	bus   *kit.Bus
	log   *slog.Logger
	store *Store
	clock Clock
	zone  *time.Location
	stops *phrases.Book

	all     []*entry
	opened  bool                 // those of the file are in all
	wall    time.Time            // when the clock was looked at last, and
	steady  time.Duration        // how much time had passed by then
	pending map[string]*question // that was asked back, by room
	rings   map[string]*ring     // by room
	touched map[string]touch     // what was set or changed last, by room
	last    map[string]before    // what there was before the last words of a room
	changes int                  // how often the timers were written

	trouble atomic.Pointer[error] // why the last change could not be kept

	soon chan struct{} // capacity 1: something may be due
	next *time.Timer   // sends to soon
}

// touch is what was set or changed last, and when.
type touch struct {
	id string
	at time.Duration
}

// New returns a service that keeps its timers in store. It does no I/O.
func New(cfg Config, bus *kit.Bus, log *slog.Logger, store *Store, clock Clock) (*Service, error) {
	zone, err := cfg.location()
	if err != nil {
		return nil, err
	}
	stops, err := phrases.NewBook(nil, "")
	if err != nil {
		return nil, err
	}
	return &Service{cfg: cfg, bus: bus, log: log, store: store, clock: clock, zone: zone, stops: stops,
		pending: map[string]*question{}, rings: map[string]*ring{}, touched: map[string]touch{}, last: map[string]before{}, soon: make(chan struct{}, 1)}, nil
}

// Handlers declares what the service listens to and what it publishes.
func (s *Service) Handlers() []kit.Handler {
	lane := kit.Lane("timers")
	return []kit.Handler{
		kit.OnConnect(s.open, lane),
		kit.Answer(s.understand, lane),
		kit.Answer(s.command, lane),
		kit.On(s.spoke, lane, kit.Queue(1024)),
		kit.On(s.control, lane, kit.Overtake()),
		kit.OnChan(s.soon, s.look, lane),
		kit.Sends[contract.TtsSay](), kit.Sends[contract.TtsControl](), kit.Sends[contract.TimerState](),
	}
}

// Healthy reports why the last change could not be kept.
func (s *Service) Healthy(context.Context) error {
	if err := s.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// now is the time of the people.
func (s *Service) now() time.Time { return s.clock.Now().Round(0).In(s.zone) } // by the clock alone

// open takes the timers of the file when the link is ready for the first time, and tells
// the state whenever it is.
func (s *Service) open(ctx context.Context) error {
	if !s.opened {
		s.opened = true
		s.all = s.store.kept
		s.wall, s.steady = s.now(), s.clock.Steady()
		for _, e := range s.all {
			s.take(e)
		}
	}
	return errors.Join(s.tell(ctx), s.look(ctx, struct{}{}))
}

// take prepares a timer of the file: what it missed, and how long it has to wait.
func (s *Service) take(e *entry) {
	e.passed = s.steady + e.Due.Sub(s.wall)
	if e.State != contract.TimerRinging {
		return
	}
	e.passed += s.cfg.Ring
	if e.passed <= s.steady && !e.Heard {
		e.State = contract.TimerMissed
	}
}

// look rings what is due, goes on with what rings, and asks to be called again.
func (s *Service) look(ctx context.Context, _ struct{}) error {
	if !s.opened {
		return nil
	}
	moved := s.followClock()
	var err error
	if s.ringDue() || moved {
		err = s.keep(ctx)
	}
	err = errors.Join(err, s.goOn(ctx))
	s.schedule()
	return err
}

// followClock moves what was set for a length when the clock was set: so much time has to
// pass, whatever the clock shows.
func (s *Service) followClock() (changed bool) {
	now, steady := s.now(), s.clock.Steady()
	step := now.Sub(s.wall) - (steady - s.steady)
	s.wall, s.steady = now, steady
	if step.Abs() < minStep {
		return false
	}
	s.log.Info("the clock was set", "by", step)
	for _, e := range s.all {
		if e.Length > 0 && e.State != contract.TimerPaused || e.State == contract.TimerRinging {
			e.Due, changed = e.Due.Add(step), true
		}
	}
	return changed
}

// ringDue rings what is due, and reports whether something is.
func (s *Service) ringDue() (changed bool) {
	for _, e := range s.all {
		if e.State != contract.TimerWaiting || s.lateBy(e) < 0 {
			continue
		}
		changed = true
		rings := e
		if !e.Repeat.IsZero() { // that time rings, and the next one waits
			once := *e
			once.ID, once.Repeat = kit.NewID()[:8], when.Repeat{}
			e.Due = e.Repeat.Next(e.Due, s.now())
			rings = &once
			s.all = append(s.all, rings)
		}
		if s.lateBy(rings) >= s.cfg.Ring {
			rings.State = contract.TimerMissed
			continue
		}
		rings.State, rings.Due, rings.passed = contract.TimerRinging, s.now(), s.clock.Steady()+s.cfg.Ring
		if r := s.rings[ringKey(rings.Room, rings.State)]; r != nil {
			r.next = 0 // something else rings there: this is told at once as well
		}
	}
	return changed
}

// lateBy is how long ago a timer was due.
func (s *Service) lateBy(e *entry) time.Duration {
	if e.Length > 0 {
		return s.clock.Steady() - e.passed
	}
	return s.now().Sub(e.Due)
}

// schedule asks for the next look at the clock.
func (s *Service) schedule() {
	wait, any := pollEvery, false
	for _, e := range s.all {
		if e.State == contract.TimerPaused {
			continue
		}
		any = true
		if e.State == contract.TimerWaiting {
			wait = min(wait, -s.lateBy(e))
		}
	}
	if s.next != nil {
		s.next.Stop()
	}
	if !any {
		return
	}
	s.next = time.AfterFunc(max(wait, time.Millisecond), func() {
		select {
		case s.soon <- struct{}{}:
		default: // one is on its way
		}
	})
}
