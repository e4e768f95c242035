package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

// Dead is about dead letters.
type Dead struct {
	List   DeadList   `cmd:"" default:"1" help:"List the letters that the broker keeps."`
	Show   DeadShow   `cmd:"" help:"Print letters in full."`
	Replay DeadReplay `cmd:"" help:"Give letters to the service that failed on them once more, and to nobody else."`
	Drop   DeadDrop   `cmd:"" help:"Forget letters."`
}

// letter is one message that could not be handled.
type letter struct {
	id      string // its last topic level
	topic   string // where the broker keeps it
	client  string // that failed
	header  map[string]string
	d       *kit.Delivery
	problem string // first line of the reason
}

// deadLetters holds the letters of all services.
type deadLetters struct {
	system kit.Settings
	roster *roster
	bump   chan struct{}

	mu      sync.Mutex
	letters []letter
}

// asLines is a reason as it was: a letter cannot carry control characters, so the
// kit puts their pictures there.
func asLines(reason string) string {
	return strings.NewReplacer("␊", "\n", "␉", "\t", "␍", "").Replace(reason)
}

func (o *deadLetters) take(_ context.Context, d *kit.Delivery) error {
	if !d.Retained || len(d.Payload) == 0 {
		return nil
	}
	levels := strings.Split(d.Topic, "/")
	l := letter{id: levels[len(levels)-1], topic: d.Topic, client: levels[len(levels)-2], header: d.Header.User, d: d}
	if reason, ok := l.header["reason"]; ok {
		l.header["reason"] = asLines(reason)
	}
	l.problem, _, _ = strings.Cut(l.header["reason"], "\n")
	o.mu.Lock()
	defer o.mu.Unlock()
	o.letters = append(o.letters, l)
	signal(o.bump)
	return nil
}

// withLetters opens a bus, reads the letters, and calls do with them, the oldest
// first.
func withLetters(ctx context.Context, tool *Tool, do func(*deadLetters, *kit.Bus, []letter) error) error {
	s, err := tool.Settings()
	if err != nil {
		return err
	}
	o := &deadLetters{system: s, roster: newRoster(), bump: make(chan struct{}, 1)}
	hs := append(o.roster.handlers(s), kit.Tap(s.Topic("dead", "+", "+"), o.take, kit.Name("letters")))
	bus, err := tool.Open(ctx, hs...)
	if err != nil {
		return err
	}
	waitForPause(ctx, o.bump)
	o.mu.Lock()
	all := o.letters
	o.mu.Unlock()
	slices.SortStableFunc(all, func(a, b letter) int { return cmp.Compare(a.d.Sent.UnixNano(), b.d.Sent.UnixNano()) })
	return errors.Join(do(o, bus, all), bus.Close(context.WithoutCancel(ctx)))
}

// chooseLetters are the letters whose ids begin with one of the given, or all.
func chooseLetters(all []letter, ids []string, every bool) ([]letter, error) {
	if every == (len(ids) > 0) {
		return nil, errors.New("name letters by the first digits of their ids, or all of them with --all; the command dead lists them")
	}
	if every {
		return all, nil
	}
	var out []letter
	for _, id := range ids {
		n := 0
		for _, l := range all {
			if strings.HasPrefix(l.id, id) {
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
	return withLetters(ctx, tool, func(_ *deadLetters, _ *kit.Bus, all []letter) error {
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
			fmt.Fprintf(t, "%.8s\t%s\t%s\t%s\t%s\t%s\t%.80s\n", l.id, sent, l.client, l.header["handler"], l.header["topic"], l.header["attempts"], l.problem)
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
	return withLetters(ctx, tool, func(_ *deadLetters, _ *kit.Bus, all []letter) error {
		which, err := chooseLetters(all, c.IDs, c.All)
		for _, l := range which {
			fmt.Fprintf(tool.out(), "letter    %s\nclient    %s\n", l.id, l.client)
			for _, k := range slices.Sorted(maps.Keys(l.header)) {
				fmt.Fprintf(tool.out(), "%-9s %s\n", k, strings.ReplaceAll(strings.TrimSpace(l.header[k]), "\n", "\n          "))
			}
			fmt.Fprintf(tool.out(), "payload   %s\n\n", l.d.Payload)
		}
		return err
	})
}

type DeadReplay struct{ letters }

// Run implements the command.
func (c *DeadReplay) Run(ctx context.Context, tool *Tool) error {
	return withLetters(ctx, tool, func(o *deadLetters, bus *kit.Bus, all []letter) error {
		which, err := chooseLetters(all, c.IDs, c.All)
		for _, l := range which {
			if err := o.replay(ctx, bus, l); err != nil {
				return fmt.Errorf("letter %.8s: %w", l.id, err)
			}
			fmt.Fprintf(tool.out(), "%.8s  %s to %s\n", l.id, l.header["topic"], l.client)
		}
		return err
	})
}

// replay gives the message as it was to the service that failed on it, and then
// forgets the letter. A service that is not there keeps its letters.
func (o *deadLetters) replay(ctx context.Context, bus *kit.Bus, l letter) error {
	o.roster.mu.Lock()
	health, known := o.roster.health[l.client]
	_, introduced := o.roster.infos[l.client]
	o.roster.mu.Unlock()
	switch {
	case l.header["topic"] == "":
		return errors.New("it does not say its topic")
	case known && !health.OK && health.Event != nil && (*health.Event == healthLost || *health.Event == healthShutdown):
		return fmt.Errorf("%s is not running (%s): start it first", l.client, *health.Event)
	case !known && !introduced:
		return fmt.Errorf("%s is not on the bus: start it first", l.client)
	}
	header := msg.Header{ContentType: l.d.Header.ContentType, User: map[string]string{"topic": l.header["topic"]}}
	for k, v := range l.header {
		if !slices.Contains([]string{"reason", "handler", "topic", "id", "attempts"}, k) {
			header.User[k] = v
		}
	}
	for k, v := range l.d.Baggage {
		ctx = kit.WithBaggage(ctx, k, v)
	}
	if err := bus.PublishTo(ctx, o.system.Topic("replay", l.client), "", rawPayload{l.d.Payload, header}, kit.ID(l.d.Trace)); err != nil {
		return err
	}
	return l.drop(ctx, bus)
}

// drop makes the broker forget the letter.
func (l letter) drop(ctx context.Context, bus *kit.Bus) error {
	return bus.PublishTo(ctx, l.topic, "", rawPayload{}, kit.Retain())
}

type DeadDrop struct{ letters }

// Run implements the command.
func (c *DeadDrop) Run(ctx context.Context, tool *Tool) error {
	return withLetters(ctx, tool, func(_ *deadLetters, bus *kit.Bus, all []letter) error {
		which, err := chooseLetters(all, c.IDs, c.All)
		for _, l := range which {
			if err := l.drop(ctx, bus); err != nil {
				return fmt.Errorf("letter %.8s: %w", l.id, err)
			}
			fmt.Fprintf(tool.out(), "%.8s  dropped\n", l.id)
		}
		return err
	})
}
