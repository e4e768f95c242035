package memory_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/memory"
)

// texts are the results as "type: text", in their order.
func texts(r contract.MemoryResults) (out []string) {
	for _, h := range r.Results {
		out = append(out, h.ContextType+": "+h.Document.(map[string]any)["text"].(string))
	}
	return out
}

func hear(t *testing.T, b *kittest.Harness, text string) {
	t.Helper()
	b.Publish(t, contract.FinalTranscript{Text: text})
	b.Settle()
}

func speak(t *testing.T, b *kittest.Harness, id, text string) {
	t.Helper()
	b.Publish(t, contract.TtsSay{Text: text, UttID: &id})
	b.Settle()
}

func TestRecall(t *testing.T) {
	tests := map[string]struct {
		said []string // by the user; "A: " begins an answer
		ask  contract.MemoryQuery
		want []string
	}{
		"a word that was said":            {said: []string{"buy milk", "call Ann"}, ask: contract.MemoryQuery{Text: "milk"}, want: []string{"target: buy milk"}},
		"a word that was not said":        {said: []string{"buy milk"}, ask: contract.MemoryQuery{Text: "bread"}},
		"another form of the word":        {said: []string{"we sailed two boats"}, ask: contract.MemoryQuery{Text: "the boat"}, want: []string{"target: we sailed two boats"}},
		"a word with an accent":           {said: []string{"meet at the Café Größe"}, ask: contract.MemoryQuery{Text: "cafe große"}, want: []string{"target: meet at the Café Größe"}},
		"no more than top_k":              {said: []string{"tea one", "tea two", "tea three"}, ask: contract.MemoryQuery{Text: "tea", TopK: 2}, want: []string{"target: tea three", "target: tea two"}},
		"the rarer word first":            {said: []string{"the red boat", "the red car", "the red house"}, ask: contract.MemoryQuery{Text: "red boat", TopK: 1}, want: []string{"target: the red boat"}},
		"nothing for words without sense": {said: []string{"what is it"}, ask: contract.MemoryQuery{Text: "what was that"}},
		"the question itself is left out": {said: []string{"the boat is red", "what colour is the boat"}, ask: contract.MemoryQuery{Text: "What colour is the boat?"}, want: []string{"target: the boat is red"}},
		"a line that repeats another":     {said: []string{"my boat is red", "My boat is red!", "so what about it"}, ask: contract.MemoryQuery{Text: "boat"}, want: []string{"target: My boat is red!"}},
		"answers are recalled too":        {said: []string{"hello", "A: the boat is red"}, ask: contract.MemoryQuery{Text: "boat"}, want: []string{"target: the boat is red"}},
		"operators are words":             {said: []string{"cats AND dogs NEAR(x)"}, ask: contract.MemoryQuery{Text: `"dogs" AND (NOT* -cats: ^x OR`}, want: []string{"target: cats AND dogs NEAR(x)"}},
		"a star recalls the last":         {said: []string{"one", "two"}, ask: contract.MemoryQuery{Text: "*"}, want: []string{"target: two", "target: one"}},
		"recent, newest first":            {said: []string{"one", "two", "three"}, ask: contract.MemoryQuery{Text: "x", TopK: 2, RetrievalStrategy: "recent"}, want: []string{"target: three", "target: two"}},
		"recent in tokens, oldest first":  {said: []string{"one", "two", "three"}, ask: contract.MemoryQuery{Text: "x", MaxTokens: new(2), RetrievalStrategy: "recent"}, want: []string{"target: two", "target: three"}},
		"an unknown strategy":             {said: []string{"buy milk"}, ask: contract.MemoryQuery{Text: "milk", RetrievalStrategy: "psychic"}, want: []string{"target: buy milk"}},
		"one hit even over max_tokens":    {said: []string{"milk and honey", "milk and cheese"}, ask: contract.MemoryQuery{Text: "milk", MaxTokens: new(1)}, want: []string{"target: milk and cheese"}},
		"neighbours first": {said: []string{"one", "A: two", "boat", "A: four", "five"}, ask: contract.MemoryQuery{Text: "a boat", IncludeContext: true},
			want: []string{"previous: two", "next: four", "target: boat"}},
		"a wider window": {said: []string{"one", "A: two", "boat", "A: four", "five"}, ask: contract.MemoryQuery{Text: "a boat", IncludeContext: true, ContextWindow: new(2)},
			want: []string{"previous: one", "previous: two", "next: four", "next: five", "target: boat"}},
		"no window": {said: []string{"one", "boat"}, ask: contract.MemoryQuery{Text: "a boat", IncludeContext: true, ContextWindow: new(0)}, want: []string{"target: boat"}},
		"each line once": {said: []string{"red boat", "green boat"}, ask: contract.MemoryQuery{Text: "boat", IncludeContext: true},
			want: []string{"target: green boat", "target: red boat"}},
	}
	for name, tt := range tests {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			for _, s := range tt.said {
				if answer, ok := strings.CutPrefix(s, "A: "); ok {
					speak(t, b, s, answer)
				} else {
					hear(t, b, s)
				}
			}
			got := kittest.Ask(t, b, tt.ask)
			if !slices.Equal(texts(got), tt.want) {
				t.Errorf("recalled %q, want %q", texts(got), tt.want)
			}
			targets := 0
			for _, s := range tt.want {
				if strings.HasPrefix(s, "target") {
					targets++
				}
			}
			if got.K != targets || got.Query != tt.ask.Text {
				t.Errorf("k %d of %q, want %d of %q", got.K, got.Query, targets, tt.ask.Text)
			}
			if want := tt.ask.RetrievalStrategy; want != "" && got.StrategyUsed != want {
				t.Errorf("strategy %q, want %q", got.StrategyUsed, want)
			}
		}, memory.Module)
	}
}

