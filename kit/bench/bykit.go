package main

import (
	"context"
	"fmt"
	"log/slog"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
)

// service is one service of the kit.
type service struct {
	bus      *kit.Bus
	handlers []kit.Handler
}

func (s *service) Handlers() []kit.Handler { return s.handlers }

// byKit starts the same services with the kit.
func (s *system) byKit(ctx context.Context) (stop func() error, err error) {
	services := make([]*service, s.Services)
	mods := make([]kit.Module, s.Services)
	built := make(chan *service, s.Services)
	for i := range mods {
		services[i] = &service{handlers: s.handlers(i)}
		mods[i] = kit.Service[*service](fmt.Sprintf("bench-%d", i), fx.Provide(func(b *kit.Bus) *service {
			services[i].bus = b
			built <- services[i]
			return services[i]
		}), kit.LogLevel(slog.LevelWarn), fx.Decorate(func(settings kit.Settings) kit.Settings { settings.URL = s.URL; return settings }))
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- kit.Run(ctx, mods...) }()
	for range services {
		select {
		case one := <-built:
			if err := one.bus.Ready(ctx); err != nil {
				cancel()
				return nil, err
			}
		case err := <-ended:
			cancel()
			return nil, fmt.Errorf("the services ended: %w", err)
		}
	}
	s.publish = func(ctx context.Context, i int, text string) error {
		if s.QoS == 0 {
			return services[i].bus.Publish(ctx, say[out0]{Text: text, Lang: "en", UttID: "utt-1"})
		}
		return services[i].bus.Publish(ctx, say[out1]{Text: text, Lang: "en", UttID: "utt-1"})
	}
	return func() error { cancel(); return <-ended }, nil
}

// handlers of service i. The queue holds a whole sample, so that none of it is
// dropped.
func (s *system) handlers(i int) []kit.Handler {
	all := kit.Queue(1 << 16)
	hs := []kit.Handler{kit.Sends[say[out0]](), kit.Sends[say[out1]]()}
	if s.QoS == 0 {
		hs = append(hs, kit.On(countSay[in0](s), kit.Name("in"), all))
	} else {
		hs = append(hs, kit.On(countSay[in1](s), kit.Name("in"), all))
	}
	switch {
	case i > 0:
	case s.QoS == 0:
		hs = append(hs, kit.Answer(answerAsk[ask0, reply0](s), kit.Name("ask"), kit.Workers(16), all))
	default:
		hs = append(hs, kit.Answer(answerAsk[ask1, reply1](s), kit.Name("ask"), kit.Workers(16), all))
	}
	return hs
}

func countSay[P place](s *system) func(context.Context, say[P]) error {
	return func(_ context.Context, m say[P]) error { s.took(m.Text); return nil }
}

func answerAsk[P, R place](s *system) func(context.Context, ask[P, R]) (say[R], error) {
	return func(_ context.Context, q ask[P, R]) (say[R], error) { s.took(q.Text); return q.answer(), nil }
}
