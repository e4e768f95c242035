package router_test

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/router"
)

func config(change func(*router.Config)) kit.Module {
	cfg := router.Config{LiveModeDefault: true, WakePhrases: "hey tars", WakeWindow: 8 * time.Second, ResponseWindow: 10 * time.Second,
		WakeAckEnabled: true, WakeAckChoices: "Hmm?|Yes?", LiveModeEnterPhrase: "enter live mode", LiveModeExitPhrase: "exit live mode",
		LiveModeEnterAck: "On.", LiveModeExitAck: "Off.", LiveModeActiveHint: "Already on.", LiveModeInactiveHint: "Already off.",
		SayMin: 12, SayMax: 240, LLMTimeout: 30 * time.Second, VoiceTimeout: time.Minute, Apology: "Sorry.", History: 10, HistoryAge: time.Hour,
		OnlineAnnounceText: "System online."}
	if change != nil {
		change(&cfg)
	}
	return router.Module.With(fx.Replace(cfg))
}

// stage is a bench with watchers for all that the router says.
type stage struct {
	*kittest.Harness
	asked   *kittest.Watcher[contract.LLMRequest]
	cancels *kittest.Watcher[contract.LLMCancel]
	stops   *kittest.Watcher[contract.TtsControl]
	said    *kittest.Watcher[contract.TtsSay]
	turns   *kittest.Watcher[contract.TurnRecord]
}

func run(t *testing.T, name string, mod kit.Module, f func(*testing.T, *stage)) {
	t.Helper()
	kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
		f(t, &stage{b, kittest.Watch[contract.LLMRequest](b), kittest.Watch[contract.LLMCancel](b), kittest.Watch[contract.TtsControl](b),
			kittest.Watch[contract.TtsSay](b), kittest.Watch[contract.TurnRecord](b)})
	}, mod)
}

// hear publishes a transcript from a room; "typed" types it.
func (s *stage) hear(t *testing.T, text, room string) contract.FinalTranscript {
	t.Helper()
	f := contract.FinalTranscript{Text: text, UttID: new("utt-" + kit.NewID()[:4])}
	f.MessageID = kit.NewID()
	ctx := kit.WithBaggage(t.Context(), "room", room)
	if room == "typed" {
		ctx = kit.WithBaggage(ctx, "typed", "1")
	}
	if err := s.Bus.Publish(ctx, f); err != nil {
		t.Fatal(err)
	}
	s.Settle()
	return f
}

func (s *stage) stream(t *testing.T, id string, parts ...string) {
	t.Helper()
	for i, p := range parts {
		s.Publish(t, contract.LLMStreamDelta{ID: id, Seq: new(i + 1), Delta: &p})
	}
	s.Settle()
}

func (s *stage) done(t *testing.T, id string, seq int) {
	t.Helper()
	s.Publish(t, contract.LLMStreamDelta{ID: id, Seq: &seq, Done: true})
}

func (s *stage) respond(t *testing.T, id, text string) {
	t.Helper()
	s.Publish(t, contract.LLMResponse{ID: id, Reply: &text})
	s.Settle()
}

// texts are the pieces said since the last call.
func (s *stage) texts() string {
	s.Settle()
	var all []string
	for _, m := range s.said.All() {
		all = append(all, m.Text)
	}
	return strings.Join(all, " | ")
}

// play lets the voice speak everything said so far.
func (s *stage) play(t *testing.T) {
	t.Helper()
	s.Settle()
	for _, m := range s.said.All() {
		s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: m.Text, UttID: m.UttID})
		s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: m.Text, UttID: m.UttID})
	}
	s.Settle()
}

