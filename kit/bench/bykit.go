package main

import (
	"context"
	"fmt"
	"log/slog"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
)

// benchService is one service of the kit.
type benchService struct {
	bus      *kit.Bus
	handlers []kit.Handler
}

func (s *benchService) Handlers() []kit.Handler { return s.handlers }

// byKit starts the same services with the kit.
func (s *systemUnderTest) byKit(ctx context.Context) (stop func() error, err error) {
	services := make([]*benchService, s.Services)
	mods := make([]kit.Module, s.Services)
	built := make(chan *benchService, s.Services)
	for i := range mods {
		services[i] = &benchService{handlers: s.handlers(i)}
		mods[i] = kit.Service[*benchService](fmt.Sprintf("bench-%d", i), fx.Provide(func(b *kit.Bus) *benchService {
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
			return services[i].bus.Publish(ctx, sayMessage[out0]{Text: text, Lang: "en", UttID: "utt-1"})
		}
		return services[i].bus.Publish(ctx, sayMessage[out1]{Text: text, Lang: "en", UttID: "utt-1"})
	}
	return func() error { cancel(); return <-ended }, nil
}

// handlers of service i. The queue holds a whole sample, so that none of it is
// dropped.
func (s *systemUnderTest) handlers(i int) []kit.Handler {
	all := kit.Queue(1 << 16)
	hs := []kit.Handler{kit.Sends[sayMessage[out0]](), kit.Sends[sayMessage[out1]]()}
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

func countSay[P messageRoute](s *systemUnderTest) func(context.Context, sayMessage[P]) error {
	return func(_ context.Context, m sayMessage[P]) error { s.countHandled(m.Text); return nil }
}

func answerAsk[P, R messageRoute](s *systemUnderTest) func(context.Context, askMessage[P, R]) (sayMessage[R], error) {
	return func(_ context.Context, q askMessage[P, R]) (sayMessage[R], error) {
		s.countHandled(q.Text)
		return q.answer(), nil
	}
}
