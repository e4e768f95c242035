package main

import (
	"context"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/ops/engines/find"
	"github.com/gotars/tars/ops/engines/guard"
	"github.com/gotars/tars/ops/engines/supervise"
)

// warmer starts the installed engines of a turn when the turn begins. Each
// takes seconds to load, which somebody who still speaks does not notice.
type warmer struct {
	home    kit.Home
	engines *supervise.Supervisor
	last    time.Time // in the one lane of its handlers
}

// warmEvery is how long engines stay warm at least: they rest after minutes.
const warmEvery = 30 * time.Second

// run listens until ctx ends.
func (w *warmer) run(ctx context.Context) error {
	lane := kit.Lane("warm")
	bus, err := open(ctx, w.home, "tars-engines", kit.On(w.speech, lane), kit.On(w.typed, lane))
	if err != nil {
		return err
	}
	<-ctx.Done()
	return bus.Close(context.WithoutCancel(ctx))
}

func (w *warmer) speech(ctx context.Context, e contract.WakeEvent) error {
	if e.Type == contract.WakeEventSpeechStart {
		w.wake(ctx)
	}
	return nil
}

func (w *warmer) typed(ctx context.Context, _ contract.FinalTranscript) error {
	w.wake(ctx)
	return nil
}

// wake starts those engines that the services have chosen.
func (w *warmer) wake(ctx context.Context) {
	if time.Since(w.last) < warmEvery {
		return
	}
	w.last = time.Now()
	kinds := map[string]find.Kind{"stt": find.STT, "llm": find.LLM, "tts": find.TTS}
	for service, e := range engines(ctx, w.home) {
		if kind, ok := kinds[service]; ok && e.from == guard.Installed {
			w.engines.Wake(kind)
		}
	}
}
