package llm

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// offered are the names of the tools that the model got with its last question.
func offered(e *caller) string {
	var names []string
	for _, x := range e.seen[len(e.seen)-1].Tools {
		names = append(names, strings.TrimPrefix(x.Function.Name, "mcp__bench__"))
	}
	return strings.Join(names, " ")
}

func TestAToolThatIsOffIsNotOffered(t *testing.T) {
	home := kit.Home(t.TempDir())
	in := func(e *caller) kit.Module {
		return withTools(e, &bench{}).With(fx.Decorate(func(_ *toolSwitch, lc fx.Lifecycle, log *slog.Logger) *toolSwitch {
			return openToolSwitch(lc, home, log)
		}))
	}
	e := &caller{last: "Hello."}
	kittest.Run(t, "from the next answer on", func(t *testing.T, h *kittest.Harness) {
		registry := kittest.Watch[contract.ToolsRegistry](h)
		done := kittest.Ask(t, h, contract.ToolSwitch{Names: []string{"mcp__bench__erase", "mcp__bench__hang"}})
		if want := []string{"mcp__bench__erase", "mcp__bench__hang"}; !slices.Equal(done.Off, want) {
			t.Errorf("off are %v, want %v", done.Off, want)
		}
		list, _ := registry.Next(t)
		if len(list.Tools) != 3 || len(list.Off) != 2 {
			t.Errorf("the registry has %d tools and %d that are off", len(list.Tools), len(list.Off))
		}
		kittest.Ask(t, h, contract.LLMRequest{ID: "r", Text: "Hello"})
		if got := offered(e); got != "echo fail long" {
			t.Errorf("the model got %q", got)
		}
	}, in(e))
	kittest.Run(t, "after a restart either, until it is on again", func(t *testing.T, h *kittest.Harness) {
		kittest.Ask(t, h, contract.LLMRequest{ID: "r", Text: "Hello"})
		if got := offered(e); got != "echo fail long" {
			t.Errorf("after a restart the model got %q", got)
		}
		done := kittest.Ask(t, h, contract.ToolSwitch{Names: []string{"mcp__bench__erase"}, On: true})
		if want := []string{"mcp__bench__hang"}; !slices.Equal(done.Off, want) {
			t.Errorf("off are %v, want %v", done.Off, want)
		}
		kittest.Ask(t, h, contract.LLMRequest{ID: "s", Text: "Hello"})
		if got := offered(e); got != "echo fail long erase" {
			t.Errorf("the model got %q", got)
		}
	}, in(e))
}

// A tool that asks first may be switched off between the question and the yes.
func TestAToolThatIsOffIsNotCalledByAYes(t *testing.T) {
	s := &toolSwitch{path: filepath.Join(t.TempDir(), "off.json"), off: map[string]bool{}}
	b := &bench{}
	service := &Service{tools: b, switched: s}
	if err := s.set([]string{"mcp__bench__erase"}, false); err != nil {
		t.Fatal(err)
	}
	for _, x := range service.toolsOn() {
		if x.Title == "Erase" {
			t.Error("it is on")
		}
	}
}

func TestTheFileOfToolsThatAreOff(t *testing.T) {
	for name, c := range map[string]struct {
		text string // of the file; empty: there is none
		fail bool
		want []string
	}{
		"is not there":           {"", false, []string{}},
		"names tools":            {`["b","a"]`, false, []string{"a", "b"}},
		"is damaged, and told":   {`["b",`, true, []string{}},
		"is something else, too": {`{"a":1}`, true, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &toolSwitch{path: filepath.Join(t.TempDir(), "off.json"), off: map[string]bool{}}
			if c.text != "" {
				if err := os.WriteFile(s.path, []byte(c.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.load(); (err != nil) != c.fail || err != nil && !strings.Contains(err.Error(), "remove it to have all on") {
				t.Errorf("said %v", err)
			}
			if got := s.names(); !slices.Equal(got, c.want) {
				t.Errorf("off are %v, want %v", got, c.want)
			}
		})
	}
	t.Run("does not grow without end", func(t *testing.T) {
		s := &toolSwitch{path: filepath.Join(t.TempDir(), "off.json"), off: map[string]bool{}}
		many := make([]string, maxToolsOff+1)
		for i := range many {
			many[i] = strings.Repeat("x", i+1)
		}
		if err := s.set(many, false); err == nil || len(s.names()) != 0 {
			t.Errorf("said %v, and %d are off", err, len(s.names()))
		}
	})
}
