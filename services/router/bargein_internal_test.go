package router

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
)

// household drives a conversation without a bus: a scripted person, a model and a
// voice for each room, and a clock of its own.
type household struct {
	t       *testing.T
	c       *conversation
	now     time.Time
	n       int
	log     []string // what was published since the last call of expect
	asks    []contract.LLMRequest
	recs    []contract.TurnRecord
	lines   []string             // message ids
	duck    map[string]bool      // rooms whose voice is low
	talking map[string]time.Time // rooms in which somebody speaks, since when; for less than 0.5 s
}

func newHousehold(t *testing.T, change func(*Config)) *household {
	cfg := Config{LiveModeDefault: true, WakePhrases: "hey tars", WakeWindow: 8 * time.Second, ResponseWindow: 10 * time.Second, WakeAckEnabled: true, WakeAckChoices: "Hmm?",
		SayMin: 12, SayMax: 240, LLMTimeout: 45 * time.Second, VoiceTimeout: time.Minute, Apology: "Sorry.", History: 10, HistoryAge: 30 * time.Minute,
		Duck: true, InterruptSpeaking: true, InterruptThinking: true, NotUnderstood: "I did not get that."}
	if change != nil {
		change(&cfg)
	}
	h := &household{t: t, now: time.Unix(1_700_000_000, 0), duck: map[string]bool{}, talking: map[string]time.Time{}}
	h.c = newConversation(cfg, testPhrases(t), func() string { h.n++; return fmt.Sprint(h.n) })
	return h
}

// take notes what the conversation published.
func (h *household) take(effects []effect) {
	for _, e := range effects {
		word := ""
		switch m := e.m.(type) {
		case contract.LLMRequest:
			h.asks = append(h.asks, m)
			word = "ask " + m.Text
		case contract.LLMAhead:
			word = "ahead " + m.Text
			if m.Text == "" {
				word = "withdraw"
			}
		case contract.LLMCancel:
			word = "cancel"
		case contract.TtsSay:
			h.lines = append(h.lines, m.MessageID)
			word = "say " + m.Text
		case contract.TtsControl:
			word = m.Action
		case contract.SpeechDuck:
			h.duck[e.room] = m.On
			word = map[bool]string{true: "duck", false: "unduck"}[m.On]
		case contract.TurnRecord:
			h.recs = append(h.recs, m)
			word = m.Outcome
			if m.Reason != nil {
				word += " " + *m.Reason
			}
		}
		if e.room != "hall" {
			word = e.room + ": " + word
		}
		h.log = append(h.log, word)
	}
}

func (h *household) expect(want ...string) {
	h.t.Helper()
	if !slices.Equal(h.log, want) {
		h.t.Errorf("published %q, want %q", h.log, want)
	}
	h.log = nil
}

func (h *household) pass(d time.Duration) {
	for end := h.now.Add(d); h.now.Before(end); {
		h.now = h.now.Add(tickEvery)
		for room, since := range h.talking {
			if h.now.Sub(since) >= 500*time.Millisecond+hangover { // its end would have been told by now
				delete(h.talking, room)
				h.event(room, contract.WakeEventSpeechSustained, 0.1)
			}
		}
		h.take(h.c.tick(h.now))
	}
}

func (h *household) event(room, typ string, energy float64) {
	h.take(h.c.woke(contract.WakeEvent{Type: typ, Energy: &energy}, origin{room: room}, h.now))
}

func (h *household) voice(room string) {
	h.talking[room] = h.now
	h.event(room, contract.WakeEventSpeechStart, 0.1)
}

func (h *household) quiet(room string) {
	delete(h.talking, room)
	h.event(room, contract.WakeEventSpeechEnd, 0.1)
}

func (h *household) partial(room, text string) {
	h.take(h.c.partial(contract.PartialTranscript{Text: text}, origin{room: room}, h.now))
}

func (h *household) final(room, text string) {
	h.n++
	f := contract.FinalTranscript{Text: text, UttID: new(fmt.Sprint("utt", h.n)), TS: float64(h.now.UnixMicro()) / 1e6}
	f.MessageID = fmt.Sprint("m", h.n)
	h.take(h.c.heard(f, origin{room: room}, h.now))
}

