package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/test/fault"
)

const (
	// mostOpen bounds the publications that wait for the broker.
	mostOpen = 20_000
	// patience bounds one publication.
	patience = 5 * time.Minute
	padding  = 100 // bytes beside the number
)

// sender publishes at a constant rate, whatever the broker does.
type sender struct {
	*worker
	bus *kit.Bus
}

func newSender(w *worker, bus *kit.Bus) *sender { return &sender{w, bus} }

// Handlers declares what is sent.
func (s *sender) Handlers() []kit.Handler {
	return []kit.Handler{
		kit.Sends[fault.Load](),
		kit.OnConnect(func(context.Context) error { s.up(); return nil }, kit.Name("up")),
		kit.Loop(s.produce),
	}
}

func (s *sender) produce(ctx context.Context) error {
	return s.atRate(ctx, func(ctx context.Context, n int) error {
		return s.bus.Publish(ctx, fault.Load{N: n, Pad: strings.Repeat("x", padding)})
	})
}

// atRate calls send with 0, 1, 2 and so on, each in a goroutine of its own.
func (w *worker) atRate(ctx context.Context, send func(ctx context.Context, n int) error) error {
	select {
	case <-w.on:
	case <-ctx.Done():
		return nil
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	begin, n := time.Now(), 0
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		for due := int(time.Since(begin).Seconds() * w.rate); n < due && !w.off.Load(); n++ {
			if w.open.Load() >= mostOpen {
				w.withheld.Add(1)
				continue
			}
			w.open.Add(1)
			go w.one(n, send)
		}
	}
}

// one sends n and enters it into the ledger when the broker has it.
func (w *worker) one(n int, send func(ctx context.Context, n int) error) {
	defer w.open.Add(-1)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := send(ctx, n); err != nil {
		w.failed.Add(1)
		fmt.Fprintln(os.Stderr, "not sent:", err)
		return
	}
	w.write(n)
	w.sent.Add(1)
}

// taker handles all there is.
type taker struct {
	*worker
	debt atomic.Int64 // work that is not slept off
}

func newTaker(w *worker) *taker { return &taker{worker: w} }

// Handlers declares what is taken.
func (t *taker) Handlers() []kit.Handler {
	return []kit.Handler{
		kit.On(t.load),
		kit.On(t.tick),
		kit.On(t.state),
		kit.Answer(t.question),
		kit.OnConnect(func(context.Context) error { t.up(); return nil }, kit.Name("up")),
	}
}

func (t *taker) load(_ context.Context, m fault.Load) error { return t.take(m.N) }
func (t *taker) tick(_ context.Context, m fault.Tick) error { return t.take(m.N) }

func (t *taker) take(n int) error {
	t.began.Add(1)
	if owed := t.debt.Add(int64(t.work)); owed >= int64(time.Millisecond) { // no clock sleeps much less
		t.debt.Store(0)
		time.Sleep(time.Duration(owed))
	}
	t.write(n)
	t.handled.Add(1)
	return nil
}

// state is a number that no load reaches.
func (t *taker) state(_ context.Context, m fault.State) error { return t.take(m.N) }

func (t *taker) question(_ context.Context, q fault.Question) (fault.Echo, error) {
	return fault.Echo(q), nil
}
