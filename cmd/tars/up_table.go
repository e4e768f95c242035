package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/gotars/tars/cmd/tars/internal/chosen"
	"github.com/gotars/tars/cmd/tars/internal/health"
)

// printTable prints a line for each service, with its state by board and the engine
// that it works with, and below them what would be better.
func printTable(w io.Writer, engines map[string]chosen.Engine, board *health.Board) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "  SERVICE\tSTATE\tENGINE\tFROM")
	var better []string
	for _, s := range services {
		e, state := engines[s.Name], "not reported"
		advice := e.Better
		if h, ok := board.Of(s.Name); ok {
			state = health.Text(h)
			if !h.OK && h.Err != nil && *h.Err != "" { // the service knows better what it lacks
				advice = *h.Err
			}
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", s.Name, state, e.Name, e.From)
		if advice != "" {
			better = append(better, fmt.Sprintf("  %s: %s", s.Name, advice))
		}
	}
	_ = t.Flush()
	if len(better) > 0 {
		fmt.Fprintf(w, "\n  What would be better:\n%s\n", strings.Join(better, "\n"))
	}
}