func (h *household) dropped(room, reason string) {
	h.take(h.c.dropped(contract.SpeechDropped{Reason: reason}, origin{room: room}, h.now))
}

// answer has the model write the whole answer to its last request.
func (h *household) answer(text string) {
	id := h.asks[len(h.asks)-1].ID
	h.take(h.c.delta(contract.LLMStreamDelta{ID: id, Seq: new(1), Delta: &text}, h.now))
	h.take(h.c.answered(contract.LLMResponse{ID: id, Reply: &text}, h.now))
}

func (h *household) status(room, utt, event, text string) {
	m := contract.TtsStatus{Event: event, Text: text, Timestamp: float64(h.now.UnixMicro()) / 1e6}
	if utt != "" {
		m.UttID = &utt
	}
	h.take(h.c.spoke(m, room, h.now))
}

// speaks asks something in the hall, and has the first sentence of the answer begin
// to be heard.
func speaks(t *testing.T, change func(*Config)) *household {
	h := newHousehold(t, change)
	text := "Tell me a story."
	if !h.c.live {
		text = "Hey Tars, tell me a story."
	}
	h.final("hall", text)
	h.answer("Once upon a time there was a king. He had a horse.")
	h.status("hall", h.asks[0].ID, contract.TtsSpeakingStart, "Once upon a time there was a king.")
	h.log = nil
	h.pass(time.Second)
	h.expect()
	return h
}

func asleep(c *Config) { c.LiveModeDefault = false }