func (s *stage) expect(t *testing.T, want string) {
	t.Helper()
	if got := s.texts(); got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

func TestTurn(t *testing.T) {
	run(t, "sentences are said while the answer is written", config(nil), func(t *testing.T, s *stage) {
		f := s.hear(t, "What is the plan?", "kitchen")
		q, meta := s.asked.Next(t)
		if q.ID != *f.UttID || meta.ID != f.MessageID || meta.Baggage["room"] != "kitchen" || q.Text != "What is the plan?" || len(q.History) != 0 {
			t.Fatalf("asked %+v, %+v", q, meta)
		}
		s.stream(t, q.ID, "The plan is", " simple. We", " go now.")
		say, how := s.said.Next(t)
		if say.Text != "The plan is simple." || *say.UttID != q.ID || how.Baggage["room"] != "kitchen" || *say.STTTS != f.TS && f.TS != 0 {
			t.Errorf("said %+v, %+v", say, how)
		}
		s.done(t, q.ID, 4)
		s.expect(t, "We go now.")
		s.respond(t, q.ID, "The plan is simple. We go now.")
		s.expect(t, "")
		s.turns.None(t)
		for _, text := range []string{"The plan is simple.", "We go now."} {
			s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: text, UttID: &q.ID})
			s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: text, UttID: &q.ID})
		}
		r, _ := s.turns.Next(t)
		if r.Outcome != contract.TurnDone || r.TurnID != f.MessageID || r.FirstDelta == nil || r.FirstSay == nil || r.FirstAudio == nil || *r.Room != "kitchen" {
			t.Errorf("record %+v", r)
		}
		s.hear(t, "And then?", "kitchen")
		q, _ = s.asked.Next(t)
		if len(q.History) != 2 || q.History[0].Content != "What is the plan?" || q.History[1].Content != "The plan is simple. We go now." {
			t.Errorf("history %+v", q.History)
		}
	})
	run(t, "the response may overtake the deltas", config(nil), func(t *testing.T, s *stage) {
		s.hear(t, "What is the plan?", "")
		q, _ := s.asked.Next(t)
		s.stream(t, q.ID, "The plan is simple. ")
		s.respond(t, q.ID, "The plan is simple. We go now.")
		s.Publish(t, contract.LLMStreamDelta{ID: q.ID, Seq: new(2), Delta: new("We go now.")})
		s.done(t, q.ID, 3)
		s.expect(t, "The plan is simple. | We go now.")
	})
	run(t, "a lost delta is made good by the response", config(nil), func(t *testing.T, s *stage) {
		s.hear(t, "What is the plan?", "")
		q, _ := s.asked.Next(t)
		s.stream(t, q.ID, "The plan is simple. ", "We go")
		s.Publish(t, contract.LLMStreamDelta{ID: q.ID, Seq: new(4), Delta: new(" and rest.")})
		s.done(t, q.ID, 5)
		s.expect(t, "The plan is simple.")
		s.respond(t, q.ID, "The plan is simple. We go now and rest.")
		s.expect(t, "We go now and rest.")
	})
	run(t, "a text that was tidied is finished", config(nil), func(t *testing.T, s *stage) {
		s.hear(t, "Which way?", "")
		q, _ := s.asked.Next(t)
		s.stream(t, q.ID, "First left then on.  Then right", " at the end. ")
		s.respond(t, q.ID, "First left then on. Then right at the end. Right you are.")
		s.expect(t, "First left then on. | Then right at the end. | Right you are.")
	})
	run(t, "an id that comes again is another turn", config(nil), func(t *testing.T, s *stage) {
		for i, text := range []string{"Tell me a story.", "What about tea?"} {
			f := contract.FinalTranscript{Text: text, UttID: new("mic")}
			f.MessageID = kit.NewID()
			s.Publish(t, f)
			s.Settle()
			if q, _ := s.asked.Next(t); (q.ID == "mic") != (i == 0) {
				t.Errorf("%s asked as %s", text, q.ID)
			}
		}
		if c, _ := s.cancels.Next(t); c.ID != "mic" {
			t.Errorf("cancelled %+v", c)
		}
	})
	run(t, "a voice that joins sentences ends them all", config(nil), func(t *testing.T, s *stage) {
		f := s.hear(t, "What is the plan?", "")
		q, _ := s.asked.Next(t)
		s.respond(t, q.ID, "The plan is simple. We go now.")
		s.expect(t, "The plan is simple. | We go now.")
		s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: "The plan is simple. We go now.", UttID: &q.ID})
		if r, _ := s.turns.Next(t); r.Outcome != contract.TurnDone || r.TurnID != f.MessageID {
			t.Errorf("record %+v", r)
		}
		s.hear(t, "And then?", "")
		if q, _ := s.asked.Next(t); len(q.History) != 2 || q.History[1].Content != "The plan is simple. We go now." {
			t.Errorf("history %+v", q.History)
		}
	})
	run(t, "no deltas at all", config(nil), func(t *testing.T, s *stage) {
		s.hear(t, "What is the plan?", "")
		q, _ := s.asked.Next(t)
		s.respond(t, q.ID, "The plan is simple. We go now.")
		s.expect(t, "The plan is simple. | We go now.")
	})
	run(t, "an answer of signs alone is shown, and not apologised for", config(nil), func(t *testing.T, s *stage) {
		for _, answer := range []string{"👍", " 🎉🎉 ", "ℹ️", ":-D", "<3", "…", "[docs]: https://example.org", "```sh\nmake up\n```"} {
			s.hear(t, "What do you think?", "")
			q, _ := s.asked.Next(t)
			s.stream(t, q.ID, answer)
			s.done(t, q.ID, 2)
			s.respond(t, q.ID, answer)
			s.expect(t, "")
			if r, _ := s.turns.Next(t); r.Outcome != contract.TurnDone {
				t.Errorf("%q: record %+v", answer, r)
			}
		}
	})
	run(t, "code is not said, and a sentence is cut by the rules of its language", config(nil), func(t *testing.T, s *stage) {
		f := contract.FinalTranscript{Text: "Wann?", Lang: "de", UttID: new("utt-de")}
		s.Publish(t, f)
		s.Settle()
		q, _ := s.asked.Next(t)
		for i, p := range []string{"Das war am 3.", " Tag. So geht es:\n``", "`py\nprint(1.5)\n``", "`\nFertig."} {
			s.Publish(t, contract.LLMStreamDelta{ID: q.ID, Seq: new(i + 1), Delta: &p})
		}
		s.done(t, q.ID, 5)
		s.expect(t, "Das war am 3. Tag. | So geht es: | Fertig.")
	})
	run(t, "a transcript that comes twice is answered once", config(nil), func(t *testing.T, s *stage) {
		f := s.hear(t, "What is the plan?", "")
		s.Publish(t, f)
		s.Settle()
		if n := len(s.asked.All()); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestFailures(t *testing.T) {
	run(t, "an error is apologised for", config(nil), func(t *testing.T, s *stage) {
		s.hear(t, "What is the plan?", "")
		q, _ := s.asked.Next(t)
		s.Publish(t, contract.LLMResponse{ID: q.ID, Error: new("no model")})
		s.Settle()
		say, _ := s.said.Next(t)
		if say.Text != "Sorry." {
			t.Errorf("said %q", say.Text)
		}
		s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: "Sorry.", UttID: &q.ID})
		if r, _ := s.turns.Next(t); r.Outcome != contract.TurnFailed || *r.Reason != "no model" {
			t.Errorf("record %+v", r)
		}
	})
	run(t, "a silent model is given up", config(nil), func(t *testing.T, s *stage) {
		s.hear(t, "What is the plan?", "")
		q, _ := s.asked.Next(t)
		time.Sleep(32 * time.Second)
		if c, _ := s.cancels.Next(t); c.ID != q.ID {
			t.Errorf("cancelled %+v", c)
		}
		s.expect(t, "Sorry.")
	})
	// The llm gives a model half a minute for its first word, then asks the next one.
	defaults, err := kit.FromEnv[router.Config]("router")
	if err != nil {
		t.Fatal(err)
	}
	run(t, "a model that takes over from a silent one is heard", router.Module.With(fx.Replace(defaults)), func(t *testing.T, s *stage) {
		s.hear(t, "What is the plan?", "")
		q, _ := s.asked.Next(t)
		time.Sleep(32 * time.Second)
		s.Publish(t, contract.LLMResponse{ID: q.ID, Reply: new("It is simple.")})
		s.Settle()
		s.expect(t, "It is simple.")
		s.cancels.None(t)
	})
	run(t, "a silent voice ends the turn", config(nil), func(t *testing.T, s *stage) {
		s.hear(t, "What time is it?", "")
		time.Sleep(62 * time.Second)
		if r, _ := s.turns.Next(t); r.Outcome != contract.TurnFailed {
			t.Errorf("record %+v", r)
		}
	})
}

