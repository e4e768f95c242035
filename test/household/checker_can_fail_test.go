package household

import (
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

// scene plays what happens on a bus to a checker.
type scene struct {
	*checker
	now time.Time
}

func (s *scene) pass(d time.Duration) { s.now = s.now.Add(d) }

func (s *scene) ask(id, text string) {
	s.heard(contract.FinalTranscript{Ident: msg.Ident{MessageID: "m-" + id}, Text: text, UttID: &id}, "hall", false, s.now)
}

func (s *scene) done(id string, reason *string) {
	s.record(contract.TurnRecord{TurnID: "m-" + id, Outcome: contract.TurnDone, Reason: reason, FirstAudio: new(1.0)}, s.now)
}

func (s *scene) line(id, say, text string) {
	s.say(contract.TtsSay{Ident: msg.Ident{MessageID: say}, Text: text, UttID: &id}, "hall", s.now)
}

// play plays a line for a time, in pieces of 100 ms.
func (s *scene) play(id, say, text string, from, to int) {
	s.status(contract.TtsStatus{Event: contract.TtsSpeakingStart, UttID: &id, Text: text}, "hall", s.now)
	for n := from; n < to; n++ {
		s.audio(contract.SpeakerAudio{Sink: "hall", UttID: id, Say: say, Seq: n, Rate: voiceRate, PCM: make([]byte, voiceRate/5)}, s.now)
		s.pass(100 * time.Millisecond)
	}
}

func (s *scene) end(id, text string) {
	s.status(contract.TtsStatus{Event: contract.TtsSpeakingEnd, UttID: &id, Text: text}, "hall", s.now)
}

func (s *scene) remember(id, text string) {
	s.pass(time.Minute)
	for _, l := range s.speakers {
		l.settle(s.now)
	}
	s.checkRemembered("memory", text, id, s.now)
}

const (
	question = "tell me about bugafidu"
	answer   = "The kalomine lantern copper meadow."
)

// answered is a question that is answered as it should be.
func (s *scene) answered() {
	s.ask("a", question)
	s.request(contract.LLMRequest{ID: "a", Text: question}, "hall", s.now)
	s.line("a", "1", answer)
	s.play("a", "1", answer, 0, 40)
	s.end("a", answer)
	s.done("a", nil)
	s.remember("a", answer)
}

// TestTheChecksCanFail has what a household must not do happen.
func TestTheChecksCanFail(t *testing.T) {
	tests := map[string]struct {
		happens func(s *scene)
		want    string // kind of the only violation; empty: none
	}{
		"a question is answered":   {func(s *scene) { s.answered() }, ""},
		"a transcript comes twice": {func(s *scene) { s.answered(); s.ask("a", question); s.done("a", nil) }, "heard twice"},
		"a turn has no record":     {func(s *scene) { s.ask("a", question); s.pass(time.Hour) }, "turn without a record"},
		"a turn has two records":   {func(s *scene) { s.answered(); s.done("a", nil) }, "two records of a turn"},
		"a record of no turn":      {func(s *scene) { s.done("b", nil) }, "record without a turn"},
		"a turn fails without a reason": {func(s *scene) {
			s.ask("a", question)
			s.record(contract.TurnRecord{TurnID: "m-a", Outcome: contract.TurnFailed}, s.now)
		}, "no answer and no reason"},
		"a turn is done, and nothing was heard": {func(s *scene) { s.ask("a", question); s.line("a", "1", answer); s.done("a", nil) }, "no answer and no reason"},
		"an utterance has no transcript": {func(s *scene) {
			s.expect(&utterance{room: "hall", text: question, begun: s.now, ended: s.now})
			s.pass(time.Hour)
		}, "no answer and no reason"},
		"an utterance was dropped": {func(s *scene) {
			s.expect(&utterance{room: "hall", text: question, begun: s.now.Add(-time.Second), ended: s.now})
			s.dropped(contract.SpeechDropped{Reason: "no_words"}, "hall", s.now)
			s.pass(time.Hour)
		}, ""},
		"the recogniser was away": {func(s *scene) {
			s.away("stt", s.now)
			s.back("stt", s.now)
			s.expect(&utterance{room: "hall", text: question, begun: s.now, ended: s.now})
			s.pass(time.Hour)
		}, ""},
		"nobody asked": {func(s *scene) { s.request(contract.LLMRequest{ID: "b", Text: "hello"}, "hall", s.now) }, "an answer without a question"},
		"another room asked": {func(s *scene) {
			s.answered()
			s.ask("b", "hello")
			s.request(contract.LLMRequest{ID: "b", Text: question}, "study", s.now)
			s.done("b", new("stop"))
		}, "an answer without a question"},
		"it was not for the assistant": {func(s *scene) { s.keepPrivate(strings.Fields(question), s.now); s.answered() }, "an answer without a question"},
		"the model is asked twice":     {func(s *scene) { s.answered(); s.request(contract.LLMRequest{ID: "a", Text: question}, "hall", s.now) }, "asked twice"},
		"a sentence is said twice":     {func(s *scene) { s.answered(); s.line("a", "2", answer) }, "said twice"},
		"it is said again, as asked": {func(s *scene) {
			s.answered()
			s.ask("b", "what did you say")
			s.line("b", "2", answer)
			s.done("b", new("stop"))
		}, ""},
		"a piece is played twice": {func(s *scene) {
			s.answered()
			s.audio(contract.SpeakerAudio{Sink: "hall", UttID: "a", Say: "1", Seq: 39}, s.now)
		}, "said twice"},
		"a piece is lost": {func(s *scene) {
			s.ask("a", question)
			s.line("a", "1", answer)
			s.play("a", "1", answer, 0, 5)
			s.play("a", "1", answer, 6, 9)
			s.end("a", answer)
			s.done("a", nil)
		}, "lost speech"},
		"a service gives a message up": {func(s *scene) { s.deadLetter(&kit.Delivery{}, s.now) }, "given up"},
		"sound of no line":             {func(s *scene) { s.audio(contract.SpeakerAudio{Sink: "hall", Say: "9"}, s.now) }, "spoken without a line"},
		"it is spoken after a stop": {func(s *scene) {
			s.ask("a", question)
			s.line("a", "1", answer)
			s.play("a", "1", answer, 0, 5)
			s.control(contract.TtsControl{Action: contract.TtsStop, ID: new("a")}, s.now)
			s.pass(time.Second)
			s.play("a", "1", answer, 5, 9)
			s.end("a", answer)
			s.done("a", nil)
		}, "spoken after its cancel"},
		"it is written after a cancel": {func(s *scene) {
			s.cancel(contract.LLMCancel{ID: "a"}, s.now)
			s.pass(time.Second)
			s.delta(contract.LLMStreamDelta{ID: "a"}, s.now)
		}, "written after its cancel"},
		"an end comes twice": {func(s *scene) { s.answered(); s.end("a", answer) }, "ended twice"},
		"speech does not end": {func(s *scene) {
			s.ask("a", question)
			s.line("a", "1", answer)
			s.play("a", "1", answer, 0, 5)
			s.done("a", nil)
			s.pass(time.Hour)
		}, "stuck"},
		"a voice stays low": {func(s *scene) { s.duck(contract.SpeechDuck{On: true}, "hall", s.now); s.pass(time.Minute) }, "stuck"},
		"a voice comes back": {func(s *scene) {
			s.duck(contract.SpeechDuck{On: true}, "hall", s.now)
			s.duck(contract.SpeechDuck{}, "hall", s.now)
			s.pass(time.Minute)
		}, ""},
		"a speaker stays mute":                   {func(s *scene) { s.answered(); s.status(contract.TtsStatus{Event: contract.TtsPaused}, "hall", s.now) }, "stuck"},
		"nothing is heard at the end of the day": {func(s *scene) { s.stillThere["a"] = s.now }, "stuck"},
		"the unheard is remembered": {func(s *scene) {
			s.ask("a", question)
			s.line("a", "1", answer)
			s.play("a", "1", answer, 0, 10) // of more than two seconds
			s.status(contract.TtsStatus{Event: contract.TtsStopped, UttID: new("a")}, "hall", s.now)
			s.end("a", answer)
			s.done("a", nil)
			s.remember("a", answer)
		}, "unheard and remembered"},
		"what was heard is remembered": {func(s *scene) {
			s.ask("a", question)
			s.line("a", "1", answer)
			s.play("a", "1", answer, 0, 10)
			s.status(contract.TtsStatus{Event: contract.TtsStopped, UttID: new("a")}, "hall", s.now)
			s.end("a", answer)
			s.done("a", nil)
			s.remember("a", "The kalomine —")
		}, ""},
		"a model is told what was not heard": {func(s *scene) {
			s.answered()
			s.ask("b", "hello")
			s.line("b", "2", "The renimolu silver pepper.")
			s.request(contract.LLMRequest{ID: "b", Text: "hello", History: []contract.ConversationMessage{{Role: contract.RoleAssistant, Content: answer + " The renimolu silver"}}}, "hall", s.now)
			s.done("b", new("stop"))
		}, "unheard and remembered"},
		"the heap grows":        {func(s *scene) { s.checkGrowth(memoryUse{1 << 20, 9}, memoryUse{9 << 20, 9}, s.now) }, "memory grows"},
		"goroutines are left":   {func(s *scene) { s.checkGrowth(memoryUse{1 << 20, 9}, memoryUse{1 << 20, 99}, s.now) }, "memory grows"},
		"a little more is used": {func(s *scene) { s.checkGrowth(memoryUse{1 << 20, 9}, memoryUse{2 << 20, 12}, s.now) }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &scene{newChecker(), time.Unix(946_684_800, 0)}
			tt.happens(s)
			s.sweep(s.now.Add(2 * time.Second))
			s.atEnd(s.now.Add(2 * time.Second))
			for _, v := range s.violations {
				if tt.want == "" || !strings.Contains(v, tt.want) {
					t.Errorf("found %q, want only %q", v, tt.want)
				}
			}
			if tt.want != "" && len(s.violations) == 0 {
				t.Errorf("found nothing, want %q", tt.want)
			}
		})
	}
}
