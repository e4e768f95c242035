package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/services/llm"
	"github.com/gotars/tars/services/memory"
	"github.com/gotars/tars/services/router"
	"github.com/gotars/tars/services/stt"
	"github.com/gotars/tars/services/tts"
	uiweb "github.com/gotars/tars/services/ui-web"
)

// services is the list of all services; make new adds to it.
var services = []kit.Module{
	stt.Module,
	router.Module,
	llm.Module,
	memory.Module,
	tts.Module,
	uiweb.Module,
}

// named returns the services called names, with home for their data.
func named(home kit.Home, names ...string) ([]kit.Module, error) {
	var mods []kit.Module
	for _, name := range names {
		i := slices.IndexFunc(services, func(m kit.Module) bool { return m.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no service %q (there are %s)", name, strings.Join(serviceNames(), ", "))
		}
		mods = append(mods, services[i].With(fx.Replace(home)))
	}
	return mods, nil
}

func serviceNames() (names []string) {
	for _, m := range services {
		names = append(names, m.Name)
	}
	return names
}

// runCmd runs some services.
type runCmd struct {
	Services []string `arg:"" name:"service" help:"Which: stt, router, llm, memory, tts, ui-web."`
}

// Run implements the command.
func (c *runCmd) Run(ctx context.Context, home kit.Home) error {
	mods, err := named(home, c.Services...)
	if err != nil {
		return err
	}
	if mods, err = pointed(home, mods); err != nil {
		return err
	}
	return runServices(ctx, mods)
}

// pointed returns mods as they connect to a running tars up, unless the
// environment names a broker. Where there is none, a login of the environment is
// for the usual port.
func pointed(home kit.Home, mods []kit.Module) ([]kit.Module, error) {
	if _, err := settings(home, "tars-cli"); err != nil {
		return nil, err
	}
	a := brokerOf(home)
	if a.from != urlFile(home) {
		return mods, nil
	}
	var all []kit.Module
	for _, m := range mods {
		all = append(all, m.With(at(a.url))) // not the environment: child processes would inherit the password
	}
	return all, nil
}