func TestResult(t *testing.T) {
	kittest.Run(t, "says who, when, how well and how long", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, contract.FinalTranscript{Text: "the boat is red", UttID: new("u1"), TS: 1730800000.25})
		b.Settle()
		hear(t, b, "something about nothing at all")
		r := kittest.Ask(t, b, contract.MemoryQuery{Text: "boats"})
		if len(r.Results) != 1 {
			t.Fatalf("results %+v", r.Results)
		}
		x := r.Results[0]
		doc := x.Document.(map[string]any)
		if doc["role"] != "user" || doc["utt_id"] != "u1" || *x.Timestamp != "1730800000.25" || *x.TokenCount != 5 || *x.Score <= 0 || *r.TotalTokens != 5 || r.Truncated {
			t.Errorf("got %+v, %v at %s with %v", r, doc, *x.Timestamp, *x.Score)
		}
	}, memory.Module)
	kittest.Run(t, "what did not fit is told", func(t *testing.T, b *kittest.Harness) {
		hear(t, b, "milk one")
		hear(t, b, "milk two")
		r := kittest.Ask(t, b, contract.MemoryQuery{Text: "milk", MaxTokens: new(3)})
		if r.K != 1 || !r.Truncated || *r.TotalTokens != 2 {
			t.Errorf("k %d, truncated %v, %d tokens", r.K, r.Truncated, *r.TotalTokens)
		}
	}, memory.Module)
}

func TestBareSay(t *testing.T) {
	kittest.Run(t, "has the time of its arrival", func(t *testing.T, b *kittest.Harness) {
		if err := b.Bus.PublishTo(t.Context(), "tts/say", "", map[string]any{"text": "the boat is red"}, kit.Bare()); err != nil {
			t.Fatal(err)
		}
		b.Settle()
		r := kittest.Ask(t, b, contract.MemoryQuery{Text: "boat"})
		if len(r.Results) != 1 || !strings.HasPrefix(*r.Results[0].Timestamp, "9466848") { // the year 2000, when fake clocks begin
			t.Errorf("results %+v", r.Results)
		}
	}, memory.Module)
}

func TestBlankQuery(t *testing.T) {
	kittest.Run(t, "gets no reply", func(t *testing.T, b *kittest.Harness) {
		replies := kittest.Watch[contract.MemoryResults](b)
		b.Publish(t, contract.MemoryQuery{Text: " \n"})
		replies.None(t)
	}, memory.Module)
}

func TestAnswersAreJoined(t *testing.T) {
	kittest.Run(t, "the sentences of an answer are one line, each once", func(t *testing.T, b *kittest.Harness) {
		speak(t, b, "a", "The plan is simple.")
		say := contract.TtsSay{Text: "We leave at dawn.", UttID: new("a")}
		say.MessageID = "again"
		b.Publish(t, say)
		b.Publish(t, say)
		speak(t, b, "b", "Another answer about a plan.")
		b.Publish(t, contract.TtsSay{Text: "A plan without an id."})
		b.Publish(t, contract.TtsSay{Text: "A second plan without an id."})
		b.Settle()
		got := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "*"}))
		want := []string{"target: A second plan without an id.", "target: A plan without an id.", "target: Another answer about a plan.", "target: The plan is simple. We leave at dawn."}
		if !slices.Equal(got, want) {
			t.Errorf("recalled %q, want %q", got, want)
		}
		if got := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "dawn"})); !slices.Equal(got, want[3:]) { // what was added is in the index
			t.Errorf("the end of the answer finds %q", got)
		}
	}, memory.Module)
}

