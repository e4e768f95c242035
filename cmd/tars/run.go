package main

import (
	"context"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/cmd/tars/internal/process"
	"github.com/gotars/tars/kit"
)

// runCmd runs some services.
type runCmd struct {
	Services []string `arg:"" name:"service" help:"Which: ${services}."`
}

// Run implements the command.
func (c *runCmd) Run(ctx context.Context, home kit.Home) error {
	mods, err := namedModules(home, c.Services...)
	if err != nil {
		return err
	}
	if mods, err = pointedModules(home, mods); err != nil {
		return err
	}
	return process.Run(ctx, mods)
}

// pointedModules returns mods as they connect to a running tars up, unless the
// environment names a broker. Where there is none, a login of the environment is
// for the usual port.
func pointedModules(home kit.Home, mods []kit.Module) ([]kit.Module, error) {
	if _, err := address.Settings(home, "tars-cli"); err != nil {
		return nil, err
	}
	a := address.Find(home)
	if a.From != address.File(home) {
		return mods, nil
	}
	var all []kit.Module
	for _, m := range mods {
		all = append(all, m.With(address.Use(a.URL))) // not the environment: child processes would inherit the password
	}
	return all, nil
}
