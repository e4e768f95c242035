package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gotars/tars/kit"
)

// Dead is about dead letters.
type Dead struct {
	List   DeadList   `cmd:"" default:"1" help:"List the letters that the broker keeps."`
	Show   DeadShow   `cmd:"" help:"Print letters in full."`
	Replay DeadReplay `cmd:"" help:"Give letters to the service that failed on them once more, and to nobody else."`
	Drop   DeadDrop   `cmd:"" help:"Forget letters."`
}

// withLetters opens a bus, reads the letters, and calls do with them, the oldest
// first.
func withLetters(ctx context.Context, tool *Tool, do func(*Letters, *kit.Bus, []Letter) error) error {
	s, err := tool.Settings()
	if err != nil {
		return err
	}
	o := NewLetters(s)
	bus, err := tool.Open(ctx, o.Handlers()...)
	if err != nil {
		return err
	}
	o.AwaitPause(ctx)
	return errors.Join(do(o, bus, o.All()), bus.Close(context.WithoutCancel(ctx)))
}

// chooseLetters are the letters whose ids begin with one of the given, or all.
func chooseLetters(all []Letter, ids []string, every bool) ([]Letter, error) {
	if every == (len(ids) > 0) {
		return nil, errors.New("name letters by the first digits of their ids, or all of them with --all; the command dead lists them")
	}
	if every {
		return all, nil
	}
	var out []Letter
	for _, id := range ids {
		n := 0
		for _, l := range all {
			if strings.HasPrefix(l.ID, id) {
				out = append(out, l)
				n++
			}
		}
		if n != 1 {
			return nil, fmt.Errorf("%d letters have an id that begins with %s; the command dead lists them", n, id)
		}
	}
	return out, nil
}

type DeadList struct{}

// Run implements the command.
func (DeadList) Run(ctx context.Context, tool *Tool) error {
	return withLetters(ctx, tool, func(_ *Letters, _ *kit.Bus, all []Letter) error {
		if len(all) == 0 {
			fmt.Fprintln(tool.errs(), "no dead letters")
			return nil
		}
		t := tabwriter.NewWriter(tool.out(), 0, 0, 3, ' ', 0)
		fmt.Fprintln(t, "LETTER\tSENT\tCLIENT\tHANDLER\tTOPIC\tTRIES\tREASON")
		for _, l := range all {
			sent := "-"
			if !l.d.Sent.IsZero() {
				sent = l.d.Sent.Format(time.DateTime)
			}
			fmt.Fprintf(t, "%.8s\t%s\t%s\t%s\t%s\t%s\t%.80s\n", l.ID, sent, l.Client, l.Header["handler"], l.Header["topic"], l.Header["attempts"], l.Problem)
		}
		return t.Flush()
	})
}

// letters are those a command is about.
type letters struct {
	IDs []string `arg:"" optional:"" name:"letter" help:"First digits of their ids."`
	All bool     `help:"All of them."`
}

type DeadShow struct{ letters }

// Run implements the command.
func (c *DeadShow) Run(ctx context.Context, tool *Tool) error {
	return withLetters(ctx, tool, func(_ *Letters, _ *kit.Bus, all []Letter) error {
		which, err := chooseLetters(all, c.IDs, c.All)
		for _, l := range which {
			fmt.Fprintf(tool.out(), "letter    %s\nclient    %s\n", l.ID, l.Client)
			for _, k := range slices.Sorted(maps.Keys(l.Header)) {
				fmt.Fprintf(tool.out(), "%-9s %s\n", k, strings.ReplaceAll(strings.TrimSpace(l.Header[k]), "\n", "\n          "))
			}
			fmt.Fprintf(tool.out(), "payload   %s\n\n", l.d.Payload)
		}
		return err
	})
}

type DeadReplay struct{ letters }

// Run implements the command.
func (c *DeadReplay) Run(ctx context.Context, tool *Tool) error {
	return withLetters(ctx, tool, func(o *Letters, bus *kit.Bus, all []Letter) error {
		which, err := chooseLetters(all, c.IDs, c.All)
		for _, l := range which {
			if err := o.Replay(ctx, bus, l); err != nil {
				return fmt.Errorf("letter %.8s: %w", l.ID, err)
			}
			fmt.Fprintf(tool.out(), "%.8s  %s to %s\n", l.ID, l.Header["topic"], l.Client)
		}
		return err
	})
}

type DeadDrop struct{ letters }

// Run implements the command.
func (c *DeadDrop) Run(ctx context.Context, tool *Tool) error {
	return withLetters(ctx, tool, func(_ *Letters, bus *kit.Bus, all []Letter) error {
		which, err := chooseLetters(all, c.IDs, c.All)
		for _, l := range which {
			if err := l.Drop(ctx, bus); err != nil {
				return fmt.Errorf("letter %.8s: %w", l.ID, err)
			}
			fmt.Fprintf(tool.out(), "%.8s  dropped\n", l.ID)
		}
		return err
	})
}
