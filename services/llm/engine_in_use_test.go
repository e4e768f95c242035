package llm

import (
	"testing"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/llm/engine"
)

// Whoever is asked in a cloud is named on the bus, and kept there for pages that come later.
func TestCloudIsToldOnTheBus(t *testing.T) {
	tests := map[string]struct {
		c            engine.Config
		engine, host string
	}{
		"a key of OpenAI":         {engine.Config{Engine: "auto", APIKey: "k", Timeout: 1}, "openai", "api.openai.com"},
		"a server in a cloud":     {engine.Config{Engine: "auto", BaseURL: "https://llm.example.com:8443/v1", APIKey: "k"}, "openai", "llm.example.com"},
		"a server in the house":   {engine.Config{Engine: "auto", BaseURL: "http://192.168.1.7:11434/v1"}, "openai", "<nil>"},
		"the answers built in":    {engine.Config{Engine: "builtin"}, "builtin", "<nil>"},
		"nothing set, none found": {engine.Config{Engine: "auto", Hosts: []string{"none"}}, "builtin", "<nil>"},
	}
	for name, tt := range tests {
		e, err := engine.New(tt.c, nil, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			b.Settle()
			in, kept := kittest.Retained[contract.EngineInUse](t, b, "tars-llm")
			if !kept || in.Engine != tt.engine || value(in.Cloud) != tt.host {
				t.Errorf("kept %v, engine %q, cloud %q, want %q and %q", kept, in.Engine, value(in.Cloud), tt.engine, tt.host)
			}
		}, Module.With(fx.Replace(settings()), fx.Decorate(func(engine.Generator) engine.Generator { return e })))
	}
}
