package kittest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/examples/alarm"
	"github.com/gotars/tars/kit/examples/house"
	"github.com/gotars/tars/kit/kittest"
)

// A fake model says two words with pauses between, and stops when it is told to.
func ExampleScript() {
	model := kittest.Script(kittest.After(time.Millisecond, "hel"), kittest.After(time.Millisecond, "lo"), kittest.Hangs[string]())
	ctx, cancel := context.WithCancel(context.Background())
	err := model.Play(ctx, func(word string) error {
		fmt.Println(word)
		if word == "lo" {
			cancel()
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// hel
	// lo
	// context canceled
}

// The body of a test: the alarm under a fake clock, and a thermometer that has
// seen nothing. alarm_test.go and main_test.go of kit/examples run.
func ExampleRun() {
	var t *testing.T // as go test gives it
	thermometer := kittest.ServiceOf("thermometer", kit.Answer(func(context.Context, house.History) (house.Readings, error) {
		return house.Readings{}, nil
	}))
	kittest.Run(t, "rings above the limit", func(t *testing.T, b *kittest.Harness) {
		said := kittest.Watch[house.Alarm](b)
		b.Publish(t, house.Reading{Room: "attic", Celsius: 31})
		if a, _ := said.Next(t); !a.On {
			t.Errorf("said %+v", a)
		}
	}, alarm.Module.With(fx.Replace(alarm.Config{Limit: 30})), thermometer)
}
