package stt

import (
	"context"
	"errors"

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

func (s *Service) connected(ctx context.Context) error {
	return errors.Join(s.lookout().Connected(ctx), s.tellWakeServer(ctx))
}

// wakeServerName is the last level of the topic on which it is told who listens for wake
// words: the recogniser of this service has the other one.
const wakeServerName = "tars-wake"

// tellWakeServer publishes which server listens for wake words, and names a cloud that gets
// what the microphones hear.
func (s *Service) tellWakeServer(ctx context.Context) error {
	m := contract.EngineInUse{Name: wakeServerName, Engine: "none"}
	if now, ok := s.wakeListener.inUse(); ok {
		m.Engine, m.From, m.Cloud = now.Name, now.From, now.CloudOf()
		s.warnOfWake.Do(func() { now.WarnOfCloud(ctx, s.log, "server of the wake words") })
	}
	return s.bus.Publish(ctx, m)
}

func (s *Service) findEngine(ctx context.Context) error { return s.lookout().Again(ctx) }
