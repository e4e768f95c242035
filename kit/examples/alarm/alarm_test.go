package alarm_test

import (
	"context"
	"testing"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/examples/alarm"
	"github.com/gotars/tars/kit/examples/house"
	"github.com/gotars/tars/kit/kittest"
)

func TestAlarm(t *testing.T) {
	past := kittest.ServiceOf("thermometer", kit.Answer(func(_ context.Context, q house.History) (house.Readings, error) {
		return house.Readings{Room: q.Room, Celsius: []float64{29, 31}}, nil
	}, kit.Name("history")))
	kittest.Run(t, "is on above the limit, and off a degree below it", func(t *testing.T, b *kittest.Harness) {
		said := kittest.Watch[house.Alarm](b)
		for _, c := range []float64{20, 29.5, 30.5, 29.5, 31, 28.9, 29.5} {
			b.Publish(t, house.Reading{Room: "attic", Celsius: c})
			b.Settle() // until everything that this causes is handled
		}
		var got []float64
		for _, a := range said.All() {
			got = append(got, a.Celsius)
			if a.On != (a.Celsius == 30.5) || a.Room != "attic" || len(a.Before) != 2 {
				t.Errorf("said %+v", a)
			}
		}
		if len(got) != 3 {
			t.Errorf("said something at %v, want 20, 30.5 and 28.9", got)
		}
		if a, kept := kittest.Retained[house.Alarm](t, b, "attic"); !kept || a.On {
			t.Errorf("the broker keeps %+v, %v", a, kept)
		}
	}, alarm.Module.With(fx.Replace(alarm.Config{Limit: 30})), past)
}
