// Package router leads the conversation: it decides what is meant for us, asks
// the model or answers by rule, and hands the answer to the voice sentence by
// sentence while it is still being written.
package router

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/phrases"
)

// Module is the router service.
var Module = kit.Service[*Service]("router", kit.As(kit.Identity{ClientID: "tars-router", Source: "router", Aliases: []string{"router"}}), kit.Env[Config](), fx.Provide(New))

const (
	// tickEvery is how often the conversation looks at the clock while somebody speaks
	// into an answer or a transcript waits for another: soon enough to decide on time.
	tickEvery = 100 * time.Millisecond
	// idleTickEvery is how often it does otherwise, for models and voices that hang.
	idleTickEvery = time.Second
)

// Service passes messages to the conversation and publishes what it decides. All
// its handlers share one lane, so the conversation needs no lock.
type Service struct {
	bus  *kit.Bus
	talk *conversation

	ledger ledger // of turns that are over

	soon    chan struct{} // capacity 1: a tick that was asked for is due
	waiting bool          // one was asked for; only in the lane
	started bool          // the first link is ready; only in the lane
}

// New returns a router that speaks through bus. When it stops, what goes on is ended: a
// hook of lc runs after the last handler and before the link ends.
func New(lc fx.Lifecycle, cfg Config, bus *kit.Bus) (*Service, error) {
	book, err := phrases.NewBook(splitChoices(cfg.WakePhrases), cfg.Phrases)
	if err != nil {
		return nil, fmt.Errorf("ROUTER_PHRASES: %w", err)
	}
	s := &Service{bus: bus, talk: newConversation(cfg, book, func() string { return kit.NewID()[:8] }), soon: make(chan struct{}, 1)}
	lc.Append(fx.StopHook(s.leave))
	return s, nil
}

// leaveTimeout is how long a stop waits for a broker that is away. Then nobody is told.
const leaveTimeout = time.Second

// leave ends all that goes on, as nobody would lead it.
func (s *Service) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	for _, e := range s.talk.leave(time.Now()) {
		_ = s.publish(ctx, e)
	}
}

// Handlers declares what the router listens to.
func (s *Service) Handlers() []kit.Handler {
	turn := kit.Lane("turn")
	return append(s.ledger.handlers(),
		kit.On(s.heard, turn),
		kit.On(s.timed, turn),
		kit.On(s.hearing, turn), kit.On(s.paused, turn),
		kit.On(s.delta, turn, kit.Queue(1024)), // deltas are AtMostOnce: with the usual queue of 64 a burst would lose words while a TtsSay waits for the broker
		kit.On(s.working, turn),
		kit.On(s.answered, turn),
		kit.On(s.cancelled, turn),
		kit.On(s.spoke, turn, kit.Queue(1024)),
		kit.On(s.partlyHeard, turn),
		kit.On(s.woke, turn),
		kit.On(s.dropped, turn),
		kit.On(s.health, turn),
		kit.On(s.timersAnswered, turn), kit.On(s.ringing, turn),
		kit.OnConnect(s.giveVoicesBack, turn),
		kit.Every(idleTickEvery, s.tick, turn), kit.OnChan(s.soon, s.tickSoon, turn),
		kit.Sends[contract.LLMRequest](), kit.Sends[contract.LLMAhead](), kit.Sends[contract.LLMCancel](),
		kit.Sends[contract.TtsSay](), kit.Sends[contract.TtsControl](), kit.Sends[contract.SpeechDuck](), kit.Sends[contract.TurnRecord](),
		kit.Sends[contract.TimerUtterance](), kit.Sends[contract.TimerCommand](),
		kit.Sends[contract.MovementTestRequest](), kit.Sends[contract.MovementStop](),
	)
}

// giveVoicesBack lets all that is said go on at full volume when the service starts. One
// that was killed may have left a voice low or paused, and nobody else would give it back.
func (s *Service) giveVoicesBack(ctx context.Context) error {
	if s.started {
		return nil
	}
	s.started = true
	return errors.Join(
		s.bus.Publish(ctx, contract.TtsControl{Action: contract.TtsResume, Reason: new("router_started")}),
		s.bus.Publish(ctx, contract.SpeechDuck{Reason: new("router_started")}))
}

