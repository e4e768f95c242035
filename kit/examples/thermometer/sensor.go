package thermometer

import (
	"context"
	"math"
	"time"
)

// Sensor measures. A measurement takes as long as it takes, and ends with ctx.
type Sensor interface {
	Read(ctx context.Context) (celsius float64, err error)
}

// NewSensor is a sensor for those who have none: its room warms up and cools
// down within five minutes, between 15 and 35 degrees.
func NewSensor() Sensor { return pretended{} }

type pretended struct{}

func (pretended) Read(ctx context.Context) (float64, error) {
	select {
	case now := <-time.After(200 * time.Millisecond):
		return math.Round(250+100*math.Sin(float64(now.Unix())*2*math.Pi/300)) / 10, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}
