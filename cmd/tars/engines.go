package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/gotars/tars/cmd/tars/internal/localengines"
	"github.com/gotars/tars/engines/install"
	"github.com/gotars/tars/engines/supervise"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/speech/smartturn"
)

// enginesCmd installs engines that tars up runs.
type enginesCmd struct {
	Install enginesInstallCmd `cmd:"" help:"Install parts, the usual ones when none is named: tars engines install stt:tiny.en tts."`
	List    enginesListCmd    `cmd:"" help:"List the parts: installed or not, size, licence, figures."`
	Remove  enginesRemoveCmd  `cmd:"" help:"Remove parts, everything when none is named."`
	Update  enginesUpdateCmd  `cmd:"" help:"Bring what is installed to the versions of this program."`
	Serve   enginesServeCmd   `cmd:"" help:"Run what is installed for other machines and containers, on ports 8000, 8001, 8002 and 10400."`
	Offer   enginesOfferCmd   `cmd:"" hidden:"" help:"Ask whether to install, once; for make up."`
}

// enginesInstallCmd installs.
type enginesInstallCmd struct {
	Parts  []string `arg:"" optional:"" help:"stt, tts:de_DE-thorsten-medium, ...: see tars engines list."`
	DryRun bool     `help:"Only say what, from where, how large and where to."`
}

// Run implements the command.
func (c *enginesInstallCmd) Run(ctx context.Context, home kit.Home) error {
	i, err := install.New(string(home), install.NewProgress(os.Stdout))
	if err != nil {
		return err
	}
	i.Dry = c.DryRun
	if err := i.Install(ctx, c.Parts...); err != nil || c.DryRun {
		return err
	}
	return printRunnable(home)
}

// printRunnable says what there is afterwards.
func printRunnable(home kit.Home) error {
	servers, err := install.Servers(string(home))
	if err != nil {
		return err
	}
	for _, s := range servers {
		for _, f := range s.Serves {
			fmt.Printf("%-6s %s\n", f.Kind, f.Name)
		}
	}
	if smartturn.Installed(install.Dir(string(home))) == nil {
		fmt.Printf("%-6s %s\n", "turn", "installed Smart Turn, which the service stt runs itself")
	}
	if len(servers) == 0 {
		fmt.Println("Nothing of it runs by itself: see tars engines list.")
		return nil
	}
	fmt.Println("They are run by tars up, when something asks for them. One that runs already uses them within half a minute.")
	return nil
}

// enginesListCmd lists.
type enginesListCmd struct{}

// Run implements the command.
func (enginesListCmd) Run(home kit.Home) error {
	i, err := install.New(string(home), install.NewProgress(os.Stdout))
	if err != nil {
		return err
	}
	return i.List(os.Stdout)
}

// enginesRemoveCmd removes.
type enginesRemoveCmd struct {
	Parts  []string `arg:"" optional:"" help:"Everything when none is named."`
	DryRun bool     `help:"Only say what."`
}

// Run implements the command.
func (c *enginesRemoveCmd) Run(ctx context.Context, home kit.Home) error {
	i, err := install.New(string(home), install.NewProgress(os.Stdout))
	if err != nil {
		return err
	}
	i.Dry = c.DryRun
	return i.Remove(ctx, c.Parts...)
}

// enginesUpdateCmd updates.
type enginesUpdateCmd struct {
	DryRun bool `help:"Only say what."`
}

// Run implements the command.
func (c *enginesUpdateCmd) Run(ctx context.Context, home kit.Home) error {
	i, err := install.New(string(home), install.NewProgress(os.Stdout))
	if err != nil {
		return err
	}
	i.Dry = c.DryRun
	if err := i.Update(ctx); err != nil || c.DryRun {
		return err
	}
	return printRunnable(home)
}

// enginesOfferCmd asks.
type enginesOfferCmd struct{}

// Run implements the command.
func (enginesOfferCmd) Run(ctx context.Context, home kit.Home) error {
	i, err := install.New(string(home), install.NewProgress(os.Stdout))
	if err != nil {
		return err
	}
	return i.Offer(ctx, os.Getenv("ENGINES"), os.Stdin, install.Terminal(os.Stdin) && install.Terminal(os.Stdout))
}

// enginesServeCmd runs the installed engines for other machines and containers.
type enginesServeCmd struct{}

// Run implements the command.
func (enginesServeCmd) Run(ctx context.Context, home kit.Home) error {
	o, err := localengines.Options(home, slog.LevelInfo)
	if err != nil {
		return err
	}
	if os.Getenv("ENGINES_IDLE") == "" {
		o.Idle = 0 // engines never stop: who looks for one on another machine wants an answer at once
	}
	o.Host = os.Getenv("ENGINES_BIND")
	return supervise.Serve(ctx, o, os.Stdout)
}