func (s *Service) heard(ctx context.Context, f contract.FinalTranscript) error {
	return s.do(ctx, s.talk.heard(f, originOf(ctx), time.Now()))
}

func (s *Service) timed(_ context.Context, m contract.SpeechTiming) error {
	s.talk.timed(m)
	return nil
}

func (s *Service) hearing(ctx context.Context, p contract.PartialTranscript) error {
	return s.do(ctx, s.talk.partial(p, originOf(ctx), time.Now()))
}

func (s *Service) paused(ctx context.Context, p contract.ProbableTranscript) error {
	return s.do(ctx, s.talk.probable(p, originOf(ctx), time.Now()))
}

func (s *Service) dropped(ctx context.Context, d contract.SpeechDropped) error {
	return s.do(ctx, s.talk.dropped(d, originOf(ctx), time.Now()))
}

func (s *Service) delta(ctx context.Context, d contract.LLMStreamDelta) error {
	return s.do(ctx, s.talk.delta(d, time.Now()))
}

func (s *Service) working(ctx context.Context, p contract.LLMProgress) error {
	return s.do(ctx, s.talk.working(p, time.Now()))
}

func (s *Service) answered(ctx context.Context, r contract.LLMResponse) error {
	return s.do(ctx, s.talk.answered(r, time.Now()))
}

func (s *Service) cancelled(ctx context.Context, c contract.LLMCancel) error {
	return s.do(ctx, s.talk.cancelled(c, time.Now()))
}

func (s *Service) spoke(ctx context.Context, t contract.TtsStatus) error {
	return s.do(ctx, s.talk.spoke(t, originOf(ctx).room, time.Now()))
}

func (s *Service) partlyHeard(ctx context.Context, m contract.SpeechHeard) error {
	return s.do(ctx, s.talk.partlyHeard(m, time.Now()))
}

func (s *Service) woke(ctx context.Context, w contract.WakeEvent) error {
	return s.do(ctx, s.talk.woke(w, originOf(ctx), time.Now()))
}

func (s *Service) health(ctx context.Context, h contract.HealthPing) error {
	return s.do(ctx, s.talk.health(h))
}

func (s *Service) timersAnswered(ctx context.Context, r contract.TimerReply) error {
	return s.do(ctx, s.talk.timersAnswered(r, kit.From(ctx).ID, time.Now()))
}

func (s *Service) ringing(_ context.Context, t contract.TimerState) error {
	s.talk.noteRinging(t)
	return nil
}

func (s *Service) tick(ctx context.Context) error { return s.do(ctx, s.talk.tick(time.Now())) }

// tickSoon is the tick that was asked for.
func (s *Service) tickSoon(ctx context.Context, _ struct{}) error {
	s.waiting = false
	return s.tick(ctx)
}

// askForTick has the conversation look at the clock soon, if it has something to decide.
func (s *Service) askForTick() {
	if s.waiting || !s.talk.watches() {
		return
	}
	s.waiting = true
	time.AfterFunc(tickEvery, func() { s.soon <- struct{}{} }) // one is asked for at a time, so there is room
}

// do publishes the messages that the conversation decided on, in order.
func (s *Service) do(ctx context.Context, effects []effect) error {
	s.askForTick()
	var errs []error
	for _, e := range effects {
		if r, ok := e.m.(contract.TurnRecord); ok {
			s.ledger.note(r)
		}
		errs = append(errs, s.publish(ctx, e))
	}
	return errors.Join(errs...)
}

func (s *Service) publish(ctx context.Context, e effect) error {
	if e.room != originOf(ctx).room { // a service of another make drops baggage, and a tick has none
		ctx = kit.WithBaggage(ctx, "room", e.room)
	}
	if say, ok := e.m.(contract.TtsSay); ok {
		e.m = s.talk.volumes.atVolume(e.room, say)
	}
	var opts []kit.PublishOption
	if e.cause != "" {
		opts = append(opts, kit.ID(e.cause))
	}
	return s.bus.Publish(ctx, e.m, opts...)
}

// originOf tells where the message of ctx came from.
func originOf(ctx context.Context) origin {
	b := kit.From(ctx).Baggage
	return origin{room: b["room"], typed: b["typed"] == "1"}
}