func TestNothingUnheardIsRemembered(t *testing.T) {
	say := func(t *testing.T, b *kittest.Harness, id, utt, text string) {
		t.Helper()
		m := contract.TtsSay{Text: text, UttID: &utt}
		m.MessageID = id
		b.Publish(t, m)
		b.Settle()
	}
	ended := func(t *testing.T, b *kittest.Harness, utt, text string) {
		t.Helper()
		b.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingEnd, Text: text, UttID: &utt})
		b.Settle()
	}
	kittest.Run(t, "of an answer that was interrupted", func(t *testing.T, b *kittest.Harness) {
		say(t, b, "1", "a", "The plan is simple.")
		say(t, b, "2", "a", "We leave at dawn with the boat.")
		say(t, b, "3", "a", "Nobody will know.")
		ended(t, b, "a", "The plan is simple.")
		b.Publish(t, contract.TtsStatus{Event: contract.TtsStopped, UttID: new("a")})
		b.Publish(t, contract.SpeechHeard{UttID: new("a"), Say: "2", Text: "We leave at"})
		b.Settle()
		if got, want := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "*"})), []string{"target: The plan is simple. We leave at"}; !slices.Equal(got, want) {
			t.Errorf("recalled %q, want %q", got, want)
		}
		if got := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "nobody"})); len(got) > 0 {
			t.Errorf("what was not said is found: %q", got)
		}
	}, memory.Module)
	kittest.Run(t, "of an answer that was stopped before its first word", func(t *testing.T, b *kittest.Harness) {
		say(t, b, "1", "a", "The plan is simple.")
		b.Publish(t, contract.TtsStatus{Event: contract.TtsStopped, UttID: new("a")})
		b.Settle()
		if got := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "*"})); len(got) > 0 {
			t.Errorf("recalled %q", got)
		}
	}, memory.Module)
	kittest.Run(t, "of a sentence that the voice failed to say, and the next one is", func(t *testing.T, b *kittest.Harness) {
		say(t, b, "1", "a", "The plan is simple.")
		say(t, b, "2", "a", "We leave at dawn with the boat.")
		say(t, b, "3", "a", "Nobody will know.")
		b.Publish(t, contract.SpeechHeard{UttID: new("a"), Say: "1", Text: ""})
		b.Settle()
		if got := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "*"})); len(got) > 0 {
			t.Errorf("recalled %q before it was heard", got)
		}
		ended(t, b, "a", "We leave at dawn with the boat.")
		if got, want := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "*"})), []string{"target: We leave at dawn with the boat."}; !slices.Equal(got, want) {
			t.Errorf("recalled %q, want %q", got, want)
		}
		say(t, b, "4", "a", "Not even the cat.")
		ended(t, b, "a", "Nobody will know.")
		if got, want := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "*"})), []string{"target: We leave at dawn with the boat. Nobody will know."}; !slices.Equal(got, want) {
			t.Errorf("recalled %q, want %q", got, want)
		}
	}, memory.Module)
	kittest.Run(t, "of an answer that is spoken while the service starts again", func(t *testing.T, b *kittest.Harness) {
		say(t, b, "1", "a", "The plan is simple.")
		say(t, b, "2", "a", "We leave at dawn with the boat.")
		say(t, b, "3", "a", "Nobody will know.")
		b.Stop(t, "memory") // and what the voice tells of the first sentence is lost
		b.Add(t, memory.Module)
		b.Publish(t, contract.TtsStatus{Event: contract.TtsStopped, UttID: new("a")})
		b.Publish(t, contract.SpeechHeard{UttID: new("a"), Say: "2", Text: "We leave at"})
		b.Settle()
		if got, want := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "*"})), []string{"target: The plan is simple. We leave at"}; !slices.Equal(got, want) {
			t.Errorf("recalled %q, want %q", got, want)
		}
	}, memory.Module)
	kittest.Run(t, "and an answer that was heard is whole", func(t *testing.T, b *kittest.Harness) {
		say(t, b, "1", "a", "The plan is simple.")
		ended(t, b, "a", "The plan is simple.")
		say(t, b, "2", "b", "Go away.")
		b.Publish(t, contract.TtsStatus{Event: contract.TtsStopped, UttID: new("b")})
		b.Settle()
		if got, want := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "*"})), []string{"target: The plan is simple."}; !slices.Equal(got, want) {
			t.Errorf("recalled %q, want %q", got, want)
		}
	}, memory.Module)
}

