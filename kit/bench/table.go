package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// column is one figure of a sample.
type column struct {
	name   string
	value  func(sample) float64
	format string
	ratio  bool // within a pair it is told as a ratio
}

var columns = []column{
	{"messages/s", func(s sample) float64 { return s.rate }, "%.0f", true},
	{"CPU us", func(s sample) float64 { return s.cpu }, "%.1f", true},
	{"allocs", func(s sample) float64 { return s.allocs }, "%.1f", true},
	{"broker us", func(s sample) float64 { return s.broker }, "%.1f", true},
	{"p50 us", func(s sample) float64 { return s.p50 }, "%.0f", true},
	{"p99 us", func(s sample) float64 { return s.p99 }, "%.0f", true},
	{"RSS MiB", func(s sample) float64 { return s.rss }, "%.0f", false},
}

// printCell prints a line for each contender, and what is compared pair by
// pair: each with the first, and the kit with those of another make.
func printCell(out io.Writer, c cell, arms []contender, got map[string][]sample) {
	fmt.Fprintf(out, "%s: %s\n", c, modeTexts[c.Mode])
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var shown []column
	for _, col := range columns {
		if col.value(got[arms[0].String()][0]) != 0 {
			shown = append(shown, col)
		}
	}
	line := func(first string, text func(column) string) {
		cells := []string{"  " + first}
		for _, col := range shown {
			cells = append(cells, text(col))
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	line("", func(col column) string { return col.name })
	for _, a := range arms {
		line(a.String(), func(col column) string { return formatSpread(valuesOf(got[a.String()], col.value), col.format) })
	}
	for _, other := range arms[1:] {
		a, than := other, arms[0]
		if other.command != nil {
			a, than = arms[1], other // kit on mosquitto
		}
		line(a.String()+" / "+than.String(), func(col column) string {
			if !col.ratio {
				return ""
			}
			ratios := valuesOf(got[a.String()], col.value)
			var pairs []string
			for i, of := range valuesOf(got[than.String()], col.value) {
				ratios[i] /= cmp.Or(of, 1)
				pairs = append(pairs, fmt.Sprintf("%.2f", ratios[i]))
			}
			return fmt.Sprintf("%.2f [%s]", medianOf(ratios), strings.Join(pairs, " "))
		})
	}
	_ = w.Flush()
	fmt.Fprintln(out)
}

func valuesOf(all []sample, of func(sample) float64) []float64 {
	v := make([]float64, len(all))
	for i, s := range all {
		v[i] = of(s)
	}
	return v
}

func medianOf(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// formatSpread is the median with the least and the most.
func formatSpread(v []float64, form string) string {
	return fmt.Sprintf(form+" ("+form+".."+form+")", medianOf(v), slices.Min(v), slices.Max(v))
}