func TestInterruption(t *testing.T) {
	begin := func(t *testing.T, s *stage) contract.LLMRequest {
		t.Helper()
		s.hear(t, "Tell me a story.", "hall")
		q, _ := s.asked.Next(t)
		s.stream(t, q.ID, "Once upon a time. ", "There was")
		s.expect(t, "Once upon a time.")
		return q
	}
	late := func(t *testing.T, s *stage, q contract.LLMRequest) {
		t.Helper()
		s.Publish(t, contract.LLMStreamDelta{ID: q.ID, Seq: new(3), Delta: new(" a king. And more.")})
		s.respond(t, q.ID, "Once upon a time. There was a king. And more.")
		s.expect(t, "")
		if r, _ := s.turns.Next(t); r.Outcome != contract.TurnInterrupted {
			t.Errorf("record %+v", r)
		}
	}
	for _, typ := range []string{contract.WakeEventInterrupt, contract.WakeEventCancelled} {
		run(t, "by wake event "+typ, config(nil), func(t *testing.T, s *stage) {
			q := begin(t, s)
			s.Publish(t, contract.WakeEvent{Type: typ, TTSID: &q.ID})
			s.Settle()
			if c, _ := s.cancels.Next(t); c.ID != q.ID {
				t.Errorf("cancelled %+v", c)
			}
			if c, _ := s.stops.Next(t); c.Action != contract.TtsStop || *c.ID != q.ID {
				t.Errorf("control %+v", c)
			}
			late(t, s, q)
		})
	}
	run(t, "by somebody else's cancel", config(nil), func(t *testing.T, s *stage) {
		q := begin(t, s)
		s.Publish(t, contract.LLMCancel{ID: q.ID})
		s.Settle()
		s.cancels.None(t)
		late(t, s, q)
	})
	run(t, "by a stop that somebody told the voice", config(nil), func(t *testing.T, s *stage) {
		q := begin(t, s)
		s.Publish(t, contract.TtsStatus{Event: contract.TtsStopped, UttID: &q.ID})
		s.Settle()
		if c, _ := s.cancels.Next(t); c.ID != q.ID {
			t.Errorf("cancelled %+v", c)
		}
		late(t, s, q)
	})
	run(t, "by the next request of the room", config(nil), func(t *testing.T, s *stage) {
		q := begin(t, s)
		s.hear(t, "What about tea?", "hall")
		if c, _ := s.cancels.Next(t); c.ID != q.ID {
			t.Errorf("cancelled %+v", c)
		}
		late(t, s, q)
		if n, _ := s.asked.Next(t); n.Text != "What about tea?" {
			t.Errorf("asked %+v", n)
		}
	})
	run(t, "not by another room", config(nil), func(t *testing.T, s *stage) {
		begin(t, s)
		s.hear(t, "What about tea?", "kitchen")
		s.cancels.None(t)
	})
	run(t, "by saying stop, which is not answered", config(nil), func(t *testing.T, s *stage) {
		q := begin(t, s)
		s.hear(t, "Stop.", "hall")
		late(t, s, q)
		s.asked.None(t)
	})
}

func TestAVoiceThatGoesOnPausesTheAnswer(t *testing.T) {
	polite := config(func(c *router.Config) { c.Duck, c.InterruptSpeaking = true, true })
	run(t, "as soon as it is told", polite, func(t *testing.T, s *stage) {
		s.hear(t, "Tell me a story.", "")
		q, _ := s.asked.Next(t)
		s.stream(t, q.ID, "Once upon a time there was a king. ")
		s.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "Once upon a time there was a king.", UttID: &q.ID})
		s.Settle()
		s.Publish(t, contract.WakeEvent{Type: contract.WakeEventSpeechStart})
		s.stops.None(t)
		s.Publish(t, contract.WakeEvent{Type: contract.WakeEventSpeechSustained})
		if c, _ := s.stops.Next(t); c.Action != contract.TtsPause {
			t.Errorf("%s, want a pause", c.Action)
		}
	})
}
