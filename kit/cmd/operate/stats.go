package operate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/wire"
)

// statsBoard are the stats of all services, as they come.
type statsBoard struct {
	bump chan struct{}

	mu  sync.Mutex
	all map[string]kit.Stats // by client id
}

func newStatsBoard() *statsBoard {
	return &statsBoard{bump: make(chan struct{}, 1), all: map[string]kit.Stats{}}
}

func (c *statsBoard) handler(s kit.Settings) kit.Handler {
	return kit.Tap(s.Topic("stats", "+"), c.take, kit.Name("counts"))
}

func (c *statsBoard) take(_ context.Context, d *kit.Delivery) error {
	var s kit.Stats
	if err := wire.Decode(d.Data, &s); err != nil {
		return kit.Drop("no_stats") // such as somebody's question
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[s.ClientID] = s
	signal(c.bump)
	return nil
}

// sorted are all of them by name.
func (c *statsBoard) sorted() []kit.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Values(c.all), func(a, b kit.Stats) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ClientID, b.ClientID))
	})
}

// askForStats makes every service publish its stats.
func askForStats(ctx context.Context, bus *kit.Bus, s kit.Settings) error {
	return bus.PublishTo(ctx, s.Topic("stats", "get"), "system.stats.get", map[string]any{})
}

// Stats prints what services did.
type Stats struct {
	Service string `arg:"" optional:"" help:"Only this one."`
	JSON    bool   `help:"Print one JSON object a service."`
}

// Run implements the command.
func (c *Stats) Run(ctx context.Context, tool *Tool) error {
	s, err := tool.Settings()
	if err != nil {
		return err
	}
	n := newStatsBoard()
	bus, err := tool.Open(ctx, n.handler(s))
	if err != nil {
		return err
	}
	if err = askForStats(ctx, bus, s); err == nil {
		waitForPause(ctx, n.bump)
	}
	if err := errors.Join(err, bus.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	all := slices.DeleteFunc(n.sorted(), func(s kit.Stats) bool { return c.Service != "" && s.Name != c.Service && s.ClientID != c.Service })
	if len(all) == 0 {
		return tool.silence("no service has answered")
	}
	for _, s := range all {
		if c.JSON {
			if err := json.NewEncoder(tool.out()).Encode(s); err != nil {
				return err
			}
			continue
		}
		printStats(tool.out(), s)
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
		s.Link.Reconnects, s.Link.InFlight, Millis(s.Link.PublishP50MS), Millis(s.Link.PublishP99MS))
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\thandler\thandled\tfailed\tdropped\tdead\tretried\ttwice\tqueue\twait p99\ttook p50\tp99\t")
	for _, h := range s.Handlers {
		if h.Topic == "" && h.Handled+h.Failed == 0 && len(h.Dropped) == 0 {
			continue
		}
		fmt.Fprintf(t, "\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\t\n", h.Name, h.Handled, h.Failed, countDropped(h), h.Dead, h.Retried, h.Duplicates,
			h.Queue, Millis(h.WaitP99MS), Millis(h.TookP50MS), Millis(h.TookP99MS))
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
	printMeasures(w, s)
	var sent []string
	for _, typ := range slices.Sorted(maps.Keys(s.Published)) {
		sent = append(sent, fmt.Sprintf("%s %d", typ, s.Published[typ]))
	}
	if len(sent) > 0 {
		fmt.Fprintf(w, "  published: %s\n", strings.Join(sent, ", "))
	}
}

// printMeasures prints what a service counts and times itself, without what never was.
func printMeasures(w io.Writer, s kit.Stats) {
	var counted []string
	for _, name := range slices.Sorted(maps.Keys(s.Counters)) {
		if n := s.Counters[name]; n != 0 {
			counted = append(counted, fmt.Sprintf("%s %d", name, n))
		}
	}
	if len(counted) > 0 {
		fmt.Fprintf(w, "  counted: %s\n", strings.Join(counted, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Durations)) {
		if d := s.Durations[name]; d.Count > 0 {
			fmt.Fprintf(w, "  %s: %d times, p50 %s, p99 %s, %s in all\n", name, d.Count, Millis(d.P50MS), Millis(d.P99MS), Millis(d.SumS*1000))
		}
	}
}

// countDropped is how many messages a handler never saw.
func countDropped(h kit.HandlerStats) (n int64) {
	for _, times := range h.Dropped {
		n += times
	}
	return n
}

// Millis is a time, given in milliseconds, for a reader.
func Millis(ms float64) string {
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
