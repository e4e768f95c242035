package main

import (
	"bytes"
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
)

const (
	mostTurns = 8 // turns on the screen
	mostSlow  = 6 // handlers on the screen
)

// topCmd watches the stack live.
type topCmd struct {
	Every time.Duration `default:"1s" help:"Time between two looks."`
	Once  bool          `help:"Look twice, print once and end; for scripts."`
}

// watch is what top has seen.
type watch struct {
	roster *roster
	counts *counts

	mu     sync.Mutex
	turns  []contract.TurnRecord // the newest last
	before map[string]kit.Stats  // of the look before, by instance
	at     time.Time             // of that look
}

// Run implements the command.
func (c *topCmd) Run(ctx context.Context, home kit.Home) error {
	quietly()
	if c.Every < 100*time.Millisecond {
		return fmt.Errorf("--every is %s, want at least 100ms", c.Every)
	}
	if f, err := os.Stdout.Stat(); err != nil || f.Mode()&os.ModeCharDevice == 0 && !c.Once {
		return errors.Join(err, errNoTerminal)
	}
	s, err := settings(home, "tars-cli")
	if err != nil {
		return err
	}
	w := &watch{roster: newRoster(), counts: newCounts(), before: map[string]kit.Stats{}}
	hs := append(w.roster.handlers(s), w.counts.handler(s), kit.On(w.turn, kit.Name("turns")))
	bus, err := open(ctx, home, "tars-cli", hs...)
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	settle(ctx, w.roster.bump)
	if !c.Once {
		fmt.Print("\x1b[?1049h\x1b[?25l") // another screen, no cursor
		defer fmt.Print("\x1b[?25h\x1b[?1049l")
	}
	t := time.NewTicker(c.Every)
	defer t.Stop()
	for look := 0; ; look++ {
		if err := ask(ctx, bus, s); err != nil && ctx.Err() == nil {
			return err
		}
		settle(ctx, w.counts.bump)
		var page bytes.Buffer
		w.print(&page)
		if !c.Once {
			fmt.Print("\x1b[H", strings.ReplaceAll(page.String(), "\n", "\x1b[K\n"), "\x1b[J")
		} else if look == 1 {
			_, err := page.WriteTo(os.Stdout)
			return err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		case <-bus.Done():
			return errLinkOver
		}
	}
}

func (w *watch) turn(_ context.Context, r contract.TurnRecord) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turns = append(w.turns, r)
	w.turns = w.turns[max(0, len(w.turns)-mostTurns):]
	return nil
}

// print writes one page.
func (w *watch) print(out io.Writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	seconds := now.Sub(w.at).Seconds()
	stats := w.counts.sorted()
	fmt.Fprintf(out, "tars top  %s  %d services, Ctrl-C ends it\n\n", now.Format(time.TimeOnly), len(stats))
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
		n, was := sum(s), sum(old)
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t\n", s.Name, w.roster.state(s.ClientID), rate(n.in, was.in), rate(n.out, was.out),
			n.queue, n.failed, n.dropped, n.dead, s.Link.Reconnects, millis(s.Link.PublishP99MS))
	}
	_ = t.Flush()
	printSlow(out, stats)
	printTurns(out, w.turns)
	w.at = now
	for _, s := range stats {
		w.before[s.Instance] = s
	}
}

// sums are the counts of all handlers of a service.
type sums struct{ in, out, queue, failed, dropped, dead int64 }

func sum(s kit.Stats) (n sums) {
	for _, h := range s.Handlers {
		n.in += h.Handled + h.Failed
		n.queue += h.Queue
		n.failed += h.Failed
		n.dropped += lost(h)
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
	for _, h := range all[:min(len(all), mostSlow)] {
		fmt.Fprintf(t, "  %s\t%s\tp50 %s\tp99 %s\twaited p99 %s\n", h.service, h.Name, millis(h.TookP50MS), millis(h.TookP99MS), millis(h.WaitP99MS))
	}
	_ = t.Flush()
}

func printTurns(out io.Writer, turns []contract.TurnRecord) {
	if len(turns) == 0 {
		return
	}
	fmt.Fprintln(out, "\nturns")
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, r := range slices.Backward(turns) {
		fmt.Fprintln(t, "  "+turnLine(r))
	}
	_ = t.Flush()
}

// turnLine is a turn with the time of each of its stages after what began it.
func turnLine(r contract.TurnRecord) string {
	began := cmp.Or(r.SpeechEnd, r.Final, r.Request)
	stage := func(name string, at *float64) string {
		if at == nil || began == nil {
			return ""
		}
		return fmt.Sprintf("%s +%s", name, millis((*at-*began)*1000))
	}
	outcome := r.Outcome
	if r.Reason != nil && *r.Reason != "" {
		outcome += " (" + *r.Reason + ")"
	}
	room := "-"
	if r.Room != nil {
		room = *r.Room
	}
	return strings.Join([]string{fmt.Sprintf("%.8s", r.TurnID), room, stage("asked", r.Request), stage("delta", r.FirstDelta),
		stage("say", r.FirstSay), stage("audio", r.FirstAudio), stage("end", r.End), outcome}, "\t")
}

var errNoTerminal = errors.New("standard output is no terminal: use --once, or tars stats")
