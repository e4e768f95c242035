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
	feeds    context.Context // the life of loops, ticks and local events
	endFeeds context.CancelFunc
	work     context.Context // the life of handlers
	endWork  context.CancelFunc
	stop     context.CancelFunc // ends the connections; set when they begin

	over  chan struct{}         // closed when the bus has failed for good
	once  sync.Once             // for that
	died  atomic.Pointer[error] // why
	fatal func(error)           // stops the process

	mu      sync.Mutex
	closing bool // no goroutine may start any more
	wg      sync.WaitGroup
}

func newLifetime() lifetime {
	feeds, endFeeds := context.WithCancel(context.Background())
	work, endWork := context.WithCancel(context.Background())
	return lifetime{feeds: feeds, endFeeds: endFeeds, work: work, endWork: endWork, over: make(chan struct{}), fatal: func(error) {}}
}

// fail ends the bus for good.
func (l *lifetime) fail(err error) {
	l.once.Do(func() {
		l.died.Store(&err)
		close(l.over)
		l.fatal(err)
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

// endFeeding ends what feeds handlers: nothing starts any more.
func (l *lifetime) endFeeding() {
	l.mu.Lock()
	l.closing = true
	l.mu.Unlock()
	l.endFeeds()
}

// Done is closed when the bus is over for good without having been closed: a
// login refused, another client of this name, no link and MQTT_RECONNECT off.
func (b *Bus) Done() <-chan struct{} { return b.life.over }
