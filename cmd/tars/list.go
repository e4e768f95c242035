package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/wire"
)

// quiet is how long nothing must arrive before an answer of many is complete.
const quiet = 300 * time.Millisecond

// settle waits until bump has not been called for the time of quiet.
func settle(ctx context.Context, bump <-chan struct{}) {
	t := time.NewTimer(quiet)
	defer t.Stop()
	for {
		select {
		case <-bump:
			t.Reset(quiet)
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// notify tells a settle that something came, and never blocks.
func notify(bump chan<- struct{}) {
	select {
	case bump <- struct{}{}:
	default:
	}
}

// roster is what services say of themselves.
type roster struct {
	bump chan struct{}

	mu     sync.Mutex
	infos  map[string]kit.Info // by client id
	health map[string]contract.HealthPing
}

func newRoster() *roster {
	return &roster{bump: make(chan struct{}, 1), infos: map[string]kit.Info{}, health: map[string]contract.HealthPing{}}
}

// handlers feed the roster.
func (b *roster) handlers(s kit.Settings) []kit.Handler {
	lane := kit.Lane("roster")
	return []kit.Handler{kit.Tap(s.Topic("info", "+"), b.info, lane), kit.Tap(s.Topic("health", "+"), b.feel, lane, kit.Queue(1024))}
}

func (b *roster) info(_ context.Context, d *kit.Delivery) error {
	var i kit.Info
	if err := wire.Decode(d.Data, &i); err != nil {
		return kit.Drop("unreadable")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.infos[i.ClientID] = i
	notify(b.bump)
	return nil
}

func (b *roster) feel(_ context.Context, d *kit.Delivery) error {
	var h contract.HealthPing
	if err := wire.Decode(d.Data, &h); err != nil {
		return kit.Drop("unreadable")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.health[d.Topic[strings.LastIndexByte(d.Topic, '/')+1:]] = h
	notify(b.bump)
	return nil
}

// services are all that said who they are, by name.
func (b *roster) services() []kit.Info {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []kit.Info
	for _, i := range b.infos {
		all = append(all, i)
	}
	slices.SortFunc(all, func(x, y kit.Info) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ClientID, y.ClientID))
	})
	return all
}

// state is how the service of that client id feels.
func (b *roster) state(client string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	h, ok := b.health[client]
	if !ok {
		return "not reported"
	}
	return feeling(h)
}

// listCmd lists services.
type listCmd struct {
	Service string `arg:"" optional:"" help:"Show this one in full."`
}

// Run implements the command.
func (c *listCmd) Run(ctx context.Context, home kit.Home) error {
	quietly()
	s, err := settings(home, "tars-cli")
	if err != nil {
		return err
	}
	b := newRoster()
	bus, err := open(ctx, home, "tars-cli", b.handlers(s)...)
	if err != nil {
		return err
	}
	settle(ctx, b.bump)
	if err := bus.Close(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	all := b.services()
	if len(all) == 0 {
		return errors.New("no service has said who it is: is the stack running? See tars doctor")
	}
	if c.Service == "" {
		printServices(os.Stdout, b, all)
		return nil
	}
	found := slices.DeleteFunc(all, func(i kit.Info) bool { return i.Name != c.Service && i.ClientID != c.Service })
	if len(found) == 0 {
		return fmt.Errorf("no service %s; tars list shows those there are", c.Service)
	}
	for _, i := range found {
		printService(os.Stdout, b.state(i.ClientID), i)
	}
	return nil
}

func printServices(w io.Writer, b *roster, all []kit.Info) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "SERVICE\tCLIENT\tSTATE\tHANDLERS\tASKS\tSENDS\tVERSION")
	for _, i := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%s\n", i.Name, i.ClientID, b.state(i.ClientID), len(i.Handlers), len(i.Asks), len(i.Sends), i.Version)
	}
	_ = t.Flush()
}

func printService(w io.Writer, state string, i kit.Info) {
	fmt.Fprintf(w, "%s, client %s, source %s, version %s: %s\n", i.Name, i.ClientID, i.Source, i.Version, state)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	line := func(what string, d kit.EndpointInfo) {
		notes := []string{fmt.Sprintf("QoS %d", d.QoS)}
		if d.Retain {
			notes = append(notes, "retained")
		}
		if d.Lane != "" {
			notes = append(notes, "lane "+d.Lane)
		}
		if d.Group != "" {
			notes = append(notes, "group "+d.Group)
		}
		if d.Workers > 1 {
			notes = append(notes, fmt.Sprintf("%d workers", d.Workers))
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", what, d.Topic, cmp.Or(d.Type, "-"), d.Handler, strings.Join(notes, ", "))
	}
	for _, d := range i.Handlers {
		line("takes", d)
	}
	for _, d := range i.Asks {
		line("asks", d)
	}
	for _, d := range i.Sends {
		line("sends", d)
	}
	_ = t.Flush()
}
