package stt_test

import (
	"maps"
	"testing"
	"time"

	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/test/sound"
)

func TestTheStatsTellWhatReadingsAtAPauseAreWorth(t *testing.T) {
	voice := func() *sound.Room { return sound.NewRoom(20).Voice(time.Second) }
	tests := map[string]struct {
		takes     time.Duration // a reading at a pause
		pause     time.Duration // after which the person goes on, 0: nobody does
		settings  []string
		want      map[string]int64 // counters
		discarded time.Duration    // work that was thrown away
		times     int64
	}{
		"a reading that was ready":                        {100 * ms, 0, nil, map[string]int64{"finals_ready": 1}, 0, 0},
		"a reading that was going on":                     {1500 * ms, 0, nil, map[string]int64{"finals_running": 1}, 0, 0},
		"a reading that was made after":                   {100 * ms, 0, []string{"STT_PARTIALS=no"}, map[string]int64{"finals_after": 1}, 0, 0},
		"a finished reading after which somebody goes on": {30 * ms, 340 * ms, nil, map[string]int64{"finals_ready": 1}, 30 * ms, 1},
		"a running reading after which somebody goes on":  {2 * time.Second, 500 * ms, nil, map[string]int64{"finals_running": 1}, 440 * ms, 1},
	}
	for name, tt := range tests {
		listen(t, name, func(t *testing.T, h *house) {
			h.engine.takes = 10 * ms
			h.engine.saying("Turn on the light.", 0.9)
			h.play(t, sound.NewRoom(20).Silence(400*ms), "kitchen")
			h.play(t, voice(), "kitchen")
			h.engine.count(func() { h.engine.takes = tt.takes })
			if tt.pause > 0 {
				h.play(t, sound.NewRoom(20).Silence(tt.pause), "kitchen")
				h.play(t, voice(), "kitchen")
			}
			h.play(t, sound.NewRoom(20).Silence(3*time.Second), "kitchen")
			time.Sleep(3 * time.Second)
			h.Settle()
			stats := h.Stats("stt")
			maps.DeleteFunc(stats.Counters, func(_ string, n int64) bool { return n == 0 })
			if !maps.Equal(stats.Counters, tt.want) {
				t.Errorf("counted %v, want %v", stats.Counters, tt.want)
			}
			got := stats.Durations["readings_discarded"]
			if worked := time.Duration(got.SumS * float64(time.Second)); got.Count != tt.times || worked < tt.discarded-60*ms || worked > tt.discarded+60*ms {
				t.Errorf("%d readings of %v were thrown away, want %d of %v", got.Count, worked, tt.times, tt.discarded)
			}
		}, tt.settings...)
	}
}

// watchedEngine is an engine, by its settings, that tells when it has begun to read at a
// pause, and when it is let go of.
type watchedEngine struct {
	settings    []string
	begun, gone chan struct{}
}

// goOn has somebody speak, pause until the engine has begun to read, and go on. It fails
// unless the engine is let go of within 100 ms. No clock is faked: the engine is real.
func goOn(t *testing.T, e watchedEngine) *kittest.Harness {
	t.Helper()
	h := listenFor(t, append(e.settings, "STT_PARTIAL_INTERVAL=1m")...)
	h.burst(t, sound.NewRoom(20).Silence(400*ms).Voice(time.Second).Silence(320*ms), "kitchen")
	select {
	case <-e.begun:
	case <-time.After(30 * time.Second):
		t.Fatal("the engine was not asked at the pause")
	}
	began := time.Now()
	h.burst(t, sound.NewRoom(20).Voice(200*ms), "kitchen")
	select {
	case <-e.gone:
		if took := time.Since(began); took > 100*ms {
			t.Errorf("the engine was let go of after %v, want at most 100ms", took)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the engine still works on what is outdated")
	}
	return h.Harness
}
