package kit

import (
	"context"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/paho"
)

// drain says shutdown, takes nothing new, and lets the handlers finish for at
// most Drain; then they are cancelled and their messages stay unacknowledged.
func (b *Bus) drain(ctx context.Context) error {
	limit, cancel := context.WithTimeout(ctx, b.cfg.Drain)
	defer cancel()
	b.status.stopping.Store(true)
	if b.conns.linked.Load() && !b.evicted() {
		b.publishHealth(ctx, healthState{event: "shutdown"}) // which Drain does not shorten
		b.unsubscribe(limit)
	}
	idle := b.stopLanes()
	defer func() { b.log.Info("stopped", b.logTotals()...) }()
	select {
	case <-idle:
		b.life.cancelWork()
		return nil
	case <-limit.Done():
	}
	b.life.cancelWork()
	select { // what listens to its context ends before the service closes its store
	case <-idle:
	case <-time.After(time.Second):
	}
	b.log.Warn("handlers unfinished, their messages stay with the broker", "took", b.cfg.Drain)
	return nil
}

// unsubscribe is a favour to the broker: what it delivers meanwhile stays
// unacknowledged.
func (b *Bus) unsubscribe(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	var all sync.WaitGroup
	for _, c := range b.conns.all {
		topics := make([]string, len(c.filters))
		for i, f := range c.filters {
			topics[i] = f.Topic
		}
		if len(topics) == 0 {
			continue
		}
		all.Go(func() {
			if _, err := c.cm.Unsubscribe(ctx, &paho.Unsubscribe{Topics: topics}); err != nil {
				b.log.Debug("not unsubscribed", "err", err)
			}
		})
	}
	all.Wait()
}

// stopLanes ends what feeds handlers and lets the lanes take nothing new. It returns a
// channel that closes when the last handler is done.
func (b *Bus) stopLanes() <-chan struct{} {
	b.life.stopFeeding()
	for _, c := range b.conns.all {
		c.unlink()
	}
	for _, l := range b.dispatch.lanes {
		l.updateState(func() { l.stopped = true })
	}
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		for _, l := range b.dispatch.lanes {
			l.wg.Wait()
			l.abandon()
		}
		b.life.wg.Wait()
	}()
	return idle
}

// disconnect ends the links without the will.
func (b *Bus) disconnect(ctx context.Context) error {
	if b.conns.all[0].cm == nil {
		return nil
	}
	if m := b.status.last.Load(); b.conns.linked.Load() && !b.evicted() && (m == nil || m.event != "shutdown") { // the link came up during the drain
		b.publishHealth(ctx, healthState{event: "shutdown"})
	}
	b.life.cancelConnections()
	b.life.cancelWork()
	for _, c := range b.conns.all {
		if c.cm == nil { // connect failed before it
			continue
		}
		select {
		case <-c.cm.Done():
		case <-ctx.Done():
		}
	}
	return nil
}
