package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/cmd/tars/internal/chosen"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	"github.com/gotars/tars/engines/install"
	"github.com/gotars/tars/engines/supervise"
	"github.com/gotars/tars/kit"
)

const (
	warmEvery   = 30 * time.Second // engines stay warm much longer
	healthEvery = 3 * time.Second  // between two looks at how the engines are
)

// warmer starts the installed engines of a turn when the turn begins, which
// somebody who still speaks does not notice, and tells the health board how all
// of them are.
type warmer struct {
	home    kit.Home
	engines *supervise.Keeper
	bus     *kit.Bus

	warmed time.Time         // used in the lane of onSpeech and onTyped
	told   map[string]string // what the board shows, by engine
}

// keepWarm works until ctx ends.
func keepWarm(ctx context.Context, home kit.Home, engines *supervise.Keeper) (err error) {
	a := &warmer{home: home, engines: engines, told: map[string]string{}}
	again := time.NewTicker(healthEvery)
	defer again.Stop()
	for len(engines.Engines()) == 0 { // there may be some later
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
	}
	warm := kit.Lane("warm")
	a.bus, err = address.Open(ctx, home, "tars-engines", kit.On(a.onSpeech, warm), kit.On(a.onTyped, warm), kit.Sends[contract.HealthPing]())
	if err != nil {
		return err
	}
	for ctx.Err() == nil && err == nil {
		err = a.publishHealth(ctx)
		select {
		case <-again.C:
		case <-ctx.Done():
		}
	}
	over := context.WithoutCancel(ctx)
	return errors.Join(err, a.publishGone(over), a.bus.Close(over))
}

func (a *warmer) onSpeech(ctx context.Context, e contract.WakeEvent) error {
	if e.Type == contract.WakeEventSpeechStart {
		a.warmChosen(ctx)
	}
	return nil
}

func (a *warmer) onTyped(ctx context.Context, _ contract.FinalTranscript) error {
	a.warmChosen(ctx)
	return nil
}

// warmChosen starts those engines that the services have chosen.
func (a *warmer) warmChosen(ctx context.Context) {
	if time.Since(a.warmed) < warmEvery {
		return
	}
	a.warmed = time.Now()
	kinds := map[string]discovery.Kind{"stt": discovery.STT, "llm": discovery.LLM, "tts": discovery.TTS}
	for service, e := range chosen.Engines(ctx, a.home) {
		if kind, ok := kinds[service]; ok && e.From == failover.Installed {
			a.engines.Wake(kind)
		}
	}
}

// publishHealth publishes the health of each engine that changed, and takes leave of
// those that were removed.
func (a *warmer) publishHealth(ctx context.Context) error {
	all := a.engines.Engines()
	for name := range a.told {
		if slices.ContainsFunc(all, func(e discovery.Engine) bool { return e.Name == name }) {
			continue
		}
		if err := a.bus.Publish(ctx, engineGone(name)); err != nil {
			return err
		}
		delete(a.told, name)
	}
	for _, e := range all {
		h := healthOfEngine(e)
		text := *h.Event
		if h.Err != nil {
			text += *h.Err
		}
		if a.told[e.Name] == text {
			continue
		}
		if err := a.bus.Publish(ctx, h); err != nil {
			return err
		}
		a.told[e.Name] = text
	}
	return nil
}

// publishGone says that the engines go.
func (a *warmer) publishGone(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var errs []error
	for name := range a.told {
		errs = append(errs, a.bus.Publish(ctx, engineGone(name)))
	}
	return errors.Join(errs...)
}

// engineGone is the health of an engine that is not run any more.
func engineGone(name string) contract.HealthPing {
	return contract.HealthPing{Name: "engine-" + name, Event: new(contract.HealthShutdown)}
}

// healthOfEngine is how e is, for the health board: its memory and the time of its
// last request stand where a service says what happened.
func healthOfEngine(e discovery.Engine) contract.HealthPing {
	h := contract.HealthPing{Name: "engine-" + e.Name, OK: e.State != discovery.Failed, Event: &e.State}
	switch {
	case e.State == discovery.Failed:
		h.Event, h.Err = new(contract.HealthError), &e.Error
	case e.State == discovery.Ready && e.Last > 0:
		h.Event = new(fmt.Sprintf("%s, last request %s", install.Bytes(roundMemory(e.Memory)), e.Last.Round(10*time.Millisecond)))
	case e.State == discovery.Ready:
		h.Event = new(install.Bytes(roundMemory(e.Memory)))
	}
	return h
}

// roundMemory spares the board changes that say nothing.
func roundMemory(bytes int64) int64 { return (bytes + 5e6) / 1e7 * 1e7 }
