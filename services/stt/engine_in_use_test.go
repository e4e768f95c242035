package stt_test

import (
	"testing"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/services/stt/engine"
)

// A cloud that listens for wake words gets all that the microphones hear: it is named on the
// bus, and kept there for pages that come later.
func TestACloudThatListensForWakeWordsIsTold(t *testing.T) {
	tests := map[string]struct{ uri, engine, host string }{
		"a server in a cloud":   {"tcp://wake.example.com:10400", "Wyoming", "wake.example.com"},
		"a server in the house": {"tcp://192.168.1.7:10400", "Wyoming", ""},
		"none":                  {"", "none", ""},
	}
	for name, tt := range tests {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			b.Settle()
			in, kept := kittest.Retained[contract.EngineInUse](t, b, "tars-wake")
			host := ""
			if in.Cloud != nil {
				host = *in.Cloud
			}
			if !kept || in.Engine != tt.engine || host != tt.host {
				t.Errorf("kept %v, engine %q, cloud %q, want %q and %q", kept, in.Engine, host, tt.engine, tt.host)
			}
		}, stt.Module.With(fx.Replace(fx.Annotate(&reader{}, fx.As(new(engine.Transcriber)))), fx.Decorate(func(c stt.Config) stt.Config {
			c.WakeURI, c.Hosts = tt.uri, []string{"none"}
			return c
		})))
	}
}
