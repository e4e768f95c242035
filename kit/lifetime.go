package kit

import (
	"context"
	"sync"
	"sync/atomic"
)

// lifetime owns what ends a bus, and when: first what feeds handlers, then the
// handlers, then the connections. mu guards closing, and with it that no goroutine
// starts in wg once somebody waits for it; the rest is set before the bus starts
// or is safe by itself.
type lifetime struct {
	feedCtx           context.Context // the life of loops, ticks and local events
	cancelFeeds       context.CancelFunc
	workCtx           context.Context // the life of handlers
	cancelWork        context.CancelFunc
	cancelConnections context.CancelFunc // ends the connections; set when they begin

	failed   chan struct{}         // closed when the bus has failed for good
	failOnce sync.Once             // fails at most once
	failure  atomic.Pointer[error] // why it failed
	onFail   func(error)           // stops the process

	mu      sync.Mutex
	closing bool // spawn starts no goroutine any more
	wg      sync.WaitGroup
}

func newLifetime() lifetime {
	feeds, endFeeds := context.WithCancel(context.Background())
	work, endWork := context.WithCancel(context.Background())
	return lifetime{feedCtx: feeds, cancelFeeds: endFeeds, workCtx: work, cancelWork: endWork, failed: make(chan struct{}), onFail: func(error) {}}
}

// fail ends the bus for good.
func (l *lifetime) fail(err error) {
	l.failOnce.Do(func() {
		l.failure.Store(&err)
		close(l.failed)
		l.onFail(err)
	})
}

// spawn runs f as a goroutine of the bus, unless it is stopping.
func (l *lifetime) spawn(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closing {
		l.wg.Go(f)
	}
}

// stopFeeding ends loops, ticks and local events, and lets spawn start nothing more.
func (l *lifetime) stopFeeding() {
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	l.cancelFeeds()
}

// Done is closed when the bus is over for good without having been closed: a
// login refused, another client of this name, no link and MQTT_RECONNECT off.
func (b *Bus) Done() <-chan struct{} { return b.life.failed }
