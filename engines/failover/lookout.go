package failover

import (
	"context"
	"log/slog"
)

// Lookout looks for the engine of a service, and tells everybody which it is.
type Lookout struct {
	Engine any    // a [Switch], or what holds one; another engine is never changed
	What   string // what it is for the service, in the log
	Log    *slog.Logger
	Taken  func() // another engine is taken than before; nil: nobody wants to know

	// Tell publishes which engine is taken and where it was found. cloud is the host of somebody
	// else that gets what it is given; nil: it stays in the house.
	Tell func(ctx context.Context, engine, from string, cloud *string) error
}

// Look reports whether another engine is taken than before.
func (l Lookout) Look(ctx context.Context) (changed bool) {
	changed = LookAgain(ctx, l.Engine, l.Log, l.What)
	if changed && l.Taken != nil {
		l.Taken()
	}
	return changed
}

// Connected looks for an engine and tells which it is, also to a broker that has forgotten
// it.
func (l Lookout) Connected(ctx context.Context) error {
	l.Look(ctx)
	return l.tell(ctx)
}

// Again looks for a better engine, or for another one when that failed.
func (l Lookout) Again(ctx context.Context) error {
	if l.Look(ctx) {
		return l.tell(ctx)
	}
	return nil
}

func (l Lookout) tell(ctx context.Context) error {
	now, ok := InUseOf(ctx, l.Engine)
	if !ok {
		return nil
	}
	return l.Tell(ctx, now.Name, now.From, now.CloudOf())
}
