package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/gotars/tars/kit"
)

// healthyCmd is for container health checks.
type healthyCmd struct {
	Service string `arg:"" help:"Which service."`
}

// Run implements the command.
func (c *healthyCmd) Run(ctx context.Context, home kit.Home) error {
	board := newHealthBoard()
	bus, err := openBusAt(ctx, home, slog.LevelError, "tars-healthy", kit.On(board.note, kit.Name("health")))
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for {
		if h, ok := healthOf(c.Service, board.all()); ok {
			if !isAlive(h) {
				return fmt.Errorf("%s is %s", c.Service, healthText(h))
			}
			fmt.Println(c.Service, "is", healthText(h))
			return nil
		}
		select {
		case <-board.change:
		case <-ctx.Done():
			return fmt.Errorf("%s has not reported", c.Service)
		}
	}
}
