package template_test

import (
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/services/template"
)

func TestGreeting(t *testing.T) {
	tests := map[string]struct {
		silence time.Duration
		want    int
	}{
		"after a long silence":  {silence: 2 * time.Minute, want: 1},
		"not in a conversation": {silence: 59 * time.Second, want: 0},
	}
	mod := template.Module.With(fx.Replace(template.Config{Silence: time.Minute, Greeting: "Welcome back."}))
	for name, tt := range tests {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			said := kittest.Watch[contract.TtsSay](b)
			b.Publish(t, contract.TtsStatus{Event: contract.TtsSpeakingEnd})
			b.Settle()
			time.Sleep(tt.silence)
			b.Publish(t, contract.FinalTranscript{Text: "Is anybody there?"})
			b.Settle()
			if got := len(said.All()); got != tt.want {
				t.Errorf("greeted %d times, want %d", got, tt.want)
			}
		}, mod)
	}
}
