package router_test

import (
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/router"
)

func TestTheStatsTellHowLongAnswersTook(t *testing.T) {
	run(t, "by part", router.Module, func(t *testing.T, s *stage) {
		now := float64(time.Now().UnixMicro()) / 1e6
		f := contract.FinalTranscript{Text: "how far is the moon?", UttID: new("utt-1"), TS: now}
		ctx := kit.WithBaggage(t.Context(), "room", "hall")
		s.Publish(t, contract.SpeechTiming{UttID: "utt-1", LastWord: now - 0.7, Endpoint: now - 0.2, Reading: contract.ReadingReady})
		if err := s.Bus.Publish(ctx, f); err != nil {
			t.Fatal(err)
		}
		q, _ := s.asked.Next(t)
		time.Sleep(time.Second)
		s.Publish(t, contract.LLMStreamDelta{ID: q.ID, Seq: new(1), Delta: new("It is far away. ")})
		s.said.Next(t)
		time.Sleep(300 * time.Millisecond)
		s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "It is far away.", UttID: &q.ID})
		s.Publish(t, contract.LLMResponse{ID: q.ID, Reply: new("It is far away.")})
		s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: "It is far away.", UttID: &q.ID})
		r, _ := s.turns.Next(t)
		if r.Reading == nil || *r.Reading != contract.ReadingReady || r.LastWord == nil || *r.LastWord != now-0.7 {
			t.Errorf("record %+v", r)
		}
		got := s.Stats("router").Durations
		for name, want := range map[string]float64{router.StageWait: 0.5, router.StageRecognition: 0.2, router.StageThinking: 1, router.StageVoice: 0.3, router.StageTotal: 2} {
			if d := got[name]; d.Count != 1 || d.SumS < want-0.01 || d.SumS > want+0.01 {
				t.Errorf("%s: %+v, want %v s once", name, d, want)
			}
		}
	})
}
