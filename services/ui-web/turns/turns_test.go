package turns_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/services/ui-web/turns"
)

// story tells a collector messages, each a second after the one before.
type story struct {
	*turns.Collector
	at time.Time
}

func newStory(opts ...turns.Option) *story {
	return &story{turns.NewCollector(opts...), time.Unix(1763000000, 0)}
}

func (s *story) tell(room, id string, all ...msg.Message) {
	for _, m := range all {
		s.Note(m, kit.Meta{ID: id, Baggage: map[string]string{"room": room}}, s.at)
		s.at = s.at.Add(time.Second)
	}
}

func (s *story) seconds() float64 { return float64(s.at.Unix()) }

func final(id, utt, text string) contract.FinalTranscript {
	return contract.FinalTranscript{Ident: msg.Ident{MessageID: id}, UttID: &utt, Text: text, Lang: "en"}
}

// TestAnAnswerThatWasStopped follows an answer through all that the bus tells of it.
func TestAnAnswerThatWasStopped(t *testing.T) {
	s := newStory()
	begun := s.seconds()
	s.tell("", "", contract.EngineInUse{Name: "tars-stt", Engine: "whisper"}, contract.EngineInUse{Name: "tars-llm", Engine: "qwen", Cloud: new("api.example.org")})
	s.tell("hall", "", contract.WakeEvent{Type: contract.WakeEventSpeechStart}, contract.PartialTranscript{UttID: new("u1"), Text: "tell me"},
		contract.PartialTranscript{UttID: new("u1"), Text: "tell me"}, contract.SpeechTiming{UttID: "u1", LastWord: begun + 4, Endpoint: begun + 5},
		final("f1", "u1", "Tell me a story."), final("f1", "u1", "Tell me a story."))
	s.tell("hall", "f1", contract.LLMRequest{ID: "u1", Text: "Tell me a story."})
	s.tell("hall", "", contract.ToolCallRequest{CallID: "u1-c1", Name: "mcp__books__find", Arguments: map[string]any{"about": "boats"}},
		contract.ToolCallResult{CallID: "u1-c1", Result: map[string]any{"text": "one book"}},
		contract.TtsSay{Ident: msg.Ident{MessageID: "s1"}, UttID: new("u1"), Text: "There was a boat."}, contract.TtsSay{Ident: msg.Ident{MessageID: "s2"}, UttID: new("u1"), Text: "It sailed far."},
		contract.TtsSay{Ident: msg.Ident{MessageID: "s3"}, UttID: new("u1"), Text: "It came home."},
		contract.TtsStatus{Event: contract.TtsSpeakingStart, UttID: new("u1"), Text: "There was a boat."}, contract.TtsStatus{Event: contract.TtsSpeakingEnd, UttID: new("u1"), Text: "There was a boat."},
		contract.TtsStatus{Event: contract.TtsSpeakingStart, UttID: new("u1"), Text: "It sailed far."},
		contract.SpeechDuck{On: true, UttID: new("u1")},
		contract.TtsControl{Action: contract.TtsStop, ID: new("u1"), Reason: new("stop")}, contract.SpeechHeard{UttID: new("u1"), Say: "s2", Text: "It sailed"},
		contract.VoiceDetail{UttID: new("u1"), Say: "s2", Begun: new(begun + 20), Ended: begun + 22, Error: new("stop")},
		contract.TtsStatus{Event: contract.TtsStopped, UttID: new("u1"), Reason: new("stop")},
		contract.AnswerDetail{ID: "u1", Rounds: []contract.ModelRound{{Asked: begun + 8, First: new(begun + 10), Ended: begun + 12, Model: new("qwen-4b")}}},
		contract.PartialTranscript{UttID: new("u2"), Text: "stop"},
		contract.TurnRecord{TurnID: "f1", Outcome: contract.TurnInterrupted, Reason: new("stop"), AnswerID: new("u1"), LastWord: new(begun + 4), Endpoint: new(begun + 5), Final: new(begun + 6),
			FirstSay: new(begun + 11), FirstAudio: new(begun + 16), End: new(begun + 22)},
		contract.LLMResponse{ID: "u1", Error: new("cancelled")})
	for _, id := range []string{"f1", "u1"} {
		got, ok := s.Get(id)
		if !ok || got.ID != "f1" || got.Text != "Tell me a story." || got.Outcome != contract.TurnInterrupted || got.Reason != "stop" || got.By != "stop" || got.Into != "" {
			t.Fatalf("%s is %+v", id, got)
		}
	}
	got, _ := s.Get("f1")
	var spoken []string
	for _, x := range got.Spoken {
		spoken = append(spoken, x.State+" "+x.Heard)
	}
	if want := []string{"heard ", "partly It sailed", "unheard "}; !slices.Equal(spoken, want) {
		t.Errorf("of the lines was heard %q, want %q", spoken, want)
	}
	if len(got.Partials) != 1 || got.Timing == nil || len(got.Tools) != 1 || got.Tools[0].Result != "one book" || got.Tools[0].Arguments != `{"about":"boats"}` {
		t.Errorf("partials %+v, timing %+v, tools %+v", got.Partials, got.Timing, got.Tools)
	}
	if len(got.Engines) != 2 || got.Engines[1] != (turns.Engine{Service: "llm", Engine: "qwen", Model: "qwen-4b", Cloud: "api.example.org"}) {
		t.Errorf("engines %+v", got.Engines)
	}
	if want := (turns.Wait{Total: 12, Pause: 1, Engines: 4, Ours: 7}); got.Wait == nil || *got.Wait != want {
		t.Errorf("waited %+v, want %+v", got.Wait, want)
	}
	var names []string
	for _, x := range got.Stages {
		names = append(names, x.Name)
	}
	if want := []string{"pause", "routing", "thinking", "tool", "writing", "answer"}; !slices.Equal(names, want) {
		t.Errorf("stages %q, want %q", names, want)
	}
	if list := s.List(); len(list) != 1 || list[0].AnswerID != "u1" || list[0].Reason != "stop" {
		t.Errorf("list %+v", list)
	}
}