func TestLeftOut(t *testing.T) {
	kittest.Run(t, "acknowledgements, announcements and blanks", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, contract.TtsSay{Text: "Hmm?", WakeAck: new(true)})
		b.Publish(t, contract.TtsSay{Text: "System online.", SystemAnnounce: new(true)})
		b.Publish(t, contract.TtsSay{Text: " "})
		b.Publish(t, contract.FinalTranscript{Text: ""})
		b.Settle()
		if r := kittest.Ask(t, b, contract.MemoryQuery{Text: "*"}); r.K != 0 {
			t.Errorf("recalled %q", texts(r))
		}
	}, memory.Module)
	var asked contract.MemoryResults
	kittest.Run(t, "the turn that asks, also in other words", func(t *testing.T, b *kittest.Harness) {
		hear(t, b, "the boat is red")
		hear(t, b, "tell me of boats")
		time.Sleep(2 * time.Second)
		b.Settle()
		if got, want := texts(asked), []string{"target: the boat is red"}; !slices.Equal(got, want) {
			t.Errorf("recalled %q, want %q", got, want)
		}
	}, memory.Module, kit.Service[*asker]("asker", fx.Provide(func(b *kit.Bus) *asker { return &asker{b, &asked} })))
}

// asker asks for boats in other words than those it heard, in the same turn.
type asker struct {
	bus *kit.Bus
	got *contract.MemoryResults
}

func (a *asker) Handlers() []kit.Handler {
	return []kit.Handler{kit.On(a.heard), kit.Asks[contract.MemoryQuery]()}
}

func (a *asker) heard(ctx context.Context, _ contract.FinalTranscript) (err error) {
	time.Sleep(time.Second)
	*a.got, err = kit.Ask(ctx, a.bus, contract.MemoryQuery{Text: "a red boat, tell me"})
	return err
}

func TestForgets(t *testing.T) {
	month := memory.Module.With(fx.Decorate(func(c memory.Config) memory.Config { c.MaxAge = 720 * time.Hour; return c }))
	kittest.Run(t, "lines beyond the age", func(t *testing.T, b *kittest.Harness) {
		ago := func(d time.Duration) float64 { return float64(time.Now().Add(-d).Unix()) }
		b.Publish(t, contract.FinalTranscript{Text: "an old boat", TS: ago(721 * time.Hour)})
		b.Publish(t, contract.FinalTranscript{Text: "a new boat", TS: ago(719 * time.Hour)})
		b.Settle()
		b.Stop(t, "memory")
		b.Add(t, month)
		b.Settle()
		got := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "boat"}))
		if want := []string{"target: a new boat"}; !slices.Equal(got, want) {
			t.Errorf("recalled %q, want %q", got, want)
		}
	}, month)
}

func TestCharacter(t *testing.T) {
	kittest.Run(t, "is published retained, and after each change", func(t *testing.T, b *kittest.Harness) {
		b.Settle()
		if p := b.Broker.Retained("system/character/current"); len(p) != 1 || !strings.Contains(string(p[0]), `"name":"TARS"`) {
			t.Errorf("retained %s", p)
		}
		who := kittest.Watch[contract.CharacterSnapshot](b)
		humor := func(u contract.CharacterUpdate) any {
			b.Publish(t, u)
			s, _ := who.Next(t)
			return s.Traits["humor"]
		}
		set := func(v int) contract.CharacterUpdate {
			return contract.CharacterUpdate{Trait: &contract.CharacterTraitUpdate{Section: "traits", Trait: "humor", Value: v}}
		}
		got := []any{humor(set(10)), humor(contract.CharacterUpdate{Reset: &contract.CharacterResetTraits{Action: "reset_traits"}}),
			humor(set(20)), humor(contract.CharacterUpdate{ResetAll: &contract.CharacterResetAll{All: true}})}
		if want := []any{10., 90., 20., 90.}; !slices.Equal(got, want) {
			t.Errorf("humor became %v, want %v", got, want)
		}
		b.Publish(t, contract.CharacterUpdate{ResetAll: &contract.CharacterResetAll{}})
		b.Publish(t, contract.CharacterUpdate{Reset: &contract.CharacterResetTraits{Action: "dance"}})
		b.Publish(t, contract.CharacterUpdate{Trait: &contract.CharacterTraitUpdate{Section: "voice", Trait: "rate", Value: 2}})
		who.None(t)
	}, memory.Module)
	kittest.Run(t, "as tools write it on the wire", func(t *testing.T, b *kittest.Harness) {
		b.Settle()
		who := kittest.Watch[contract.CharacterSnapshot](b)
		for _, data := range []map[string]any{{"trait": "wit", "value": 7}, {"trait": "wit", "value": 101}, {"reset_all": true}} {
			if err := b.Bus.PublishTo(t.Context(), "character/update", "", data); err != nil {
				t.Fatal(err)
			}
		}
		b.Settle()
		seen := who.All()
		if len(seen) != 2 || seen[0].Traits["wit"] != 7. || seen[1].Traits["wit"] != nil {
			t.Errorf("got %+v", seen)
		}
	}, memory.Module)
}

