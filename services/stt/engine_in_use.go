package stt

import (
	"context"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/failover"
)

// tellEngine says which engine is taken, and which cloud it is in, if it is in one.
func (s *Service) tellEngine(ctx context.Context) error {
	now, ok := failover.InUseOf(ctx, s.engine)
	if !ok {
		return nil
	}
	in := contract.EngineInUse{Name: "tars-stt", Engine: now.Name, From: now.From}
	if now.Cloud != "" {
		in.Cloud = &now.Cloud
	}
	return s.bus.Publish(ctx, in)
}

// connected looks for an engine and says which it is, also to a broker that has
// forgotten it.
func (s *Service) connected(ctx context.Context) error {
	s.lookForEngine(ctx)
	return s.tellEngine(ctx)
}

// findEngine looks for a better engine, or for another one when that failed.
func (s *Service) findEngine(ctx context.Context) error {
	if s.lookForEngine(ctx) {
		return s.tellEngine(ctx)
	}
	return nil
}

// lookForEngine reports whether another engine is taken than before.
func (s *Service) lookForEngine(ctx context.Context) bool {
	changed := failover.LookAgain(ctx, s.engine, s.log, "recogniser")
	if changed {
		s.lastError.Store(nil) // was that of another one
	}
	return changed
}
