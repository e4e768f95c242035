// Package health collects what the services say of themselves on the bus.
package health

import (
	"context"
	"sync"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// Board is the health that each service told last. Give its [Board.Handler] to the
// bus that fills it.
type Board struct {
	mu     sync.Mutex
	told   map[string]contract.HealthPing // by client id
	change chan struct{}                  // capacity 1: something was told
}

// NewBoard returns a board on which nothing was told.
func NewBoard() *Board {
	return &Board{told: map[string]contract.HealthPing{}, change: make(chan struct{}, 1)}
}

// Handler notes the health of all services.
func (b *Board) Handler() kit.Handler { return kit.On(b.note, kit.Name("health")) }

func (b *Board) note(_ context.Context, h contract.HealthPing) error {
	b.mu.Lock()
	b.told[h.Name] = h
	b.mu.Unlock()
	select {
	case b.change <- struct{}{}:
	default:
	}
	return nil
}

// Changed receives after something was told. One receiver at a time may wait.
func (b *Board) Changed() <-chan struct{} { return b.change }

// Of returns the health of a service, and whether it told any. A service tells it
// under its client id, such as tars-stt, or under its own name when it has no other.
// Copies under short names are for services of the reference.
func (b *Board) Of(service string) (contract.HealthPing, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, client := range []string{"tars-" + service, service} {
		if h, ok := b.told[client]; ok {
			return h, true
		}
	}
	return contract.HealthPing{}, false
}

// Wait returns when all of services work, or after limit. A degraded one works.
func (b *Board) Wait(ctx context.Context, services []string, limit time.Duration) error {
	late := time.After(limit)
	for !b.allAlive(services) {
		select {
		case <-b.change:
		case <-late:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (b *Board) allAlive(services []string) bool {
	for _, s := range services {
		if h, ok := b.Of(s); !ok || !IsAlive(h) {
			return false
		}
	}
	return true
}

// Settle returns when nothing was told for as long as quiet, or after limit. A
// service says that it is ready before it asks its engine for the first time, and
// may be degraded a moment later.
func (b *Board) Settle(ctx context.Context, quiet, limit time.Duration) error {
	late := time.After(limit)
	for {
		select {
		case <-b.change:
		case <-time.After(quiet):
			return nil
		case <-late:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// IsAlive reports whether the service behind h works, if not at its best.
func IsAlive(h contract.HealthPing) bool {
	return h.OK || h.Event != nil && *h.Event == contract.HealthDegraded
}

// Text is the health in words.
func Text(h contract.HealthPing) string {
	switch {
	case h.OK:
		return "ready"
	case h.Event != nil:
		return *h.Event
	}
	return "failing"
}
