// Package template greets who speaks after a long silence.
//
// It is where every new service begins: copy the directory, rename the package,
// and write what it should hear and do.
package template

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// Module is the template service.
var Module = kit.Service[*Service]("template", kit.Env[Config](), fx.Provide(New))

// Config is read from TEMPLATE_* variables.
type Config struct {
	Silence  time.Duration `default:"4h" desc:"how long nobody must have spoken"`
	Greeting string        `default:"Welcome back." desc:"what is said then"`
}

// Validate reports the first setting that cannot work.
func (c *Config) Validate() error {
	if c.Silence <= 0 {
		return fmt.Errorf("TEMPLATE_SILENCE is %s, want more than 0", c.Silence)
	}
	return nil
}

// Service remembers when there was speech last. Its handlers share a lane, so
// they run one at a time and it needs no lock.
type Service struct {
	cfg  Config
	bus  *kit.Bus
	last time.Time
}

// New returns a service that speaks through bus. It does no I/O.
func New(cfg Config, bus *kit.Bus) *Service { return &Service{cfg: cfg, bus: bus, last: time.Now()} }

// Handlers declares what the service listens to and what it publishes.
func (s *Service) Handlers() []kit.Handler {
	speech := kit.Lane("speech")
	return []kit.Handler{
		kit.On(s.heard, speech),
		kit.On(s.spoke, speech),
		kit.Sends[contract.TtsSay](),
	}
}

// heard greets when the transcript ends a silence.
func (s *Service) heard(ctx context.Context, _ contract.FinalTranscript) error {
	silent := time.Since(s.last)
	s.last = time.Now()
	if silent < s.cfg.Silence {
		return nil
	}
	return s.bus.Publish(ctx, contract.TtsSay{Text: s.cfg.Greeting, SystemAnnounce: new(true)})
}

// spoke counts the assistant's own voice as speech.
func (s *Service) spoke(context.Context, contract.TtsStatus) error {
	s.last = time.Now()
	return nil
}
