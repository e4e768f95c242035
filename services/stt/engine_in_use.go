package stt

import (
	"context"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/failover"
)

// lookout looks for the engine of the service.
func (s *Service) lookout() failover.Lookout {
	return failover.Lookout{
		Engine: s.engine, What: "recogniser", Log: s.log,
		Taken: func() { s.lastError.Store(nil) }, // was that of another one
		Tell: func(ctx context.Context, engine, from string, cloud *string) error {
			return s.bus.Publish(ctx, contract.EngineInUse{Name: "tars-stt", Engine: engine, From: from, Cloud: cloud})
		},
	}
}

func (s *Service) connected(ctx context.Context) error { return s.lookout().Connected(ctx) }

func (s *Service) findEngine(ctx context.Context) error { return s.lookout().Again(ctx) }
