package main

import (
	"context"
	"fmt"
	"os"

	"github.com/gotars/tars/kit"
	local "github.com/gotars/tars/ops/engines"
	"github.com/gotars/tars/ops/engines/find"
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
	i, err := local.New(string(home), local.NewProgress(os.Stdout))
	if err != nil {
		return err
	}
	i.Dry = c.DryRun
	if err := i.Install(ctx, c.Parts...); err != nil || c.DryRun {
		return err
	}
	return told(home)
}

// told says what there is afterwards.
func told(home kit.Home) error {
	servers, err := local.Servers(string(home))
	if err != nil {
		return err
	}
	for _, s := range servers {
		for _, f := range s.Serves {
			fmt.Printf("%-6s %s\n", f.Kind, f.Name)
		}
	}
	fmt.Println("They are run by tars up, when something asks for them. One that runs already takes them up when it is started again.")
	return nil
}

// enginesListCmd lists.
type enginesListCmd struct{}

// Run implements the command.
func (enginesListCmd) Run(home kit.Home) error {
	i, err := local.New(string(home), local.NewProgress(os.Stdout))
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
	i, err := local.New(string(home), local.NewProgress(os.Stdout))
	if err != nil {
		return err
	}
	i.Dry = c.DryRun
	if err := i.Remove(ctx, c.Parts...); err != nil || c.DryRun {
		return err
	}
	fmt.Print(missed(ctx, home))
	return nil
}

// missed is a line about who runs engines that were taken away.
func missed(ctx context.Context, home kit.Home) string {
	running, ok := find.Installed(ctx, string(home))
	if !ok {
		return ""
	}
	return fmt.Sprintf("Process %d still counts on what was there: start that tars again.\n", running.PID)
}

// enginesUpdateCmd updates.
type enginesUpdateCmd struct {
	DryRun bool `help:"Only say what."`
}

// Run implements the command.
func (c *enginesUpdateCmd) Run(ctx context.Context, home kit.Home) error {
	i, err := local.New(string(home), local.NewProgress(os.Stdout))
	if err != nil {
		return err
	}
	i.Dry = c.DryRun
	if err := i.Update(ctx); err != nil || c.DryRun {
		return err
	}
	return told(home)
}

// enginesOfferCmd asks.
type enginesOfferCmd struct{}

// Run implements the command.
func (enginesOfferCmd) Run(ctx context.Context, home kit.Home) error {
	i, err := local.New(string(home), local.NewProgress(os.Stdout))
	if err != nil {
		return err
	}
	return i.Offer(ctx, os.Getenv("ENGINES"), os.Stdin, terminal(os.Stdin) && terminal(os.Stdout))
}

func terminal(f *os.File) bool {
	s, err := f.Stat()
	return err == nil && s.Mode()&os.ModeCharDevice != 0
}
