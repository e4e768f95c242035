package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// characterCmd shows who the assistant is, and changes it.
type characterCmd struct {
	Show  characterShowCmd  `cmd:"" default:"1" help:"Print who the assistant is."`
	Set   characterSetCmd   `cmd:"" help:"Set a trait, for example: tars character set humor 75."`
	Reset characterResetCmd `cmd:"" help:"Set all traits back to those of the character's file."`
}

// characterTimeout is the longest wait for the memory, which keeps the character.
const characterTimeout = 10 * time.Second

// withCharacter has f use the bus.
func withCharacter(ctx context.Context, home kit.Home, f func(context.Context, *kit.Bus) error) error {
	bus, err := address.Open(ctx, home, "tars-cli", kit.Asks[contract.CharacterGetRequest](), kit.Sends[contract.CharacterUpdate]())
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	ctx, stop := context.WithTimeout(ctx, characterTimeout)
	defer stop()
	if err := f(ctx, bus); errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the memory, which keeps the character, does not answer: does it run? See tars doctor")
	} else if err != nil {
		return err
	}
	return nil
}

// currentCharacter asks who the assistant is.
func currentCharacter(ctx context.Context, bus *kit.Bus) (*contract.CharacterSnapshot, error) {
	r, err := kit.Ask(ctx, bus, contract.CharacterGetRequest{})
	if err == nil && r.Snapshot == nil {
		err = errors.New("the memory did not say who the assistant is")
	}
	return r.Snapshot, err
}

// characterShowCmd shows.
type characterShowCmd struct{}

// Run implements the command.
func (c *characterShowCmd) Run(ctx context.Context, home kit.Home) error {
	return withCharacter(ctx, home, func(ctx context.Context, bus *kit.Bus) error {
		who, err := currentCharacter(ctx, bus)
		if err != nil {
			return err
		}
		fmt.Println(who.Name)
		if who.Description != nil {
			fmt.Println(*who.Description)
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		for _, name := range slices.Sorted(maps.Keys(who.Traits)) {
			fmt.Fprintf(w, "%s\t%v\n", name, who.Traits[name])
		}
		return w.Flush()
	})
}

// characterSetCmd sets a trait.
type characterSetCmd struct {
	Trait string `arg:"" help:"Name of the trait; another one than there is creates it."`
	Value string `arg:"" help:"0 to 100, or +N or -N to change it by that."`
}

// Run implements the command.
func (c *characterSetCmd) Run(ctx context.Context, home kit.Home) error {
	value, err := strconv.Atoi(c.Value)
	if err != nil {
		return fmt.Errorf("value is %q, want 0 to 100, +N or -N", c.Value)
	}
	return withCharacter(ctx, home, func(ctx context.Context, bus *kit.Bus) error {
		if strings.HasPrefix(c.Value, "+") || strings.HasPrefix(c.Value, "-") {
			who, err := currentCharacter(ctx, bus)
			if err != nil {
				return err
			}
			old, _ := who.Traits[c.Trait].(float64)
			value = min(100, max(0, int(old)+value))
		}
		if value < 0 || value > 100 {
			return fmt.Errorf("value is %d, want 0 to 100", value)
		}
		u := contract.CharacterUpdate{Trait: &contract.CharacterTraitUpdate{Section: "traits", Trait: c.Trait, Value: value}}
		if err := bus.Publish(ctx, u); err != nil {
			return err
		}
		fmt.Printf("%s is %d\n", c.Trait, value)
		return nil
	})
}

// characterResetCmd resets the traits.
type characterResetCmd struct{}

// Run implements the command.
func (c *characterResetCmd) Run(ctx context.Context, home kit.Home) error {
	return withCharacter(ctx, home, func(ctx context.Context, bus *kit.Bus) error {
		return bus.Publish(ctx, contract.CharacterUpdate{Reset: &contract.CharacterResetTraits{Action: "reset_traits"}})
	})
}
