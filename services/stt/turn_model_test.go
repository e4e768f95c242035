package stt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/speech/pcm"
	"github.com/gotars/tars/speech/smartturn"
	"github.com/gotars/tars/test/sound"
)

// scriptedModel is a turn-end model that needs 90 ms for a pause.
type scriptedModel struct {
	finished float64 // what it says of each pause
	hangs    bool    // until it is given up
	fails    bool
	unloaded bool // cannot be loaded
	takes    time.Duration

	mu      sync.Mutex
	loads   int
	heard   []time.Duration // of audio, at each question
	atOnce  int
	maximum int // questions at once
}

func (m *scriptedModel) Load() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads++
	if m.unloaded {
		return errors.New("no library")
	}
	return nil
}

func (m *scriptedModel) Finished(ctx context.Context, a pcm.Audio) (float64, error) {
	m.mu.Lock()
	m.heard = append(m.heard, a.Duration())
	m.atOnce++
	m.maximum = max(m.maximum, m.atOnce)
	m.mu.Unlock()
	defer func() { m.mu.Lock(); m.atOnce--; m.mu.Unlock() }()
	if m.hangs {
		<-ctx.Done()
		return 0, context.Cause(ctx)
	}
	time.Sleep(max(m.takes, 90*ms))
	if m.fails || m.unloaded {
		return 0, errors.New("no memory")
	}
	return m.finished, nil
}

func (m *scriptedModel) questions() []time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]time.Duration(nil), m.heard...)
}

// endOfTurn has somebody speak for a second, and returns how long after the last word
// the final came.
func (h *house) endOfTurn(t *testing.T) time.Duration {
	t.Helper()
	h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second), "kitchen")
	last := time.Now()
	go h.play(t, sound.NewRoom(20).Silence(4*time.Second), "kitchen")
	h.finals.Next(t)
	took := time.Since(last)
	time.Sleep(4 * time.Second) // the microphone falls silent
	return took
}

// TestTheSoundDecidesWhenATurnIsOver has a recogniser read a pause in 50 ms or in 300 ms,
// so that its words are there 310 ms or 560 ms after the last one.
func TestTheSoundDecidesWhenATurnIsOver(t *testing.T) {
	const sentence, word, half, between = "What time is it now?", "Paris.", "Turn on the", "Turn on the light in the hall now."
	tests := map[string]struct {
		text     string
		reading  time.Duration
		model    *scriptedModel
		least    time.Duration // from the last word to the final
		most     time.Duration
		settings []string
	}{
		"a sentence without a model ends by its words": {sentence, 50 * ms, nil, 260 * ms, 360 * ms, nil},
		"one that sounds finished ends as early":       {sentence, 50 * ms, &scriptedModel{finished: 0.95}, 280 * ms, 385 * ms, nil},
		"one that sounds unfinished waits longer":      {between, 50 * ms, &scriptedModel{finished: 0.05}, 860 * ms, 1000 * ms, nil},
		"which without a model ends by its words":      {between, 50 * ms, nil, 260 * ms, 360 * ms, nil},
		"a word that sounds finished waits":            {word, 300 * ms, &scriptedModel{finished: 0.95}, 860 * ms, 1000 * ms, nil},
		"half a sentence waits however it sounds":      {half, 300 * ms, &scriptedModel{finished: 0.99}, 1500 * ms, 1700 * ms, nil},
		"a model that hangs costs 0.1 s":               {sentence, 50 * ms, &scriptedModel{hangs: true}, 360 * ms, 480 * ms, nil},
		"a model that fails costs 0.1 s":               {sentence, 50 * ms, &scriptedModel{fails: true}, 360 * ms, 480 * ms, nil},
		"a model that is slow costs 0.1 s":             {sentence, 50 * ms, &scriptedModel{finished: 0.1, takes: 800 * ms}, 360 * ms, 480 * ms, nil},
		"a model without its library costs 0.1 s":      {sentence, 50 * ms, &scriptedModel{unloaded: true}, 260 * ms, 480 * ms, nil},
		"fixed does not listen to it":                  {sentence, 50 * ms, &scriptedModel{finished: 0.1}, 600 * ms, 750 * ms, []string{"STT_EAGERNESS=fixed"}},
		"without words a finished sound is enough":     {sentence, 300 * ms, &scriptedModel{finished: 0.95}, 700 * ms, 850 * ms, []string{"STT_PARTIALS=false"}},
		"without words an unfinished one waits longer": {sentence, 300 * ms, &scriptedModel{finished: 0.1}, 1450 * ms, 1600 * ms, []string{"STT_PARTIALS=false"}},
		"without words and sound STT_ENDPOINT holds":   {sentence, 300 * ms, nil, 900 * ms, 1050 * ms, []string{"STT_PARTIALS=false"}},
		"high ends a short sentence sooner":            {"Turn on the light.", 150 * ms, nil, 600 * ms, 750 * ms, []string{"STT_EAGERNESS=high"}},
	}
	for name, tt := range tests {
		var m stt.TurnModel // nil: a nil *scriptedModel is not
		if tt.model != nil {
			m = tt.model
		}
		listenWith(t, name, m, func(t *testing.T, h *house) {
			h.engine.takes = tt.reading
			h.engine.saying(tt.text, 0.9)
			if got := h.endOfTurn(t); got < tt.least || got > tt.most {
				t.Errorf("the final came %v after the last word, want %v to %v", got, tt.least, tt.most)
			}
		}, tt.settings...)
	}
}

