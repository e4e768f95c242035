package uiweb_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	uiweb "github.com/gotars/tars/services/ui-web"
)

func TestTheCharacterIsChanged(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		code int
		want contract.CharacterUpdate // zero: nothing is sent
	}{
		"by a trait":                  {`{"trait":"humor","value":70}`, 200, contract.CharacterUpdate{Trait: &contract.CharacterTraitUpdate{Section: "traits", Trait: "humor", Value: 70}}},
		"by a trait that becomes 0":   {`{"trait":"humor","value":0}`, 200, contract.CharacterUpdate{Trait: &contract.CharacterTraitUpdate{Section: "traits", Trait: "humor"}}},
		"back to what it was":         {`{"reset":true}`, 200, contract.CharacterUpdate{Reset: &contract.CharacterResetTraits{Action: "reset_traits"}}},
		"not by more than there is":   {`{"trait":"humor","value":101}`, 400, contract.CharacterUpdate{}},
		"not by less than nothing":    {`{"trait":"humor","value":-1}`, 400, contract.CharacterUpdate{}},
		"not without a value":         {`{"trait":"humor"}`, 400, contract.CharacterUpdate{}},
		"not by a trait without name": {`{"trait":" ","value":1}`, 400, contract.CharacterUpdate{}},
		"not by a name that is long":  {`{"trait":"` + strings.Repeat("x", 65) + `","value":1}`, 400, contract.CharacterUpdate{}},
		"not by both at once":         {`{"trait":"humor","value":1,"reset":true}`, 400, contract.CharacterUpdate{}},
	} {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			changes := kittest.Watch[contract.CharacterUpdate](b)
			if code, said := call(t, b, http.MethodPost, "/api/character", c.body, own); code != c.code {
				t.Fatalf("answered with %d %s, want %d", code, said, c.code)
			}
			if c.code != 200 {
				return
			}
			got, _ := changes.Next(t)
			switch {
			case c.want.Reset != nil:
				if got.Reset == nil || got.Reset.Action != c.want.Reset.Action {
					t.Errorf("sent %+v", got)
				}
			case got.Trait == nil || got.Trait.Trait != c.want.Trait.Trait || got.Trait.Value != c.want.Trait.Value || got.Trait.Section != "traits":
				t.Errorf("sent %+v", got.Trait)
			}
		}, module(uiweb.Config{}))
	}
}

func TestToolsAreSwitched(t *testing.T) {
	var asked []contract.ToolSwitch
	llm := kittest.ServiceOf("llm", kit.Answer(func(_ context.Context, q contract.ToolSwitch) (contract.ToolSwitched, error) {
		asked = append(asked, q)
		return contract.ToolSwitched{Off: q.Names}, nil
	}))
	kittest.Run(t, "by the language model's service", func(t *testing.T, b *kittest.Harness) {
		code, said := call(t, b, http.MethodPost, "/api/tools", `{"names":["mcp__time__now"],"on":false}`, own)
		if code != 200 || !strings.Contains(said, `"off":["mcp__time__now"]`) {
			t.Errorf("answered with %d %s", code, said)
		}
		if len(asked) != 1 || asked[0].On || !slices.Equal(asked[0].Names, []string{"mcp__time__now"}) {
			t.Errorf("asked %+v", asked)
		}
		for _, body := range []string{`{"names":[],"on":true}`, `{"names":["x"]}`} {
			if code, _ := call(t, b, http.MethodPost, "/api/tools", body, own); code != 400 {
				t.Errorf("%s is answered with %d, want 400", body, code)
			}
		}
	}, module(uiweb.Config{}), llm)
	kittest.Run(t, "or it is told that it does not answer", func(t *testing.T, b *kittest.Harness) {
		code, said := call(t, b, http.MethodPost, "/api/tools", `{"names":["mcp__time__now"],"on":false}`, own)
		if code != http.StatusGatewayTimeout || !strings.Contains(said, "does not answer") {
			t.Errorf("answered with %d %s", code, said)
		}
	}, module(uiweb.Config{}))
}

func TestAPageThatComesLaterKnowsTheCharacterAndTheTools(t *testing.T) {
	kittest.Run(t, "as it knows the timers", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, contract.CharacterSnapshot{Name: "TARS", Traits: map[string]any{"humor": 75}})
		b.Publish(t, contract.ToolsRegistry{Tools: []contract.ToolSpec{}, Off: []contract.ToolSpec{{Type: "function", Function: map[string]any{"name": "mcp__time__now"}}}})
		b.Settle()
		p := open(t, b, "3f2a")
		p.until(t, "llm/tools/registry")
		p.until(t, "system/character/current")
	}, module(uiweb.Config{}))
}
