package stt_test

import (
	"math"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/test/sound"
)

// TestAFinalComesWithItsTimes has somebody speak for a second. The engine is asked 260 ms
// after the last word; a sentence is over 400 ms after it, of which 300 ms at least are
// silence that the engine may read in.
func TestAFinalComesWithItsTimes(t *testing.T) {
	tests := map[string]struct {
		takes    time.Duration // a reading
		late     time.Duration // the last chunks of the audio come, in a burst
		settings []string
		reading  string
		endpoint time.Duration // after the last word
	}{
		"a reading that is ready when the turn is over":    {takes: 100 * ms, reading: contract.ReadingReady, endpoint: 400 * ms},
		"a reading that is still going on":                 {takes: 1500 * ms, reading: contract.ReadingRunning, endpoint: 950 * ms},
		"a reading after the turn":                         {takes: 100 * ms, settings: []string{"STT_PARTIALS=no"}, reading: contract.ReadingAfter, endpoint: 650 * ms},
		"a network that held the audio back for a moment":  {takes: 100 * ms, late: 400 * ms, reading: contract.ReadingReady, endpoint: 520 * ms},
		"a reading at the pause that the engine failed at": {takes: 100 * ms, settings: []string{"fails once"}, reading: contract.ReadingAfter, endpoint: 650 * ms},
	}
	for name, tt := range tests {
		settings := tt.settings
		failsOnce := len(settings) > 0 && settings[0] == "fails once"
		if failsOnce {
			settings = nil
		}
		listen(t, name, func(t *testing.T, h *house) {
			timings := kittest.Watch[contract.SpeechTiming](h.Harness)
			h.engine.takes = 10 * ms
			h.engine.saying("What time is it now?", 0.9)
			h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(960*ms), "kitchen")
			last := time.Now()
			h.engine.count(func() { h.engine.takes, h.engine.fails = tt.takes, failsOnce })
			time.Sleep(tt.late)
			if tt.late > 0 { // what was said meanwhile comes at once
				h.burst(t, sound.NewRoom(20).Silence(tt.late), "kitchen")
			}
			if failsOnce {
				h.play(t, sound.NewRoom(20).Silence(600*ms), "kitchen")
				h.engine.count(func() { h.engine.fails = false })
			}
			h.play(t, sound.NewRoom(20).Silence(2*time.Second), "kitchen")
			h.Settle()
			all, finals := timings.All(), h.finals.All()
			if len(all) != 1 || len(finals) != 1 || all[0].UttID != *finals[0].UttID {
				t.Fatalf("timings %+v, finals %+v", all, finals)
			}
			got := all[0]
			off := func(at float64, want time.Time) float64 { return math.Abs(at - float64(want.UnixMicro())/1e6) }
			if off(got.LastWord, last) > 0.06 {
				t.Errorf("the last word was said %.3f s off", off(got.LastWord, last))
			}
			if wait := got.Endpoint - got.LastWord; math.Abs(wait-tt.endpoint.Seconds()) > 0.08 {
				t.Errorf("the turn was over %.3f s after the last word, want %v", wait, tt.endpoint)
			}
			if got.Reading != tt.reading || got.ReadMS == nil || math.Abs(*got.ReadMS-float64(tt.takes.Milliseconds())) > 1 {
				t.Errorf("reading %s took %v ms, want %s of %v", got.Reading, *got.ReadMS, tt.reading, tt.takes)
			}
			if finals[0].TS < got.Endpoint-0.001 {
				t.Errorf("the final is %.3f s before the endpoint", got.Endpoint-finals[0].TS)
			}
		}, settings...)
	}
}

// What was probably said to its end is told before it is known that it was, so that an
// answer can be begun.
func TestAProbableEndIsToldAtThePause(t *testing.T) {
	tests := map[string]struct {
		text  string
		pause time.Duration
		want  int
	}{
		"a whole question":                  {"What time is it now?", 380 * ms, 1},
		"half of a sentence":                {"And then I went to the", 380 * ms, 0},
		"a pause in which nobody reads yet": {"What time is it now?", 100 * ms, 0},
	}
	for name, tt := range tests {
		listen(t, name, func(t *testing.T, h *house) {
			told := kittest.Watch[contract.ProbableTranscript](h.Harness)
			h.engine.takes = 10 * ms
			h.engine.saying(tt.text, 0.9)
			h.play(t, sound.NewRoom(20).Silence(400*ms).Voice(960*ms).Silence(tt.pause), "kitchen")
			h.Settle()
			all := told.All()
			if len(h.finals.All()) != 0 || len(all) != tt.want {
				t.Fatalf("told %+v, finals %+v", all, h.finals.All())
			}
			h.play(t, sound.NewRoom(20).Silence(3*time.Second), "kitchen")
			h.Settle()
			if f := h.finals.All(); len(all) == 1 && (len(f) != 1 || all[0].Text != f[0].Text || all[0].UttID != *f[0].UttID || all[0].Over < 0.5) {
				t.Errorf("told %+v before %+v", all, f)
			}
		})
	}
}
