package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/wire"
)

// counts are the stats of all services, as they come.
type counts struct {
	bump chan struct{}

	mu  sync.Mutex
	all map[string]kit.Stats // by client id
}

func newCounts() *counts {
	return &counts{bump: make(chan struct{}, 1), all: map[string]kit.Stats{}}
}

func (c *counts) handler(s kit.Settings) kit.Handler {
	return kit.Tap(s.Topic("stats", "+"), c.take, kit.Name("counts"))
}

func (c *counts) take(_ context.Context, d *kit.Delivery) error {
	var s kit.Stats
	if err := wire.Decode(d.Data, &s); err != nil {
		return kit.Drop("no_stats") // such as somebody's question
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[s.ClientID] = s
	notify(c.bump)
	return nil
}

// sorted are all of them by name.
func (c *counts) sorted() []kit.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Values(c.all), func(a, b kit.Stats) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ClientID, b.ClientID))
	})
}

// ask makes every service publish its stats.
func ask(ctx context.Context, bus *kit.Bus, s kit.Settings) error {
	return bus.PublishTo(ctx, s.Topic("stats", "get"), "system.stats.get", map[string]any{})
}

// statsCmd prints what services did.
type statsCmd struct {
	Service string `arg:"" optional:"" help:"Only this one."`
	JSON    bool   `help:"Print one JSON object a service."`
}

// Run implements the command.
func (c *statsCmd) Run(ctx context.Context, home kit.Home) error {
	quietly()
	s, err := settings(home, "tars-cli")
	if err != nil {
		return err
	}
	n := newCounts()
	bus, err := open(ctx, home, "tars-cli", n.handler(s))
	if err != nil {
		return err
	}
	if err = ask(ctx, bus, s); err == nil {
		settle(ctx, n.bump)
	}
	if err := errors.Join(err, bus.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	all := slices.DeleteFunc(n.sorted(), func(s kit.Stats) bool { return c.Service != "" && s.Name != c.Service && s.ClientID != c.Service })
	if len(all) == 0 {
		return errors.New("no service has answered: is the stack running? See tars doctor")
	}
	for _, s := range all {
		if c.JSON {
			if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
				return err
			}
			continue
		}
		printStats(os.Stdout, s)
	}
	return nil
}

func printStats(w io.Writer, s kit.Stats) {
	link := "linked"
	if !s.Link.Up {
		link = "not linked"
	}
	up := time.Duration(s.UptimeS * float64(time.Second)).Round(time.Second)
	fmt.Fprintf(w, "%s (%s): up %s, %s, %d reconnects, %d in flight, publish p50 %s p99 %s\n", s.Name, s.ClientID, up, link,
		s.Link.Reconnects, s.Link.InFlight, millis(s.Link.PublishP50MS), millis(s.Link.PublishP99MS))
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\thandler\thandled\tfailed\tdropped\tdead\tretried\ttwice\tqueue\twait p99\ttook p50\tp99\t")
	for _, h := range s.Handlers {
		if h.Topic == "" && h.Handled+h.Failed == 0 && len(h.Dropped) == 0 {
			continue
		}
		fmt.Fprintf(t, "\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t\n", h.Name, h.Handled, h.Failed, lost(h), h.Dead, h.Retried, h.Duplicates,
			h.Queue, millis(h.WaitP99MS), millis(h.TookP50MS), millis(h.TookP99MS))
	}
	_ = t.Flush()
	for _, h := range s.Handlers {
		for _, reason := range slices.Sorted(maps.Keys(h.Dropped)) {
			fmt.Fprintf(w, "  %s dropped %d: %s\n", h.Name, h.Dropped[reason], reason)
		}
		if h.LastError != "" {
			first, _, _ := strings.Cut(h.LastError, "\n")
			fmt.Fprintf(w, "  %s last failed: %s\n", h.Name, first)
		}
	}
	var sent []string
	for _, typ := range slices.Sorted(maps.Keys(s.Published)) {
		sent = append(sent, fmt.Sprintf("%s %d", typ, s.Published[typ]))
	}
	if len(sent) > 0 {
		fmt.Fprintf(w, "  published: %s\n", strings.Join(sent, ", "))
	}
}

// lost is how many messages a handler never saw.
func lost(h kit.HandlerStats) (n int64) {
	for _, times := range h.Dropped {
		n += times
	}
	return n
}

// millis is a time for a reader.
func millis(ms float64) string {
	switch {
	case ms == 0:
		return "-"
	case ms < 1:
		return fmt.Sprintf("%.0fµs", ms*1000)
	case ms < 1000:
		return fmt.Sprintf("%.1fms", ms)
	}
	return fmt.Sprintf("%.1fs", ms/1000)
}
