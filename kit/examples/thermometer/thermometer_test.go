package thermometer_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/examples/house"
	"github.com/gotars/tars/kit/examples/thermometer"
	"github.com/gotars/tars/kit/kittest"
)

// sensor reads what its script says.
type sensor struct{ *kittest.Actor[float64] }

func (s sensor) Read(ctx context.Context) (float64, error) { return s.Next(ctx) }

// with is the module with a scripted sensor, which takes a second to measure.
func with(celsius ...float64) kit.Module {
	var steps []kittest.Step[float64]
	for _, c := range celsius {
		steps = append(steps, kittest.After(time.Second, c))
	}
	return thermometer.Module.With(
		fx.Replace(thermometer.Config{Room: "attic", Every: 30 * time.Second, MaxReadings: 100}),
		fx.Decorate(func(thermometer.Sensor) thermometer.Sensor {
			return sensor{kittest.Script(append(steps, kittest.Fails[float64](0, errors.New("out of battery")))...)}
		}))
}

func TestReadings(t *testing.T) {
	kittest.Run(t, "are published, and can be asked for", func(t *testing.T, b *kittest.Harness) {
		seen := kittest.Watch[house.Reading](b)
		for _, want := range []float64{20, 21, 22} {
			if r, _ := seen.Next(t); r != (house.Reading{Room: "attic", Celsius: want}) {
				t.Errorf("read %+v, want %v", r, want)
			}
		}
		if got := kittest.Ask(t, b, house.History{Room: "attic", Last: 2}); !slices.Equal(got.Celsius, []float64{21, 22}) {
			t.Errorf("history is %+v", got)
		}
		time.Sleep(time.Minute)
		seen.None(t) // out of battery
	}, with(20, 21, 22))
}

func TestReport(t *testing.T) {
	kittest.Run(t, "lines, then the mean", func(t *testing.T, b *kittest.Harness) {
		var sum house.Summary
		var lines []float64
		for l, err := range kit.AskStream(t.Context(), b.Bus, house.Report{ID: "r", Lines: 3}, &sum) {
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, l.Celsius)
		}
		if !slices.Equal(lines, []float64{20, 21, 22}) || sum.Mean != 21 || sum.Err != nil {
			t.Errorf("lines %v and %+v", lines, sum)
		}
	}, with(20, 21, 22))
	kittest.Run(t, "a failure ends it", func(t *testing.T, b *kittest.Harness) {
		var sum house.Summary
		for range kit.AskStream(t.Context(), b.Bus, house.Report{ID: "r", Lines: 3}, &sum) {
		}
		if sum.Err == nil || *sum.Err != "out of battery" {
			t.Errorf("summary %+v", sum)
		}
	}, with(20))
	kittest.Run(t, "a reader who leaves ends it at once", func(t *testing.T, b *kittest.Harness) {
		ends := kittest.Watch[house.Summary](b)
		begin := time.Now()
		for range kit.AskStream(t.Context(), b.Bus, house.Report{ID: "r", Lines: 3}, nil) {
			break
		}
		if e, _ := ends.Next(t); e.Err == nil || *e.Err != "cancelled" || time.Since(begin) > 1500*time.Millisecond {
			t.Errorf("ended with %+v after %s", e, time.Since(begin))
		}
	}, with(20, 21, 22))
}
