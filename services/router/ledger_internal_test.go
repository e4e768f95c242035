package router

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// spoken is the final of what was said until 600 ms ago, which was read at the pause.
func (h *household) spoken(room, text string, timingComes func(say, tell func())) {
	h.n++
	at := func(ago time.Duration) float64 { return *unixSeconds(h.now.Add(-ago)) }
	utt := fmt.Sprint("utt", h.n)
	f := contract.FinalTranscript{Text: text, UttID: &utt, TS: at(0)}
	f.MessageID = fmt.Sprint("m", h.n)
	s := contract.SpeechTiming{UttID: utt, LastWord: at(600 * time.Millisecond), Endpoint: at(200 * time.Millisecond), Reading: contract.ReadingRunning}
	timingComes(func() { h.take(h.c.heard(f, origin{room: room}, h.now)) }, func() { h.c.timed(s) })
}

func TestARecordSaysHowLongEachPartOfAnAnswerTook(t *testing.T) {
	tests := map[string]struct {
		timingComes func(say, tell func())
		want        []Stage
	}{
		"the times come before the final": {func(say, tell func()) { tell(); say() }, []Stage{
			{StageWait, 400 * time.Millisecond}, {StageRecognition, 200 * time.Millisecond}, {StageThinking, time.Second}, {StageVoice, 300 * time.Millisecond}, {StageTotal, 1900 * time.Millisecond}}},
		"the times come after the final": {func(say, tell func()) { say(); tell() }, []Stage{
			{StageWait, 400 * time.Millisecond}, {StageRecognition, 200 * time.Millisecond}, {StageThinking, time.Second}, {StageVoice, 300 * time.Millisecond}, {StageTotal, 1900 * time.Millisecond}}},
		"the times are lost": {func(say, tell func()) { say() }, []Stage{{StageThinking, time.Second}, {StageVoice, 300 * time.Millisecond}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t, nil)
			h.spoken("hall", "how far is the moon?", tt.timingComes)
			h.pass(time.Second)
			h.answer("It is far away.")
			h.pass(300 * time.Millisecond)
			id := h.asks[0].ID
			h.status("hall", id, contract.TtsSpeakingStart, "It is far away.")
			h.pass(time.Second)
			h.status("hall", id, contract.TtsSpeakingEnd, "It is far away.")
			if len(h.recs) != 1 || len(h.c.timings) != 0 {
				t.Fatalf("records %+v, timings left %+v", h.recs, h.c.timings)
			}
			got := Stages(h.recs[0])
			for i := range got {
				got[i].Took = got[i].Took.Round(time.Millisecond)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("stages %v, want %v", got, tt.want)
			}
			if reading := h.recs[0].Reading; (reading != nil) != (len(tt.want) > 2) || reading != nil && *reading != contract.ReadingRunning {
				t.Errorf("reading %v", reading)
			}
			var l ledger
			l.note(h.recs[0])
			for _, s := range l.stages() {
				want := slices.ContainsFunc(tt.want, func(w Stage) bool { return w.Name == s.name })
				if n, _ := s.times.Total(); (n == 1) != want {
					t.Errorf("%s counted %d times", s.name, n)
				}
			}
		})
	}
	t.Run("times without a final are forgotten", func(t *testing.T) {
		h := newHousehold(t, nil)
		for i := range 2 * maxTimings {
			h.c.timed(contract.SpeechTiming{UttID: fmt.Sprint(i)})
		}
		if n := len(h.c.timings); n != maxTimings || h.c.timings[0].UttID != fmt.Sprint(maxTimings) {
			t.Errorf("%d are kept, the first %s", n, h.c.timings[0].UttID)
		}
	})
	t.Run("clocks that disagree make no negative time", func(t *testing.T) {
		if got := Stages(contract.TurnRecord{LastWord: new(2.0), Endpoint: new(1.0)}); len(got) != 1 || got[0].Took != 0 {
			t.Errorf("stages %v", got)
		}
	})
	t.Run("what was not meant for us counts for nothing", func(t *testing.T) {
		var l ledger
		l.note(contract.TurnRecord{LastWord: new(1.0), Endpoint: new(2.0), Outcome: contract.TurnIgnored})
		if n, _ := l.wait.Total(); n != 0 {
			t.Errorf("counted %d times", n)
		}
	})
}