func TestTheModelIsAskedOnceAtEachPause(t *testing.T) {
	m := &scriptedModel{finished: 0.1}
	listenWith(t, "of the last 8 s, and loaded when somebody begins to speak", m, func(t *testing.T, h *house) {
		if m.loads != 0 {
			t.Error("it is loaded before anybody speaks")
		}
		h.engine.saying("Turn on the", 0.9)
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second).Silence(600*ms).Voice(9*time.Second).Silence(3*time.Second), "kitchen")
		expectAll(t, "finals", h.texts(), "Turn on the")
		heard := m.questions()
		if len(heard) != 2 || heard[0] < 1200*ms || heard[0] > 1900*ms || heard[1] != 8*time.Second {
			t.Errorf("it was asked of %v, want 1.2 s to 1.9 s with the silence before and behind, and 8 s", heard)
		}
		if m.loads == 0 {
			t.Error("it was not loaded when somebody began to speak")
		}
	})
	listenWith(t, "and not for fixed", m, func(t *testing.T, h *house) {
		before := len(m.questions())
		h.endOfTurn(t)
		if n := len(m.questions()) - before; n != 0 {
			t.Errorf("it was asked %d times", n)
		}
	}, "STT_EAGERNESS=fixed")
}

// TestAnOldVerdictDecidesNothing has somebody go on before the model has answered: what
// it says then is of a pause that is over.
func TestAnOldVerdictDecidesNothing(t *testing.T) {
	m := &scriptedModel{finished: 0.1, takes: 600 * ms}
	listenWith(t, "somebody goes on while the model thinks", m, func(t *testing.T, h *house) {
		h.engine.takes = 50 * ms
		h.engine.saying("Turn on the", 0.9)
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second).Silence(400*ms), "kitchen")
		h.engine.saying("What time is it now?", 0.9)
		h.play(t, sound.NewRoom(20).Voice(300*ms), "kitchen")
		last := time.Now()
		go h.play(t, sound.NewRoom(20).Silence(3*time.Second), "kitchen")
		h.finals.Next(t)
		if took := time.Since(last); took > 480*ms {
			t.Errorf("the final came %v after the last word: the verdict on the first pause was used for the second", took)
		}
		time.Sleep(3 * time.Second)
	})
}

func TestManyRoomsDoNotWaitForTheModel(t *testing.T) {
	const rooms = 8
	m := &scriptedModel{hangs: true}
	listenWith(t, "that hangs", m, func(t *testing.T, h *house) {
		h.engine.takes = 10 * ms
		h.engine.saying("Turn on the light.", 0.9)
		var names []string
		for i := range rooms {
			names = append(names, fmt.Sprint("room", i))
		}
		h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second).Silence(2*time.Second), names...)
		if got := len(h.texts()); got != rooms {
			t.Errorf("%d finals, want %d", got, rooms)
		}
		if m.maximum != 1 || len(m.questions()) > rooms {
			t.Errorf("it was asked %d times, %d at once", len(m.questions()), m.maximum)
		}
	})
}

func TestATurnModelThatIsNotInstalledIsNamed(t *testing.T) {
	tests := map[string]struct{ setting, want string }{
		"auto":       {"auto", "make engines"},
		"none":       {"none", "STT_TURN_MODEL is none"},
		"smart-turn": {"smart-turn", "make engines"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := stt.Config{TurnModel: tt.setting, TurnFolder: "engines", Eagerness: "medium"}
			which, lost := c.TurnEnd(kit.Home(t.TempDir()))
			if onnx := smartturn.Installed(""); errors.Is(onnx, errors.ErrUnsupported) && tt.setting != "none" {
				tt.want = onnx.Error() // by the tag static
			}
			if which != "none" || !strings.Contains(lost, "words and pauses alone") || !strings.Contains(lost, tt.want) {
				t.Errorf("%s: %s", which, lost)
			}
		})
	}
}
