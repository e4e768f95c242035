// Package router leads the conversation: it decides what is meant for us, asks
// the model or answers by rule, and hands the answer to the voice sentence by
// sentence while it is still being written.
package router

import (
	"context"
	"errors"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// Module is the router service.
var Module = kit.Service[*Service]("router", kit.As("tars-router", "router", "router"), kit.Env[Config](), fx.Provide(New))

// Service feeds the conversation from one lane, hence without a lock.
type Service struct {
	bus  *kit.Bus
	talk *conversation
}

// New returns a router that speaks through bus.
func New(cfg Config, bus *kit.Bus) *Service {
	return &Service{bus: bus, talk: newConversation(cfg, func() string { return kit.NewID()[:8] })}
}

// Handlers declares what the router listens to.
func (s *Service) Handlers() []kit.Handler {
	turn := kit.Lane("turn")
	return []kit.Handler{
		kit.On(s.heard, turn),
		kit.On(s.hearing, turn),
		kit.On(s.delta, turn, kit.Queue(1024)), // at 64 a burst loses words while a say waits for the broker
		kit.On(s.answered, turn),
		kit.On(s.cancelled, turn),
		kit.On(s.spoke, turn, kit.Queue(1024)),
		kit.On(s.woke, turn),
		kit.On(s.health, turn),
		kit.Every(time.Second, s.tick, turn),
		kit.Sends[contract.LLMRequest](), kit.Sends[contract.LLMCancel](),
		kit.Sends[contract.TtsSay](), kit.Sends[contract.TtsControl](), kit.Sends[contract.TurnRecord](),
	}
}

func (s *Service) heard(ctx context.Context, f contract.FinalTranscript) error {
	return s.do(ctx, s.talk.heard(f, from(ctx), time.Now()))
}

func (s *Service) hearing(ctx context.Context, _ contract.PartialTranscript) error {
	s.talk.partial(from(ctx).room, time.Now())
	return nil
}

func (s *Service) delta(ctx context.Context, d contract.LLMStreamDelta) error {
	return s.do(ctx, s.talk.delta(d, time.Now()))
}

func (s *Service) answered(ctx context.Context, r contract.LLMResponse) error {
	return s.do(ctx, s.talk.answered(r, time.Now()))
}

func (s *Service) cancelled(ctx context.Context, c contract.LLMCancel) error {
	return s.do(ctx, s.talk.cancelled(c, time.Now()))
}

func (s *Service) spoke(ctx context.Context, t contract.TtsStatus) error {
	return s.do(ctx, s.talk.spoke(t, from(ctx).room, time.Now()))
}

func (s *Service) woke(ctx context.Context, w contract.WakeEvent) error {
	return s.do(ctx, s.talk.woke(w, from(ctx), time.Now()))
}

func (s *Service) health(ctx context.Context, h contract.HealthPing) error {
	return s.do(ctx, s.talk.health(h))
}

func (s *Service) tick(ctx context.Context) error { return s.do(ctx, s.talk.tick(time.Now())) }

// do publishes what the conversation decided, in order.
func (s *Service) do(ctx context.Context, effects []effect) error {
	var errs []error
	for _, e := range effects {
		to := ctx
		if e.room != from(ctx).room { // a foreign service in the chain drops baggage, a tick has none
			to = kit.WithBaggage(ctx, "room", e.room)
		}
		var opts []kit.PublishOption
		if e.cause != "" {
			opts = append(opts, kit.ID(e.cause))
		}
		errs = append(errs, s.bus.Publish(to, e.m, opts...))
	}
	return errors.Join(errs...)
}

// from is where the message being handled came from.
func from(ctx context.Context) origin {
	b := kit.From(ctx).Baggage
	return origin{room: b["room"], typed: b["typed"] == "1"}
}
