// Package alarm says when a room is too hot.
package alarm

import (
	"context"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/examples/house"
)

// Module is the alarm service.
var Module = kit.Service[*Service]("alarm", kit.Env[Config](), fx.Provide(New))

// Config is read from ALARM_* variables.
type Config struct {
	Limit float64 `default:"30" desc:"degrees Celsius above which the alarm is on; it is off again one degree below"`
}

// Service keeps the alarm of each room.
type Service struct {
	cfg Config
	bus *kit.Bus
	on  map[string]bool // by room
}

// New returns an alarm that knows no room yet.
func New(cfg Config, bus *kit.Bus) *Service { return &Service{cfg, bus, map[string]bool{}} }

// Handlers declares what the alarm listens to.
func (s *Service) Handlers() []kit.Handler {
	return []kit.Handler{kit.On(s.heard), kit.Asks[house.History](), kit.Sends[house.Alarm]()}
}

func (s *Service) heard(ctx context.Context, r house.Reading) error {
	was, known := s.on[r.Room]
	hot := r.Celsius > s.cfg.Limit || was && r.Celsius > s.cfg.Limit-1
	if known && hot == was {
		return nil
	}
	past, err := kit.Ask(ctx, s.bus, house.History{Room: r.Room, Last: 5})
	if err != nil {
		return err
	}
	s.on[r.Room] = hot
	return s.bus.Publish(ctx, house.Alarm{Room: r.Room, On: hot, Celsius: r.Celsius, Before: past.Celsius})
}