func TestCharacterSections(t *testing.T) {
	kittest.Run(t, "whole, one, and one that there is not", func(t *testing.T, b *kittest.Harness) {
		if r := kittest.Ask(t, b, contract.CharacterGetRequest{}); r.Snapshot == nil || r.Snapshot.Name != "TARS" || r.Snapshot.Traits["honesty"] != 95. {
			t.Errorf("whole: %+v", r)
		}
		if r := kittest.Ask(t, b, contract.CharacterGetRequest{Section: new("name")}); r.Section == nil || r.Section.Value != "TARS" {
			t.Errorf("name: %+v", r)
		}
		if r := kittest.Ask(t, b, contract.CharacterGetRequest{Section: new("voice")}); r.Section.Value.(map[string]any)["voice_id"] != "TARS" {
			t.Errorf("voice: %+v", r.Section)
		}
		r := kittest.Ask(t, b, contract.CharacterGetRequest{Section: new("zzz")})
		v := r.Section.Value.(map[string]any)
		if v["error"] != "unknown section 'zzz'" || !slices.Contains(v["available"].([]any), any("traits")) {
			t.Errorf("zzz: %+v", v)
		}
	}, memory.Module)
}

func TestCharacterFile(t *testing.T) {
	tests := map[string]struct{ name, file, wantName, wantPrompt string }{
		"a folder of its own":         {"CASE", "[info]\nname='Case'\nsystemprompt='Be brief.'", "Case", "Be brief."},
		"one that replaces the usual": {"TARS", "[info]\nname='Other'", "Other", ""},
		"a broken one":                {"CASE", "[info", "CASE", ""},
		"none":                        {"CASE", "", "CASE", ""},
	}
	for name, tt := range tests {
		dir := t.TempDir()
		if tt.file != "" {
			if err := os.MkdirAll(filepath.Join(dir, tt.name), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, tt.name, "character.toml"), []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			s := kittest.Ask(t, b, contract.CharacterGetRequest{}).Snapshot
			prompt := ""
			if s.SystemPrompt != nil {
				prompt = *s.SystemPrompt
			}
			if s.Name != tt.wantName || prompt != tt.wantPrompt {
				t.Errorf("%q, %q, want %q, %q", s.Name, prompt, tt.wantName, tt.wantPrompt)
			}
		}, memory.Module.With(fx.Decorate(func(c memory.Config) memory.Config { c.Character, c.CharacterDir = tt.name, dir; return c })))
	}
}

func TestOutlivesRestart(t *testing.T) {
	kittest.Run(t, "lines and traits", func(t *testing.T, b *kittest.Harness) {
		hear(t, b, "the boat is red")
		b.Publish(t, contract.CharacterUpdate{Trait: &contract.CharacterTraitUpdate{Trait: "humor", Value: 5}})
		b.Settle()
		b.Stop(t, "memory")
		b.Add(t, memory.Module)
		b.Settle()
		if p := b.Broker.Retained("system/character/current"); len(p) != 1 || !strings.Contains(string(p[0]), `"humor":5`) {
			t.Errorf("retained %s", p)
		}
		if got := texts(kittest.Ask(t, b, contract.MemoryQuery{Text: "boats"})); !slices.Equal(got, []string{"target: the boat is red"}) {
			t.Errorf("recalled %q", got)
		}
	}, memory.Module)
}
