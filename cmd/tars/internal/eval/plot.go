package eval

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// The plot of the ends of turns, in pixels.
const (
	plotWidth, plotHeight = 720, 420
	plotLeft, plotBottom  = 60, 50
	plotTop, plotRight    = 20, 170
	mostWait              = 1.2 // seconds, at the right end
)

// curve is a line of the plot.
type curve struct {
	name, colour string
	has          func(rule string) bool
}

var curves = []curve{
	{"fixed silence", "#888888", func(rule string) bool { return strings.HasPrefix(rule, "fixed") }},
	{"Smart Turn alone", "#d08020", func(rule string) bool { return strings.HasPrefix(rule, "Smart Turn") }},
	{"TARS, words", "#5aa0d8", func(rule string) bool { return strings.HasSuffix(rule, "words alone") }},
	{"TARS, words and sound", "#1050a0", func(rule string) bool { return strings.HasSuffix(rule, "words and sound") }},
}

// PlotTurns draws how many pauses each rule cuts off against how long it waits after an
// end, on average, as SVG.
func (r *Report) PlotTurns(out io.Writer) error {
	x := func(seconds float64) float64 {
		return plotLeft + seconds/mostWait*(plotWidth-plotLeft-plotRight)
	}
	y := func(share float64) float64 { return plotHeight - plotBottom - share*(plotHeight-plotBottom-plotTop) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	for i := range 7 {
		s := float64(i) * 0.2
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#dddddd"/><text x="%.1f" y="%d" text-anchor="middle">%.1f s</text>`+"\n",
			x(s), y(0), x(s), y(1), x(s), plotHeight-plotBottom+18, s)
	}
	for i := range 6 {
		p := float64(i) * 0.2
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#dddddd"/><text x="%d" y="%.1f" text-anchor="end">%.0f %%</text>`+"\n",
			x(0), y(p), x(mostWait), y(p), plotLeft-8, y(p)+4, 100*p)
	}
	fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">wait after the end of a turn, mean</text>`+"\n", x(mostWait/2), plotHeight-10)
	fmt.Fprintf(&b, `<text transform="translate(14 %.1f) rotate(-90)" text-anchor="middle">pauses cut off</text>`+"\n", y(0.5))
	for i, c := range curves {
		points := slices.DeleteFunc(slices.Clone(r.Turns), func(p Point) bool { return !c.has(p.Rule) || p.Mean > mostWait })
		slices.SortFunc(points, func(a, b Point) int { return int(1e6 * (a.Mean - b.Mean)) })
		var line strings.Builder
		for _, p := range points {
			px, py := x(p.Mean), y(float64(p.CutOffs)/float64(max(1, p.Pauses)))
			fmt.Fprintf(&line, "%.1f,%.1f ", px, py)
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"><title>%s</title></circle>`+"\n", px, py, c.colour, p.Rule)
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", strings.TrimSpace(line.String()), c.colour)
		fmt.Fprintf(&b, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", plotWidth-plotRight+10, plotTop+20+18*i, c.colour, c.name)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(out, b.String())
	return err
}
