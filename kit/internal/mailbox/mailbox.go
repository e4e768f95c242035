// Package mailbox is a bounded queue between one writer that must not block and
// one reader that waits.
package mailbox

import (
	"context"
	"sync"

	"github.com/gotars/tars/kit/internal/fifo"
)

// Box holds at most Limit values; beyond it the oldest is dropped. Make one with
// New. Safe for concurrent use.
type Box[T any] struct {
	limit  int
	arrive chan struct{} // capacity 1: something is in queue

	mu    sync.Mutex
	queue fifo.Queue[T]
}

// New returns an empty box.
func New[T any](limit int) *Box[T] {
	return &Box[T]{limit: limit, arrive: make(chan struct{}, 1)}
}

// Put adds v. It reports false when it dropped the oldest value for it.
func (b *Box[T]) Put(v T) (room bool) {
	b.mu.Lock()
	room = b.queue.Len() < b.limit
	if !room {
		b.queue.Pop()
	}
	b.queue.Push(v)
	b.mu.Unlock()
	select {
	case b.arrive <- struct{}{}:
	default:
	}
	return room
}

// Take returns the oldest value, as soon as there is one, or the cause of ctx's
// end.
func (b *Box[T]) Take(ctx context.Context) (v T, err error) {
	for {
		b.mu.Lock()
		if b.queue.Len() > 0 {
			v = b.queue.Pop()
			b.mu.Unlock()
			return v, nil
		}
		b.mu.Unlock()
		select {
		case <-b.arrive:
		case <-ctx.Done():
			return v, context.Cause(ctx)
		}
	}
}
