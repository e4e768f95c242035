package main

import (
	"context"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/examples/alarm"
	"github.com/gotars/tars/kit/examples/house"
	"github.com/gotars/tars/kit/examples/thermometer"
	"github.com/gotars/tars/kit/kittest"
)

// sensor reads what its script says.
type sensor struct{ *kittest.Actor[float64] }

func (s sensor) Read(ctx context.Context) (float64, error) { return s.Next(ctx) }

func TestHome(t *testing.T) {
	heat := func(thermometer.Sensor) thermometer.Sensor {
		return sensor{kittest.Script(kittest.After(time.Second, 29.0), kittest.After(time.Second, 31.0), kittest.Hangs[float64]())}
	}
	kittest.Run(t, "a hot room rings, and the alarm knows what was before", func(t *testing.T, b *kittest.Harness) {
		said := kittest.Watch[house.Alarm](b)
		if a, _ := said.Next(t); a.On || a.Room != "hall" {
			t.Errorf("first: %+v", a)
		}
		a, m := said.Next(t)
		if !a.On || len(a.Before) != 2 || a.Before[0] != 29 || a.Before[1] != 31 {
			t.Errorf("then: %+v", a)
		}
		if m.Source != "alarm" {
			t.Errorf("from %s", m.Source)
		}
		b.Kill("alarm") // the broker keeps what it said
		late := make(chan house.Alarm, 1)
		b.Add(t, kittest.ServiceOf("siren", kit.On(func(_ context.Context, a house.Alarm) error { late <- a; return nil }, kit.Name("alarm"))))
		if a := <-late; !a.On || a.Celsius != 31 {
			t.Errorf("kept: %+v", a)
		}
	}, alarm.Module, thermometer.Module.With(fx.Decorate(heat)))
}
