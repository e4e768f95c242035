package failover_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/enginetest"
	"github.com/gotars/tars/engines/failover"
)

// listening is a server that is there.
func listening(t *testing.T, kind discovery.Kind, model string) discovery.Server {
	url := strings.Replace(enginetest.Listen(t), "tcp://", "http://", 1)
	return discovery.Server{Kind: kind, Protocol: "openai", URL: url, Model: model, Name: model}
}

// candidate is an engine that is a word.
func candidate(name string) failover.Candidate[string] {
	return failover.Candidate[string]{Engine: name, Key: name, Name: name, From: "the test"}
}

func TestAChoiceTakesWhatIsSetThenWhatIsFoundThenWhatIsBuiltIn(t *testing.T) {
	home, empty := t.TempDir(), t.TempDir()
	enginetest.Install(t, home, listening(t, discovery.STT, "large"), listening(t, discovery.TTS, "voice"), listening(t, discovery.STT, "odd"), listening(t, discovery.STT, "small"))
	set, builtIn, none := []failover.Candidate[string]{candidate("first"), candidate("second")}, []failover.Candidate[string]{candidate("built in")}, []failover.Candidate[string]{candidate("none")}
	connect := failover.Each(func(s discovery.Server) (string, error) {
		if s.Model == "odd" {
			return "", errors.New("unknown protocol")
		}
		return s.Model, nil
	})
	tests := map[string]struct {
		choice failover.Choice[string]
		home   string
		hosts  []string
		want   string
	}{
		"what is set alone, in its order":                   {failover.Choice[string]{Set: set, BuiltIn: builtIn, None: none}, home, enginetest.Nowhere, "first second"},
		"what is found of its kind, but for what is no use": {failover.Choice[string]{None: none}, home, enginetest.Nowhere, "large small"},
		"what is built in comes after it":                   {failover.Choice[string]{BuiltIn: builtIn, None: none}, home, enginetest.Nowhere, "large small built in"},
		"what is built in, when nothing is found":           {failover.Choice[string]{BuiltIn: builtIn, None: none}, empty, enginetest.Nowhere, "built in"},
		"what stands for an engine, when there is none":     {failover.Choice[string]{None: none}, empty, enginetest.Nowhere, "none"},
		"nothing is looked for":                             {failover.Choice[string]{BuiltIn: builtIn}, home, []string{"none"}, "built in"},
		"there need be none":                                {failover.Choice[string]{}, empty, enginetest.Nowhere, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.choice.Kind, tt.choice.Hosts, tt.choice.Home, tt.choice.Connect = discovery.STT, tt.hosts, tt.home, connect
			var got []string
			for _, c := range tt.choice.Candidates(t.Context()) {
				got = append(got, c.Name)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("candidates %q, want %q", got, tt.want)
			}
			if name, _, _ := tt.choice.Describe(t.Context(), nil); tt.want != "" && !strings.HasPrefix(tt.want, name) {
				t.Errorf("described as %q, want the first of %q", name, tt.want)
			}
		})
	}
}

func TestAChoiceThatCannotWorkSaysWhy(t *testing.T) {
	name, from, better := failover.Choice[string]{Set: []failover.Candidate[string]{candidate("first")}}.Describe(t.Context(), errDown)
	if name != "misconfigured" || from != "" || better != "down" {
		t.Errorf("described as %q from %q, better %q", name, from, better)
	}
}

// readyEngine is an engine that tells whether it can work.
type readyEngine struct{ err error }

func (e readyEngine) Ready(context.Context) error { return e.err }

func TestTheBestEngineTellsWhetherItCanWork(t *testing.T) {
	one := func(e any) *failover.Switch[any] {
		return failover.Choice[any]{Set: []failover.Candidate[any]{{Engine: e, Key: "one"}}}.Switch()
	}
	for name, tt := range map[string]struct {
		engine any
		want   error
	}{
		"one that cannot":        {one(readyEngine{errDown}), errDown},
		"one that can":           {one(readyEngine{}), nil},
		"one that does not tell": {one("engine"), nil},
		"no switch":              {"engine", nil},
	} {
		if err := failover.Ready(t.Context(), tt.engine); err != tt.want {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestALookReportsAnEngineOnce(t *testing.T) {
	home := t.TempDir()
	s := failover.Choice[string]{Kind: discovery.STT, Hosts: enginetest.Nowhere, Home: home, BuiltIn: []failover.Candidate[string]{candidate("built in")},
		Connect: failover.Each(func(s discovery.Server) (string, error) { return s.Model, nil })}.Switch()
	var told strings.Builder
	log := slog.New(slog.NewTextHandler(&told, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	var changes []bool
	look := func() { changes = append(changes, failover.LookAgain(t.Context(), s, log, "recogniser")) }
	look()
	look()
	enginetest.Install(t, home, listening(t, discovery.STT, "small"))
	look()
	look()
	const want = `level=INFO msg=recogniser engine="built in" from="the test"
level=INFO msg=recogniser engine=small from="installed by make engines"
`
	if told.String() != want || !slices.Equal(changes, []bool{true, false, true, false}) {
		t.Errorf("changes %v, logged\n%s", changes, &told)
	}
	if failover.LookAgain(t.Context(), "an engine of its own", log, "recogniser") {
		t.Error("an engine that is no switch has changed")
	}
}
