package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/cmd/tars/internal/health"
	"github.com/gotars/tars/kit"
)

// healthyCmd is for container health checks.
type healthyCmd struct {
	Service string `arg:"" help:"Which service."`
}

// Run implements the command.
func (c *healthyCmd) Run(ctx context.Context, home kit.Home) error {
	board := health.NewBoard()
	bus, err := address.OpenAt(ctx, home, slog.LevelError, "tars-healthy", board.Handler())
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for {
		if h, ok := board.Of(c.Service); ok {
			if !health.IsAlive(h) {
				return fmt.Errorf("%s is %s", c.Service, health.Text(h))
			}
			fmt.Println(c.Service, "is", health.Text(h))
			return nil
		}
		select {
		case <-board.Changed():
		case <-ctx.Done():
			return fmt.Errorf("%s has not reported", c.Service)
		}
	}
}