func TestVoiceIsDuckedFirstAndDecidedSecond(t *testing.T) {
	tests := map[string]struct {
		change func(*Config)
		person func(h *household)
		want   []string
	}{
		"a nod leaves the answer whole": {nil, func(h *household) {
			h.voice("hall")
			h.pass(400 * time.Millisecond)
			h.quiet("hall")
			h.pass(600 * time.Millisecond)
			h.partial("hall", "Mm-hm.")
			h.final("hall", "Mm-hm.")
		}, []string{"duck", "unduck", "ignored nod"}},
		"a cough without words does too": {nil, func(h *household) {
			h.voice("hall")
			h.pass(300 * time.Millisecond)
			h.quiet("hall")
			h.dropped("hall", "no_words")
		}, []string{"duck", "unduck"}},
		"a noise of which nothing more is heard is over after a while": {nil, func(h *household) {
			h.voice("hall")
			h.pass(300 * time.Millisecond)
			h.quiet("hall")
			h.pass(5 * time.Second)
		}, []string{"duck", "unduck"}},
		"a voice that goes on silences, and words end it": {nil, func(h *household) {
			h.voice("hall")
			h.pass(800 * time.Millisecond)
			h.partial("hall", "What about")
			h.final("hall", "What about the queen?")
		}, []string{"duck", "pause", "stop", "unduck", "interrupted interrupted", "ask What about the queen?"}},
		"a long laugh silences, and the voice comes back": {nil, func(h *household) {
			h.voice("hall")
			h.pass(time.Second)
			h.quiet("hall")
			h.dropped("hall", "no_words")
		}, []string{"duck", "pause", "resume", "unduck"}},
		"two words of a moment, of which the recogniser is not sure, end nothing": {nil, func(h *household) {
			h.voice("hall")
			h.pass(300 * time.Millisecond)
			h.take(h.c.partial(contract.PartialTranscript{Text: "I hope", Confidence: new(0.4)}, origin{room: "hall"}, h.now))
			h.quiet("hall")
			h.final("hall", "I hope.")
		}, []string{"duck", "unduck", "ignored too short to interrupt"}},
		"two words that are no nod interrupt at once": {nil, func(h *household) {
			h.voice("hall")
			h.pass(300 * time.Millisecond)
			h.partial("hall", "But why")
		}, []string{"duck", "stop", "unduck", "interrupted interrupted"}},
		"a nod that was written as a word is one": {nil, func(h *household) {
			h.voice("hall")
			h.pass(500 * time.Millisecond)
			h.quiet("hall")
			h.final("hall", "MMA.")
		}, []string{"duck", "unduck", "ignored too short to interrupt"}},
		"a short question is none": {nil, func(h *household) {
			h.voice("hall")
			h.pass(500 * time.Millisecond)
			h.quiet("hall")
			h.final("hall", "Why?")
		}, []string{"duck", "stop", "unduck", "interrupted superseded", "ask Why?"}},
		"one word waits for the next": {nil, func(h *household) {
			h.voice("hall")
			h.pass(300 * time.Millisecond)
			h.partial("hall", "But")
		}, []string{"duck"}},
		"a stop word ends it at once, and is not answered": {nil, func(h *household) {
			h.voice("hall")
			h.pass(300 * time.Millisecond)
			h.partial("hall", "Stop.")
			h.quiet("hall")
			h.final("hall", "Okay, stop.")
		}, []string{"duck", "stop", "unduck", "interrupted stop", "done stop"}},
		"its own echo gives the voice back": {nil, func(h *household) {
			h.voice("hall")
			h.pass(time.Second)
			h.quiet("hall")
			h.dropped("hall", "echo")
		}, []string{"duck", "pause", "resume", "unduck"}},
		"in wake mode what is not meant for it ends nothing": {asleep, func(h *household) {
			h.voice("hall")
			h.pass(2 * time.Second)
			h.partial("hall", "Did you see the news today")
			h.quiet("hall")
			h.final("hall", "Did you see the news today?")
		}, []string{"duck", "unduck", "ignored no wake phrase"}},
		"in wake mode stop needs no wake phrase": {asleep, func(h *household) {
			h.voice("hall")
			h.pass(300 * time.Millisecond)
			h.quiet("hall")
			h.final("hall", "Tars, stop.")
		}, []string{"duck", "stop", "unduck", "interrupted stop", "done stop"}},
		"in wake mode the wake phrase and words interrupt": {asleep, func(h *household) {
			h.voice("hall")
			h.pass(300 * time.Millisecond)
			h.partial("hall", "Hey Tars, what about")
		}, []string{"duck", "stop", "unduck", "interrupted interrupted"}},
		"hold on pauses, and go on resumes": {nil, func(h *household) {
			h.voice("hall")
			h.pass(300 * time.Millisecond)
			h.partial("hall", "Hold on.")
			h.quiet("hall")
			h.final("hall", "Hold on.")
			h.pass(time.Minute)
			h.final("hall", "Okay, go on.")
		}, []string{"duck", "pause", "unduck", "done hold", "resume", "done go on"}},
		"another room is not asked": {nil, func(h *household) {
			h.voice("kitchen")
			h.pass(2 * time.Second)
			h.quiet("kitchen")
		}, nil},
		"the settings can turn it off": {func(c *Config) { c.Duck, c.InterruptSpeaking = false, false }, func(h *household) {
			h.voice("hall")
			h.pass(2 * time.Second)
			h.partial("hall", "What about the queen")
		}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := speaks(t, tt.change)
			h.t = t
			tt.person(h)
			h.expect(tt.want...)
			if h.duck["hall"] && !slices.Equal(tt.want, []string{"duck"}) {
				t.Error("the voice stays low")
			}
		})
	}
}

func TestStopEndsWhateverIsSaid(t *testing.T) {
	h := newHousehold(t, asleep)
	h.status("", "news", contract.TtsSpeakingStart, "A long announcement.")
	h.final("hall", "Stop.")
	h.expect(": stop", "done stop")
	h.final("hall", "Stop.") // nothing goes on, and it is not meant for the assistant
	h.expect("ignored no wake phrase")
}

// A recogniser may take seconds. What it read late is about what went on when it was said.
func TestAStopThatWasSaidBeforeAnAnswerDoesNotEndIt(t *testing.T) {
	h := newHousehold(t, nil)
	h.voice("hall")
	h.pass(400 * time.Millisecond)
	h.quiet("hall")
	h.pass(2 * time.Second)
	h.typed("hall", "tell me a story")
	h.expect("ask tell me a story")
	h.final("hall", "Stop, stop.")
	h.expect("ignored said before the answer")
	h.voice("hall")
	h.pass(400 * time.Millisecond)
	h.quiet("hall")
	h.final("hall", "Stop, stop.")
	h.expect("cancel", "interrupted stop", "done stop")
}