func TestWhatWasIgnoredIsKept(t *testing.T) {
	tests := map[string]struct {
		dropped contract.SpeechDropped
		outcome string
	}{
		"an echo":                  {contract.SpeechDropped{UttID: new("u"), Reason: "echo"}, contract.TurnIgnored},
		"a recogniser that failed": {contract.SpeechDropped{UttID: new("u"), Reason: "failed", Err: new("no answer within 30s")}, contract.TurnFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.tell("hall", "", contract.TtsStatus{Event: contract.TtsSpeakingStart, Text: "There was a boat."}, contract.WakeEvent{Type: contract.WakeEventSpeechStart}, tt.dropped,
				contract.SpeechDetail{UttID: "u", Begun: s.seconds(), StepMS: 20, Levels: []int{1, 2}, Text: new("there was a boat")})
			got, ok := s.Get("u")
			if !ok || got.Outcome != tt.outcome || got.Reason != tt.dropped.Reason || got.Into != "There was a boat." || got.Speech == nil {
				t.Errorf("kept %+v", got)
			}
			if list := s.List(); len(list) != 1 || list[0].Text != "there was a boat" {
				t.Errorf("list %+v", list)
			}
		})
	}
}

// TestWhatIsForgottenIsGone has lines of the memory forgotten by voice.
func TestWhatIsForgottenIsGone(t *testing.T) {
	s := newStory()
	s.tell("hall", "", final("f1", "u1", "The key is under the mat."), contract.TurnRecord{TurnID: "f1", Outcome: contract.TurnDone}, final("f2", "u2", "Forget that."), contract.MemoryForget{Last: true})
	if list := s.List(); len(list) != 1 || list[0].ID != "f2" {
		t.Errorf("kept %+v, want the turn that goes on", list)
	}
	if _, ok := s.Get("u1"); ok {
		t.Error("what was forgotten is still told")
	}
}

