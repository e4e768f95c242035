// Package localengines runs the engines that make engines has installed.
package localengines

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/install"
	"github.com/gotars/tars/engines/supervise"
	"github.com/gotars/tars/kit"
)

// Keep runs what make engines installs, each engine as soon as something asks it.
// Without that, or with a damaged installation, there are the engines that run
// anyway and those that are built in. It returns nil when none are wanted.
func Keep(ctx context.Context, home kit.Home) (*supervise.Keeper, error) {
	if wanted, err := install.Wanted(os.Getenv("ENGINES")); err != nil || !wanted {
		return nil, err
	}
	o, err := Options(home, address.LogLevel)
	if err != nil {
		return nil, err
	}
	return supervise.Keep(ctx, o), nil
}

// Options are those of the environment, for the engines of home; level is that of the
// log where LOG_LEVEL is not set.
func Options(home kit.Home, level slog.Level) (supervise.Options, error) {
	c, err := kit.FromEnv[supervise.Config]("engines")
	if err != nil {
		return supervise.Options{}, err
	}
	log, err := kit.NewLoggerAt(os.Stderr, level)
	return supervise.Options{Config: c, Home: string(home), Log: log}, err
}

// Names lists the installed engines that tars up runs, for a person.
func Names(ctx context.Context, home kit.Home) string {
	running, _ := discovery.Installed(ctx, string(home))
	var names []string
	for _, e := range running.Engines {
		names = append(names, e.Name)
	}
	return strings.Join(names, ", ")
}
