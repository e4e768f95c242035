package kit

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// probeEvery is how often a service with a Healthy method is asked, and how long
// it may take to say.
const probeEvery = 5 * time.Second

// watchHealth asks the service how it is, and publishes changes. A Healthy that
// does not come back is not asked a second time meanwhile.
func (b *Bus) watchHealth() {
	t := time.NewTicker(probeEvery)
	defer t.Stop()
	var answer chan error // of the question that is open
	for {
		if answer == nil {
			answer = b.askHealth()
		}
		late := time.NewTimer(probeEvery)
		select {
		case err := <-answer:
			answer = nil
			b.publishHealthChange(b.life.feedCtx, err)
		case <-late.C:
			b.publishHealthChange(b.life.feedCtx, errHealthLate)
		case <-b.life.feedCtx.Done():
			late.Stop()
			return
		}
		late.Stop()
		select {
		case <-t.C:
		case <-b.life.feedCtx.Done():
			return
		}
	}
}

var errHealthLate = fmt.Errorf("no answer: Healthy did not return within %s", probeEvery)

// askHealth asks the service once, and returns where the answer will be.
func (b *Bus) askHealth() chan error {
	answer := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(b.life.feedCtx, probeEvery)
		defer cancel()
		err := runIsolated(func() error { return b.status.checkHealth(ctx) })
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
			err = errHealthLate
		}
		answer <- err
	}()
	return answer
}

// publishHealthChange publishes degraded or ready when what the service said of itself has
// changed. It leaves alone what a loop or the stop has said.
func (b *Bus) publishHealthChange(ctx context.Context, err error) {
	was := b.status.last.Load()
	switch {
	case ctx.Err() != nil || !b.conns.linked.Load() || was == nil || was.event == "error" || was.event == "shutdown":
	case err != nil && (was.event != "degraded" || was.err != b.errorText(healthText(err))):
		b.log.Warn("degraded", "err", err)
		b.publishHealth(ctx, healthState{event: "degraded", err: healthText(err)})
	case err == nil && was.event == "degraded":
		b.log.Info("healthy")
		b.publishHealth(ctx, healthState{ok: true, event: "ready"})
	}
}

// healthText is err for the health topic: a panic without its stack, which is
// another one each time.
func healthText(err error) string {
	if p, ok := errors.AsType[panicError](err); ok {
		return fmt.Sprintf("panic: %v", p.value)
	}
	return err.Error()
}
