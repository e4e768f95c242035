package tts

import (
	"context"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/services/tts/engine"
)

// lookout looks for the engine of the service.
func (s *Service) lookout() failover.Lookout {
	return failover.Lookout{
		Engine: openedEngine(s.engine), What: "voice", Log: s.log,
		Taken: func() { s.trouble.Store(nil) }, // was that of another one
		Tell: func(ctx context.Context, engine, from string, cloud *string) error {
			return s.bus.Publish(ctx, contract.EngineInUse{Name: "tars-tts", Engine: engine, From: from, Cloud: cloud})
		},
	}
}

func (s *Service) connected(ctx context.Context) error { return s.lookout().Connected(ctx) }

func (s *Service) findEngine(ctx context.Context) error { return s.lookout().Again(ctx) }

// openedEngine is what a hook opened, else e itself.
func openedEngine(e engine.Synthesizer) engine.Synthesizer {
	if o, ok := e.(*opened); ok {
		return o.Synthesizer
	}
	return e
}
