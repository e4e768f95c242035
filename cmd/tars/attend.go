package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/failover"
	local "github.com/gotars/tars/engines/install"
	"github.com/gotars/tars/engines/supervise"
	"github.com/gotars/tars/kit"
)

const (
	warmEvery = 30 * time.Second // engines stay warm much longer
	lookEvery = 3 * time.Second  // at how the engines are
)

// attendant starts the installed engines of a turn when the turn begins, which
// somebody who still speaks does not notice, and tells the health board how all
// of them are.
type attendant struct {
	home    kit.Home
	engines *supervise.Keeper
	bus     *kit.Bus

	warmed time.Time         // in the lane of speech and typed
	told   map[string]string // what the board shows, by engine; in the lane of tell
}

// attend works until ctx ends.
func attend(ctx context.Context, home kit.Home, engines *supervise.Keeper) (err error) {
	a := &attendant{home: home, engines: engines, told: map[string]string{}}
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for len(engines.Engines()) == 0 { // there may be some later
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
	}
	warm := kit.Lane("warm")
	a.bus, err = open(ctx, home, "tars-engines", kit.On(a.speech, warm), kit.On(a.typed, warm), kit.Sends[contract.HealthPing]())
	if err != nil {
		return err
	}
	for ctx.Err() == nil && err == nil {
		err = a.tell(ctx)
		select {
		case <-again.C:
		case <-ctx.Done():
		}
	}
	over := context.WithoutCancel(ctx)
	return errors.Join(err, a.leave(over), a.bus.Close(over))
}

func (a *attendant) speech(ctx context.Context, e contract.WakeEvent) error {
	if e.Type == contract.WakeEventSpeechStart {
		a.warm(ctx)
	}
	return nil
}

func (a *attendant) typed(ctx context.Context, _ contract.FinalTranscript) error {
	a.warm(ctx)
	return nil
}

// warm starts those engines that the services have chosen.
func (a *attendant) warm(ctx context.Context) {
	if time.Since(a.warmed) < warmEvery {
		return
	}
	a.warmed = time.Now()
	kinds := map[string]discovery.Kind{"stt": discovery.STT, "llm": discovery.LLM, "tts": discovery.TTS}
	for service, e := range engines(ctx, a.home) {
		if kind, ok := kinds[service]; ok && e.from == failover.Installed {
			a.engines.Wake(kind)
		}
	}
}

// tell publishes the health of each engine that changed, and takes leave of
// those that were removed.
func (a *attendant) tell(ctx context.Context) error {
	all := a.engines.Engines()
	for name := range a.told {
		if slices.ContainsFunc(all, func(e discovery.Engine) bool { return e.Name == name }) {
			continue
		}
		if err := a.bus.Publish(ctx, gone(name)); err != nil {
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

// leave says that the engines go.
func (a *attendant) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var errs []error
	for name := range a.told {
		errs = append(errs, a.bus.Publish(ctx, gone(name)))
	}
	return errors.Join(errs...)
}

// gone is the health of an engine that is not run any more.
func gone(name string) contract.HealthPing {
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
		h.Event = new(fmt.Sprintf("%s, last request %s", local.Bytes(round(e.Memory)), e.Last.Round(10*time.Millisecond)))
	case e.State == discovery.Ready:
		h.Event = new(local.Bytes(round(e.Memory)))
	}
	return h
}

// round spares the board changes that say nothing.
func round(bytes int64) int64 { return (bytes + 5e6) / 1e7 * 1e7 }
