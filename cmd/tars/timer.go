package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// timerCmd keeps timers, alarms and reminders from a terminal.
type timerCmd struct {
	List   timerListCmd   `cmd:"" default:"1" help:"List timers, alarms and reminders, the next one first."`
	Set    timerSetCmd    `cmd:"" help:"Set one: tars timer set 10 minutes --name pasta, tars timer set every weekday at 7."`
	Cancel timerCancelCmd `cmd:"" help:"Cancel one by its id or its name, or all."`
}

type timerListCmd struct{}

// timerSetCmd sets a timer for a length, and an alarm for a time.
type timerSetCmd struct {
	When  []string `arg:"" help:"A length or a time: 10 minutes, half past six, tomorrow at noon, every weekday at 7."`
	Name  string   `help:"Its name."`
	About string   `help:"What to be reminded of; makes it a reminder."`
	Room  string   `help:"Where it rings. Default: where all other speech is played."`
	Lang  string   `default:"en" help:"Language of the time, and of what is said then: en or de."`
}

type timerCancelCmd struct {
	Which string `arg:"" help:"Its id or name, or all."`
}

// timersTimeout is how long a command waits for the service.
const timersTimeout = 5 * time.Second

// askTimers sends a command to the service of the timers.
func askTimers(ctx context.Context, home kit.Home, room string, c contract.TimerCommand) ([]contract.Timer, error) {
	bus, err := address.Open(ctx, home, "tars-cli", kit.Asks[contract.TimerCommand]())
	if err != nil {
		return nil, err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	return commandTimers(ctx, bus, room, c)
}

// commandTimers is [askTimers] on a bus that is open.
func commandTimers(ctx context.Context, bus *kit.Bus, room string, c contract.TimerCommand) ([]contract.Timer, error) {
	ctx, cancel := context.WithTimeout(ctx, timersTimeout)
	defer cancel()
	if room != "" {
		ctx = kit.WithBaggage(ctx, "room", room)
	}
	r, err := kit.Ask(ctx, bus, c)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: is the service timer running? See tars doctor", err)
	case r.Error != nil:
		return nil, errors.New(*r.Error)
	}
	return r.Timers, nil
}

// Run implements the command.
func (timerListCmd) Run(ctx context.Context, home kit.Home) error {
	all, err := askTimers(ctx, home, "", contract.TimerCommand{Action: contract.TimerList})
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Println("There is no timer, alarm or reminder.")
		return nil
	}
	return printTimers(os.Stdout, all, time.Now())
}

// Run implements the command.
func (c *timerSetCmd) Run(ctx context.Context, home kit.Home) error {
	cmd := contract.TimerCommand{Action: contract.TimerSet, When: new(strings.Join(c.When, " ")), Lang: &c.Lang}
	if c.Name != "" {
		cmd.Name = &c.Name
	}
	if c.About != "" {
		cmd.About = &c.About
	}
	set, err := askTimers(ctx, home, c.Room, cmd)
	if err != nil {
		return err
	}
	return printTimers(os.Stdout, set, time.Now())
}

// Run implements the command.
func (c *timerCancelCmd) Run(ctx context.Context, home kit.Home) error {
	over, err := cancelTimers(c.Which, func(cmd contract.TimerCommand) ([]contract.Timer, error) {
		return askTimers(ctx, home, "", cmd)
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d cancelled\n", len(over))
	return nil
}

// cancelTimers cancels all, or what has an id, else what has a name.
func cancelTimers(which string, ask func(contract.TimerCommand) ([]contract.Timer, error)) ([]contract.Timer, error) {
	if which == "all" {
		return ask(contract.TimerCommand{Action: contract.TimerCancel, ID: new("*")})
	}
	over, err := ask(contract.TimerCommand{Action: contract.TimerCancel, ID: &which})
	if err != nil && strings.Contains(err.Error(), "there is no timer") {
		return ask(contract.TimerCommand{Action: contract.TimerCancel, Name: &which})
	}
	return over, err
}

func printTimers(out io.Writer, all []contract.Timer, now time.Time) error {
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "ID\tKIND\tNAME\tRINGS\tREPEAT\tROOM")
	text := func(s *string) string {
		if s == nil || *s == "" {
			return "-"
		}
		return *s
	}
	for _, x := range all {
		name := text(x.Name)
		if x.About != nil {
			name = *x.About
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", x.ID, x.Kind, name, timerRings(x, now), text(x.Repeat), text(x.Room))
	}
	return t.Flush()
}

// timerRings is when a timer rings, for a reader.
func timerRings(x contract.Timer, now time.Time) string {
	due := time.UnixMicro(int64(x.Due * 1e6))
	switch {
	case x.State == contract.TimerPaused && x.Remaining != nil:
		return "paused, " + time.Duration(*x.Remaining*float64(time.Second)).Round(time.Second).String() + " left"
	case x.State != contract.TimerWaiting:
		return x.State
	case x.Seconds != nil:
		return "in " + due.Sub(now).Round(time.Second).String()
	}
	return due.Format("Mon 2 Jan 15:04")
}
