package kit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// Whatever the text of an error is, whoever asked or watches hears of it.
func TestErrorsOfAnyTextAreTold(t *testing.T) {
	for name, text := range map[string]string{
		"no UTF-8":           "engine: \xff\xfe",
		"control characters": "engine: \x00\x01\t\u0085\uFFFF",
		"a whole page":       "engine: " + strings.Repeat("<p>\x01é", 1<<20),
		"half a character":   "engine: " + strings.Repeat("é", 1<<20),
	} {
		fails := map[string]func() error{
			"as an error": func() error { return errors.New(text) },
			"with a code": func() error { return &kit.Error{Code: kit.Code(text), Message: text} },
			"as a panic":  func() error { panic(text) },
		}
		for how, fail := range fails {
			kittest.Run(t, name+" "+how, func(t *testing.T, b *kittest.Harness) {
				begin := time.Now()
				if _, err := kit.Ask(t.Context(), b.Bus, Question{Text: "?"}); err == nil || !strings.Contains(err.Error(), "engine: ") {
					t.Errorf("Ask returns %.100v", err)
				}
				ends := kittest.Watch[End](b)
				b.Publish(t, Essay{ID: "x"})
				if end, _ := ends.Next(t); end.Err == nil || !strings.Contains(*end.Err, "engine: ") {
					t.Errorf("ended with %.100v", end.Err)
				}
				b.Settle() // an error is told before it is counted
				stats := kittest.WatchRaw(b, "system/stats/s")
				b.PublishRaw(t, "system/stats/get", `{}`)
				if d, _ := stats.Next(t); !strings.Contains(string(d.Payload), "engine: ") {
					t.Errorf("stats are %.100s", d.Payload)
				}
				if took := time.Since(begin); took > time.Second {
					t.Errorf("took %s", took)
				}
			}, kittest.ServiceOf("s",
				kit.Answer(func(context.Context, Question) (QuickReply, error) { return QuickReply{}, fail() }),
				kit.Stream(func(context.Context, Essay, func(Word) error) (End, error) { return End{}, fail() })))
		}
		kittest.Run(t, name+" of Healthy", func(t *testing.T, b *kittest.Harness) {
			health := kittest.WatchHealth(b, "s")
			b.Add(t, kit.Service[*sick]("s", fx.Supply(&sick{func(context.Context) error { return errors.New(text) }})))
			time.Sleep(30 * time.Second)
			_, _ = health.Next(t) // ready
			if h, _ := health.Next(t); h.Event != "degraded" || !strings.Contains(h.Err, "engine: ") {
				t.Errorf("health is %s %.100s", h.Event, h.Err)
			}
			health.None(t)
		})
		kittest.Run(t, name+" of a Loop", func(t *testing.T, b *kittest.Harness) {
			b.Add(t, kittest.ServiceOf("s", kit.Loop(func(context.Context) error { return errors.New(text) })))
			time.Sleep(100 * time.Millisecond)
			if h := string(b.Broker.Retained("system/health/s")[0]); !strings.Contains(h, "engine: ") {
				t.Errorf("health is %.100s", h)
			}
		})
	}
}
