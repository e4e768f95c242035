package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gotars/tars/kit"
	local "github.com/gotars/tars/ops/engines"
	"github.com/gotars/tars/ops/engines/find"
	"github.com/gotars/tars/ops/engines/supervise"
)

// noEngines is the value of ENGINES that leaves installed engines alone.
const noEngines = "none"

// runEngines is startEngines for those who only wait. stop ends what was
// started.
func runEngines(ctx context.Context, home kit.Home) (stop func(), err error) {
	s, err := startEngines(ctx, home)
	if s == nil {
		return func() {}, err
	}
	return s.Close, err
}

// startEngines runs what make engines installed, as soon as something needs it.
// Without them, or with a damaged installation, there are the engines that run
// anyway and those that are built in, and it returns nil.
func startEngines(ctx context.Context, home kit.Home) (s *supervise.Supervisor, err error) {
	if os.Getenv("ENGINES") == noEngines {
		return nil, nil
	}
	o, err := engineOptions(home)
	if err != nil {
		return nil, err
	}
	servers, err := local.Servers(string(home))
	if err == nil && len(servers) == 0 {
		return nil, nil
	}
	if err == nil {
		s, err = supervise.Start(ctx, servers, o)
	}
	switch {
	case errors.Is(err, supervise.ErrRunning): // its engines serve us too
		return nil, nil
	case err != nil:
		fmt.Fprintln(os.Stderr, "tars: the installed engines do not run:", err)
		return nil, nil
	}
	return s, nil
}

// engineOptions are those of the environment.
func engineOptions(home kit.Home) (supervise.Options, error) {
	c, err := kit.FromEnv[supervise.Config]("engines")
	if err != nil {
		return supervise.Options{}, err
	}
	log, err := kit.NewLogger(os.Stderr)
	return supervise.Options{Config: c, Home: string(home), Log: log}, err
}

// asleep names the installed engines that tars up runs, for a person.
func asleep(ctx context.Context, home kit.Home) string {
	running, _ := find.Installed(ctx, string(home))
	var names []string
	for _, e := range running.Engines {
		names = append(names, e.Name)
	}
	return strings.Join(names, ", ")
}

// enginesServeCmd runs the installed engines for other machines and containers.
type enginesServeCmd struct{}

// Run implements the command.
func (enginesServeCmd) Run(ctx context.Context, home kit.Home) error {
	if os.Getenv("ENGINES_IDLE") == "" {
		_ = os.Setenv("ENGINES_IDLE", "0") // who looks for an engine wants an answer at once
	}
	o, err := engineOptions(home)
	if err != nil {
		return err
	}
	o.Host = os.Getenv("ENGINES_BIND")
	servers, err := local.Servers(string(home))
	if err != nil {
		return err
	}
	return supervise.Serve(ctx, servers, o, os.Stdout)
}
