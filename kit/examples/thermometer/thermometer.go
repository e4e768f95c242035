// Package thermometer measures the temperature of a room, and remembers it.
package thermometer

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/examples/house"
)

// Module is the thermometer service.
var Module = kit.Service[*Service]("thermometer", kit.Env[Config](), fx.Provide(New, NewSensor))

// Config is read from THERMOMETER_* variables.
type Config struct {
	Room        string        `default:"hall" desc:"where it hangs"`
	Every       time.Duration `default:"10s" desc:"time between two readings"`
	MaxReadings int           `split_words:"true" default:"100" desc:"how many readings it remembers"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	if c.MaxReadings < 1 {
		return fmt.Errorf("THERMOMETER_MAX_READINGS is %d, want 1 or more", c.MaxReadings)
	}
	return nil
}

// Service publishes readings, and answers what they were.
type Service struct {
	cfg    Config
	bus    *kit.Bus
	sensor Sensor
	past   []float64 // the oldest first; of the lane
}

// New returns a thermometer that reads sensor.
func New(cfg Config, bus *kit.Bus, sensor Sensor) *Service { return &Service{cfg, bus, sensor, nil} }

// Handlers declares what the thermometer does.
func (s *Service) Handlers() []kit.Handler {
	past := kit.Lane("past") // one at a time, so there is no lock
	return []kit.Handler{
		kit.Every(s.cfg.Every, s.measure, past),
		kit.Answer(s.history, past),
		kit.Stream(s.report, kit.CancelledBy(func(c house.Stop) string { return c.ID }, func(r house.Report) string { return r.ID })),
		kit.Sends[house.Reading](),
	}
}

func (s *Service) measure(ctx context.Context) error {
	c, err := s.sensor.Read(ctx)
	if err != nil {
		return err
	}
	s.past = append(s.past[max(0, len(s.past)+1-s.cfg.MaxReadings):], c)
	return s.bus.Publish(ctx, house.Reading{Room: s.cfg.Room, Celsius: c})
}

func (s *Service) history(_ context.Context, q house.History) (house.Readings, error) {
	if q.Room != s.cfg.Room {
		return house.Readings{}, kit.Drop("another_room") // its own thermometer answers
	}
	return house.Readings{Room: q.Room, Celsius: s.past[max(0, len(s.past)-q.Last):]}, nil
}

func (s *Service) report(ctx context.Context, q house.Report, send func(house.Line) error) (house.Summary, error) {
	sum := house.Summary{ID: q.ID}
	for i := range q.Lines {
		c, err := s.sensor.Read(ctx)
		if err == nil {
			err = send(house.Line{ID: q.ID, Seq: i, Celsius: c})
		}
		if err != nil {
			return sum, err
		}
		sum.Mean += c / float64(q.Lines)
	}
	return sum, nil
}