// TestWhatIsKeptIsBounded tells of more than is kept.
func TestWhatIsKeptIsBounded(t *testing.T) {
	s := newStory(turns.KeepSound())
	for i := range 1000 {
		room, utt := fmt.Sprintf("room-%d", i%100), fmt.Sprintf("u%d", i)
		long := strings.Repeat("word ", 2000)
		s.tell(room, "", contract.SpeechDropped{UttID: new("noise-" + utt), Reason: "no_speech"}, final("f"+utt, utt, long))
		for n := range 4 {
			s.tell(room, "", contract.TtsSay{UttID: &utt, Text: long}, contract.PartialTranscript{UttID: &utt, Text: fmt.Sprint(n, long)}, contract.MicAudio{Source: room, PCM: make([]byte, 8000)})
		}
		s.tell(room, "", contract.TurnRecord{TurnID: "f" + utt, Outcome: contract.TurnDone})
	}
	list, ignored := s.List(), 0
	for _, x := range list {
		if x.Text == "" {
			ignored++
		}
	}
	if len(list) > turns.MaxTurns || len(list) < 100 || ignored > 60 || list[0].ID != "fu999" {
		t.Errorf("%d turns are kept, %d of them ignored, the last %s", len(list), ignored, list[0].ID)
	}
	if _, ok := s.Get("fu0"); ok {
		t.Error("the oldest is still kept")
	}
	huge := strings.Repeat("x", 100_000)
	s.tell("hall", "", final(huge, "u", "hello"), final("f", huge, "hello"), contract.SpeechDropped{UttID: &huge, Reason: huge}, contract.SpeechTiming{UttID: huge}, contract.PartialTranscript{UttID: &huge, Text: huge})
	if now := s.List(); now[0].ID != "fu999" {
		t.Errorf("something with an endless id is kept: %.40s", now[0].ID)
	}
	for i := range 500 { // one turn without end
		s.tell("hall", "", contract.TtsSay{UttID: new("u999"), Text: "more"}, contract.ToolCallRequest{CallID: fmt.Sprint("u999-", i)}, contract.LLMProgress{ID: "u999", State: fmt.Sprint(i)})
	}
	if got, _ := s.Get("u999"); len(got.Spoken) > 100 || len(got.Tools) > 32 || len(got.Events) > 64 {
		t.Errorf("a turn has %d lines, %d tools and %d events", len(got.Spoken), len(got.Tools), len(got.Events))
	}
}

func TestSoundIsThatOfTheUtterance(t *testing.T) {
	s := newStory(turns.KeepSound())
	begun := s.seconds()
	for i := range 100 { // 0.1 s each, at 48 kHz
		s.Note(contract.MicAudio{Source: "hall", Seq: i, TS: begun + float64(i)/10, Rate: 48000, PCM: make([]byte, 9600)}, kit.Meta{}, s.at)
	}
	s.tell("hall", "", final("f", "u", "hello"), contract.SpeechDetail{UttID: "u", Begun: begun + 2, StepMS: 20, Levels: make([]int, 100)})
	got, _ := s.Get("f")
	if got.Sound == nil || got.Sound.Rate != 16000 || got.Sound.From < begun+1.8 || got.Sound.From > begun+2 || len(got.Sound.PCM) < 62000 || len(got.Sound.PCM) > 72000 {
		t.Fatalf("sound %+v", got.Sound)
	}
	plain := newStory()
	plain.tell("hall", "", contract.MicAudio{Source: "hall", PCM: make([]byte, 320)}, final("f", "u", "hello"), contract.SpeechDetail{UttID: "u", Begun: begun, StepMS: 20, Levels: make([]int, 100)})
	if got, _ := plain.Get("f"); got.Sound != nil {
		t.Error("sound is kept that nobody asked for")
	}
}

