package main

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"github.com/gotars/tars/engines/discovery"
	local "github.com/gotars/tars/engines/install"
	"github.com/gotars/tars/engines/supervise"
	"github.com/gotars/tars/kit"
)

// keepEngines runs what make engines installs, as soon as something needs it.
// Without that, or with a damaged installation, there are the engines that run
// anyway and those that are built in. It returns nil when none are wanted.
func keepEngines(ctx context.Context, home kit.Home) (*supervise.Keeper, error) {
	if wanted, err := local.Wanted(os.Getenv("ENGINES")); err != nil || !wanted {
		return nil, err
	}
	o, err := engineOptions(home, commandLogLevel)
	if err != nil {
		return nil, err
	}
	return supervise.Keep(ctx, o), nil
}

// engineOptions are those of the environment; level is that of the log where LOG_LEVEL
// is not set.
func engineOptions(home kit.Home, level slog.Level) (supervise.Options, error) {
	c, err := kit.FromEnv[supervise.Config]("engines")
	if err != nil {
		return supervise.Options{}, err
	}
	log, err := kit.NewLoggerAt(os.Stderr, level)
	return supervise.Options{Config: c, Home: string(home), Log: log}, err
}

// installedNames names the installed engines that tars up runs, for a person.
func installedNames(ctx context.Context, home kit.Home) string {
	running, _ := discovery.Installed(ctx, string(home))
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
	o, err := engineOptions(home, slog.LevelInfo)
	if err != nil {
		return err
	}
	if os.Getenv("ENGINES_IDLE") == "" {
		o.Idle = 0 // engines never stop: who looks for one on another machine wants an answer at once
	}
	o.Host = os.Getenv("ENGINES_BIND")
	return supervise.Serve(ctx, o, os.Stdout)
}
