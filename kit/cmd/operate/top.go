package operate

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/gotars/tars/kit"
)

// maxSlow is how many handlers are on the screen.
const maxSlow = 6

// Top watches the stack live.
type Top struct {
	Every time.Duration `default:"1s" help:"Time between two looks."`
	Once  bool          `help:"Look twice, print once and end; for scripts."`
}

// topView is what top has seen.
type topView struct {
	roster *roster
	counts *statsBoard

	mu     sync.Mutex
	before map[string]kit.Stats // of the look before, by instance
	at     time.Time            // of that look

	program string          // its name
	system  kit.Settings    // says where the topics of the kit are
	section func(io.Writer) // of the program, below the handlers; nil: none
}

// Run implements the command.
func (c *Top) Run(ctx context.Context, tool *Tool) error {
	if c.Every < 100*time.Millisecond {
		return fmt.Errorf("--every is %s, want at least 100ms", c.Every)
	}
	if !c.Once && !tool.onTerminal() {
		return fmt.Errorf("standard output is no terminal: use --once, or %s stats", tool.Name)
	}
	s, err := tool.Settings()
	if err != nil {
		return err
	}
	w := &topView{roster: newRoster(), counts: newStatsBoard(), before: map[string]kit.Stats{}, program: tool.Name, system: s}
	hs := append(w.roster.handlers(s), w.counts.handler(s))
	if tool.TopSection != nil {
		section := tool.TopSection()
		w.section = section.Print
		hs = append(hs, section.Handlers...)
	}
	bus, err := tool.Open(ctx, hs...)
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	waitForPause(ctx, w.roster.bump)
	if !c.Once {
		fmt.Fprint(tool.out(), "\x1b[?1049h\x1b[?25l") // another screen, no cursor
		defer fmt.Fprint(tool.out(), "\x1b[?25h\x1b[?1049l")
	}
	return c.look(ctx, tool, bus, w)
}

// look asks for the stats and writes a page, again and again.
func (c *Top) look(ctx context.Context, tool *Tool, bus *kit.Bus, w *topView) error {
	t := time.NewTicker(c.Every)
	defer t.Stop()
	for look := 0; ; look++ {
		if err := askForStats(ctx, bus, w.system); err != nil && ctx.Err() == nil {
			return err
		}
		waitForPause(ctx, w.counts.bump)
		var page bytes.Buffer
		w.print(&page)
		if !c.Once {
			fmt.Fprint(tool.out(), "\x1b[H", strings.ReplaceAll(page.String(), "\n", "\x1b[K\n"), "\x1b[J")
		} else if look == 1 {
			_, err := page.WriteTo(tool.out())
			return err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		case <-bus.Done():
			return ErrLinkOver
		}
	}
}

// print writes one page.
func (w *topView) print(out io.Writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	seconds := now.Sub(w.at).Seconds()
	stats := w.counts.sorted()
	fmt.Fprintf(out, "%s top  %s  %d services, Ctrl-C ends it\n\n", w.program, now.Format(time.TimeOnly), len(stats))
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "service\tstate\tin/s\tout/s\tqueue\tfailed\tdropped\tdead\treconnects\tpublish p99\t")
	for _, s := range stats {
		old, seen := w.before[s.Instance]
		rate := func(n, before int64) string {
			if !seen || w.at.IsZero() {
				return "-"
			}
			return fmt.Sprintf("%.1f", float64(n-before)/seconds)
		}
		n, was := totalOf(s), totalOf(old)
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t\n", s.Name, w.roster.state(s.ClientID), rate(n.in, was.in), rate(n.out, was.out),
			n.queue, n.failed, n.dropped, n.dead, s.Link.Reconnects, Millis(s.Link.PublishP99MS))
	}
	_ = t.Flush()
	printSlow(out, stats)
	if w.section != nil {
		w.section(out)
	}
	w.at = now
	for _, s := range stats {
		w.before[s.Instance] = s
	}
}

// totals are the counts of all handlers of a service.
type totals struct{ in, out, queue, failed, dropped, dead int64 }

func totalOf(s kit.Stats) (n totals) {
	for _, h := range s.Handlers {
		n.in += h.Handled + h.Failed
		n.queue += h.Queue
		n.failed += h.Failed
		n.dropped += countDropped(h)
		n.dead += h.Dead
	}
	for _, times := range s.Published {
		n.out += times
	}
	return n
}

func printSlow(out io.Writer, stats []kit.Stats) {
	type named struct {
		service string
		kit.HandlerStats
	}
	var all []named
	for _, s := range stats {
		for _, h := range s.Handlers {
			if h.Handled+h.Failed > 0 {
				all = append(all, named{s.Name, h})
			}
		}
	}
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(b.TookP99MS, a.TookP99MS) })
	fmt.Fprintln(out, "\nslowest handlers")
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, h := range all[:min(len(all), maxSlow)] {
		fmt.Fprintf(t, "  %s\t%s\tp50 %s\tp99 %s\twaited p99 %s\n", h.service, h.Name, Millis(h.TookP50MS), Millis(h.TookP99MS), Millis(h.WaitP99MS))
	}
	_ = t.Flush()
}
