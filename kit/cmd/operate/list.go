package operate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/wire"
)

// answerPause is how long nothing must arrive before an answer of many is complete.
const answerPause = 300 * time.Millisecond

// waitForPause waits until bump has not been called for the time of quiet.
func waitForPause(ctx context.Context, bump <-chan struct{}) {
	t := time.NewTimer(answerPause)
	defer t.Stop()
	for {
		select {
		case <-bump:
			t.Reset(answerPause)
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// signal tells a settle that something came, and never blocks.
func signal(bump chan<- struct{}) {
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
	health map[string]healthPing
}

func newRoster() *roster {
	return &roster{bump: make(chan struct{}, 1), infos: map[string]kit.Info{}, health: map[string]healthPing{}}
}

// handlers feed the roster.
func (b *roster) handlers(s kit.Settings) []kit.Handler {
	lane := kit.Lane("roster")
	return []kit.Handler{kit.Tap(s.Topic("info", "+"), b.info, lane), kit.Tap(s.Topic("health", "+"), b.noteHealth, lane, kit.Queue(1024))}
}

func (b *roster) info(_ context.Context, d *kit.Delivery) error {
	var i kit.Info
	if err := wire.Decode(d.Data, &i); err != nil {
		return kit.Drop("unreadable")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.infos[i.ClientID] = i
	signal(b.bump)
	return nil
}

func (b *roster) noteHealth(_ context.Context, d *kit.Delivery) error {
	var h healthPing
	if err := json.Unmarshal(d.Data, &h); err != nil {
		return kit.Drop("unreadable")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.health[d.Topic[strings.LastIndexByte(d.Topic, '/')+1:]] = h
	signal(b.bump)
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
	return h.text()
}

// List lists services.
type List struct {
	Service string `arg:"" optional:"" help:"Show this one in full."`
}

// Run implements the command.
func (c *List) Run(ctx context.Context, tool *Tool) error {
	s, err := tool.Settings()
	if err != nil {
		return err
	}
	b := newRoster()
	bus, err := tool.Open(ctx, b.handlers(s)...)
	if err != nil {
		return err
	}
	waitForPause(ctx, b.bump)
	if err := bus.Close(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	all := b.services()
	if len(all) == 0 {
		return tool.silence("no service has said who it is")
	}
	if c.Service == "" {
		printServices(tool.out(), b, all)
		return nil
	}
	found := slices.DeleteFunc(all, func(i kit.Info) bool { return i.Name != c.Service && i.ClientID != c.Service })
	if len(found) == 0 {
		return fmt.Errorf("no service %s; %s list shows those there are", c.Service, tool.Name)
	}
	for _, i := range found {
		printService(tool.out(), b.state(i.ClientID), i)
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
	formatDelivery := func(what string, d kit.EndpointInfo) {
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
		formatDelivery("takes", d)
	}
	for _, d := range i.Asks {
		formatDelivery("asks", d)
	}
	for _, d := range i.Sends {
		formatDelivery("sends", d)
	}
	_ = t.Flush()
}