func TestWhatWasHeardIsRemembered(t *testing.T) {
	h := speaks(t, nil)            // a second of the first sentence was heard
	h.pass(600 * time.Millisecond) // 1.6 s at 14 characters a second: "Once upon a time there"
	h.voice("hall")
	h.partial("hall", "What about the queen")
	h.quiet("hall")
	h.final("hall", "What about the queen?")
	q := h.asks[len(h.asks)-1]
	if len(q.History) != 2 || q.History[1].Content != "Once upon a time there —" {
		t.Errorf("history is %+v", q.History)
	}

	h = speaks(t, nil)
	h.final("hall", "What did you say?")
	h.expect("stop", "interrupted superseded", "say Once upon a time there was a king.")

	h = speaks(t, nil)
	h.final("hall", "stop")
	h.log = nil
	h.final("hall", "Go on.")
	h.expect("say Once upon a time there was a king.", "say He had a horse.")
}

func TestHalvesOfASentenceAreJoined(t *testing.T) {
	partials := ""
	say := func(h *household, pause time.Duration, second string) {
		h.voice("hall")
		h.pass(time.Second)
		h.quiet("hall")
		h.pass(600 * time.Millisecond)
		h.final("hall", "Turn on the light.")
		h.pass(pause - 600*time.Millisecond)
		h.voice("hall")
		h.pass(700 * time.Millisecond)
		if partials != "" {
			h.partial("hall", partials)
		}
		h.pass(300 * time.Millisecond)
		h.quiet("hall")
		h.final("hall", second)
	}
	h := newHousehold(t, nil)
	say(h, 1200*time.Millisecond, "In the kitchen.")
	h.expect("ask Turn on the light.", "cancel", "interrupted joined", "ask Turn on the light in the kitchen.")
	if q := h.asks[1]; len(q.History) != 0 {
		t.Errorf("the first half left a trace: %+v", q.History)
	}
	h = newHousehold(t, nil) // words of the second half that are read before it is over do not part them
	partials = "In the kitchen"
	say(h, 1200*time.Millisecond, "In the kitchen, please.")
	h.expect("ask Turn on the light.", "cancel", "interrupted joined", "ask Turn on the light in the kitchen, please.")
	h = newHousehold(t, nil)
	say(h, 1200*time.Millisecond, "Stop.")
	h.expect("ask Turn on the light.", "cancel", "interrupted stop", "done stop")
	h = newHousehold(t, nil)
	partials = ""
	say(h, 4*time.Second, "What time is it in Atlantis?")
	h.expect("ask Turn on the light.", "cancel", "interrupted superseded", "ask What time is it in Atlantis?")
}

func TestWakeModeJudgesByWhenItWasSaid(t *testing.T) {
	h := newHousehold(t, asleep)
	h.voice("hall") // somebody talks, and then says the wake word
	h.pass(time.Second)
	h.quiet("hall")
	h.pass(200 * time.Millisecond)
	h.event("hall", contract.WakeEventWake, 0.1)
	h.log = nil
	h.final("hall", "I will be late today.") // said before, read after
	h.expect("ignored no wake phrase")
	h.voice("hall")
	h.pass(time.Second)
	h.quiet("hall")
	h.pass(20 * time.Second) // a slow recogniser
	h.final("hall", "What is the weather like?")
	h.expect("ask What is the weather like?")
}

func TestAWakeWordWithoutARoomOpensAll(t *testing.T) {
	h := newHousehold(t, asleep)
	h.final("hall", "Hello there everybody at home.")
	h.log = nil
	h.take(h.c.woke(contract.WakeEvent{Type: contract.WakeEventWake}, origin{}, h.now))
	h.log = nil
	h.final("hall", "What is the weather like?")
	h.expect("ask What is the weather like?")
}

func TestAFailedRecogniserIsTold(t *testing.T) {
	h := newHousehold(t, nil)
	h.dropped("hall", "failed")
	h.expect("say I did not get that.")
	h.dropped("hall", "failed") // once is enough for now
	h.expect()
}