func TestFiles(t *testing.T) {
	s := newStory()
	s.tell("hall", "", final("f", "u", "Is 3 < 4 & 5 > 2?"))
	want, _ := s.Get("f")
	var file bytes.Buffer
	if err := want.Write(&file); err != nil {
		t.Fatal(err)
	}
	got, err := turns.Read(bytes.NewReader(file.Bytes()))
	if err != nil || got.Text != want.Text || got.ID != "f" {
		t.Errorf("read %+v, %v", got, err)
	}
	for name, tt := range map[string]struct {
		file string
		none bool // it is no turn at all
	}{
		"nothing":           {"", true},
		"another file":      {`{"at":"2026"}`, true},
		"no JSON":           {"RIFF", true},
		"a list":            {`[]`, true},
		"a later version":   {`{"format":"tars-turn","version":2,"id":"x"}`, false},
		"half of one":       {file.String()[:file.Len()/2], true},
		"one without an id": {`{"format":"tars-turn","version":1}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := turns.Read(strings.NewReader(tt.file)); err == nil || errors.Is(err, turns.ErrNoTurn) != tt.none {
				t.Errorf("read with %v", err)
			}
		})
	}
}

// BenchmarkTurn is what a turn costs that is told of by 40 messages, with 200 kept.
func BenchmarkTurn(b *testing.B) {
	b.ReportAllocs()
	s := newStory()
	n := 0
	for b.Loop() {
		n++
		id, utt := fmt.Sprint("f", n), fmt.Sprint("u", n)
		s.tell("hall", "", contract.WakeEvent{Type: contract.WakeEventSpeechStart})
		for i := range 10 {
			s.tell("hall", "", contract.PartialTranscript{UttID: &utt, Text: fmt.Sprint("tell me a story ", i)})
		}
		s.tell("hall", "", final(id, utt, "Tell me a story."), contract.SpeechDetail{UttID: utt, Begun: 1, StepMS: 20, Levels: make([]int, 400)})
		s.tell("hall", id, contract.LLMRequest{ID: utt})
		for i := range 8 {
			say := contract.TtsSay{UttID: &utt, Text: "And then they sailed on."}
			say.MessageID = fmt.Sprint("s", i)
			s.tell("hall", "", say, contract.TtsStatus{Event: contract.TtsSpeakingStart, UttID: &utt, Text: say.Text}, contract.VoiceDetail{UttID: &utt, Say: say.MessageID, Begun: new(1.0)})
		}
		s.tell("hall", "", contract.LLMResponse{ID: utt, Reply: new("And then they sailed on.")}, contract.TurnRecord{TurnID: id, Outcome: contract.TurnDone})
	}
}

// TestAnswerInAnotherTurn follows what was said without an answer of its own to the turn that
// holds it.
func TestAnswerInAnotherTurn(t *testing.T) {
	tests := map[string]struct {
		reason, outcome string
		room            string // of the turn said next
		want            string
	}{
		"the person went on":                        {"joined", contract.TurnInterrupted, "hall", "f2"},
		"another room heard it louder":              {"heard better in kitchen", contract.TurnIgnored, "kitchen", "f2"},
		"the room that heard it louder is unknown":  {"heard better in kitchen", contract.TurnIgnored, "attic", ""},
		"who went on did so in another room":        {"joined", contract.TurnInterrupted, "kitchen", ""},
		"something else was asked in the same room": {"superseded", contract.TurnInterrupted, "hall", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStory()
			s.tell("hall", "", final("f1", "u1", "Turn on the light."))
			s.tell(tt.room, "", final("f2", "u2", "Upstairs."))
			s.tell("hall", "", contract.TurnRecord{TurnID: "f1", Outcome: tt.outcome, Reason: &tt.reason})
			if got, _ := s.Get("f1"); got.AnsweredIn != tt.want {
				t.Errorf("it is answered in %q, want %q", got.AnsweredIn, tt.want)
			}
			if got, _ := s.Get("f2"); got.AnsweredIn != "" {
				t.Errorf("the turn with the answer is answered in %q", got.AnsweredIn)
			}
		})
	}
}

// TestStagesOfWhatIsNoAnswer names what a model did in place of its first word, and has the
// silence end where the pause did in which the turn was over.
func TestStagesOfWhatIsNoAnswer(t *testing.T) {
	s := newStory()
	begun := s.seconds()
	round := func(from, to float64, x contract.ModelRound) contract.ModelRound {
		x.Asked, x.Ended = begun+from, begun+to
		return x
	}
	s.tell("hall", "", final("f1", "u1", "What is it?"))
	s.tell("hall", "f1", contract.LLMRequest{ID: "u1", Text: "What is it?"})
	s.tell("hall", "", contract.TtsSay{Ident: msg.Ident{MessageID: "s1"}, UttID: new("u1"), Text: "One moment.", SystemAnnounce: new(true)},
		contract.VoiceDetail{UttID: new("u1"), Say: "s1", Begun: new(begun + 9), Ended: begun + 10},
		contract.AnswerDetail{ID: "u1", Rounds: []contract.ModelRound{round(5, 6, contract.ModelRound{Calls: []string{"look"}}), round(7, 12, contract.ModelRound{First: new(begun + 11)}),
			round(13, 14, contract.ModelRound{Error: new("connection refused")}), round(15, 16, contract.ModelRound{Error: new("cancelled")})}},
		contract.SpeechDetail{UttID: "u1", Begun: begun, StepMS: 20, Levels: []int{1, 2}, Voice: []contract.SpeechSpan{{From: 1, To: 2}}, Pauses: []contract.SpeechPause{{From: 2, To: 4, Ended: true}}},
		contract.TurnRecord{TurnID: "f1", Outcome: contract.TurnDone, LastWord: new(begun + 2), Endpoint: new(begun + 4.5)})
	got, _ := s.Get("f1")
	var names []string
	for _, x := range got.Stages {
		names = append(names, x.Name)
		if x.Name == "pause" && x.To != begun+4 {
			t.Errorf("the silence ends after %v s, want 4", x.To-begun)
		}
	}
	if want := []string{"speaking", "pause", "choosing", "thinking again", "meanwhile", "writing", "refused", "given up"}; !slices.Equal(names, want) {
		t.Errorf("stages %q, want %q", names, want)
	}
}
