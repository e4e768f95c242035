package memory

import (
	"context"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/failover"
)

// noEmbedder is the engine of a memory that recalls by words alone.
const noEmbedder = "none"

// use notes who makes the vectors, and tells it where that is another one than before.
func (m *SemanticIndex) use(ctx context.Context, c failover.Candidate[*OpenAI]) {
	now := failover.InUse{Name: c.Name, From: c.From, Cloud: failover.CloudHost(c.Address)}
	if old := m.inUse.Swap(&now); old != nil && *old == now {
		return
	}
	now.WarnOfCloud(ctx, m.log, "embedder of the memory")
	if m.told != nil {
		m.told(ctx)
	}
}

// tellEngine publishes who makes the vectors, also to a broker that has forgotten it.
func (s *Service) tellEngine(ctx context.Context) error {
	m := contract.EngineInUse{Name: "tars-memory", Engine: noEmbedder}
	if now := s.semantic.inUse.Load(); now != nil {
		m.Engine, m.From, m.Cloud = now.Name, now.From, now.CloudOf()
	}
	return s.bus.Publish(ctx, m)
}
