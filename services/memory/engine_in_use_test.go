package memory_test

import (
	"testing"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/memory"
)

// A cloud that makes the vectors of what was said is named on the bus, and kept there for
// pages that come later.
func TestACloudThatEmbedsIsTold(t *testing.T) {
	tests := map[string]struct{ engine, url, want, host string }{
		"a server in a cloud":   {"openai", "https://embed.example.com/v1", "OpenAI-compatible", "embed.example.com"},
		"a server in the house": {"openai", "http://192.168.1.7:11434/v1", "OpenAI-compatible", ""},
		"words alone":           {"none", "", "none", ""},
	}
	for name, tt := range tests {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			b.Settle()
			in, kept := kittest.Retained[contract.EngineInUse](t, b, "tars-memory")
			host := ""
			if in.Cloud != nil {
				host = *in.Cloud
			}
			if !kept || in.Engine != tt.want || host != tt.host {
				t.Errorf("kept %v, engine %q, cloud %q, want %q and %q", kept, in.Engine, host, tt.want, tt.host)
			}
		}, memory.Module.With(fx.Decorate(func(c memory.Config) memory.Config {
			c.EmbedEngine, c.EmbedURL, c.EmbedModel = tt.engine, tt.url, "some-model"
			return c
		})))
	}
}
