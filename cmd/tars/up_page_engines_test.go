package main

import (
	"slices"
	"strings"
	"testing"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// The page gets the engines of the home that the command has, and not of another.
func TestThePageIsToldOfTheEnginesOfThisHome(t *testing.T) {
	host := elsewhere(t, 95)
	alone(t, host)
	wyomingAt(t, host)
	home := kit.Home(t.TempDir())
	mods, err := namedModules(home, "ui-web")
	if err != nil {
		t.Fatal(err)
	}
	var engines uiweb.Engines
	if err := mods[0].App(fx.Populate(&engines)).Err(); err != nil {
		t.Fatal(err)
	}
	if got := engines.(pageEngines).home; got != home {
		t.Fatalf("the page asks for the engines of %s, want %s", got, home)
	}
	r, err := engines.Report(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	use := func(service string) uiweb.EngineUse {
		return r.Uses[slices.IndexFunc(r.Uses, func(u uiweb.EngineUse) bool { return u.Service == service })]
	}
	if got := use("stt"); got.Engine != "Wyoming faster-whisper" || !strings.Contains(got.Why, "it answers on its usual port") || got.Measured != "" {
		t.Errorf("the recogniser is %+v", got)
	}
	if got := use("tts"); got.Engine != "none" || got.Better == "" {
		t.Errorf("the voice is %+v", got)
	}
	usual := 0
	for _, p := range r.Parts {
		if p.Usual {
			usual++
		}
		if p.State != "none" || p.ID == "" {
			t.Errorf("in an empty home there is %+v", p)
		}
	}
	if usual < 4 || r.Advice != "" || len(r.Running) != 0 {
		t.Errorf("%d usual parts, advice %q, running %v", usual, r.Advice, r.Running)
	}
}
