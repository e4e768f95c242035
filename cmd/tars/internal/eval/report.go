package eval

import (
	"fmt"
	"io"
	"path"
	"strings"
	"text/tabwriter"
)

// Report is all that was measured. What was not is empty.
type Report struct {
	Recogniser    string
	Rooms         int        // that talked at the same time
	Hearing       []Heard    `json:",omitempty"`
	Nothing       []Bed      `json:",omitempty"`
	Silences      []Silence  `json:",omitempty"`
	Turns         []Point    `json:",omitempty"`
	Interruptions []Yield    `json:",omitempty"`
	Stops         []Yield    `json:",omitempty"` // with the assistant's voice in the microphone
	Nods          []Yield    `json:",omitempty"`
	Echoes        []Echo     `json:",omitempty"`
	Responses     []Response `json:",omitempty"`
	Louder        []Louder   `json:",omitempty"`
}

// Print prints the tables of what was measured, in Markdown.
func (r *Report) Print(out io.Writer) {
	fmt.Fprintf(out, "Recogniser: %s. Rooms at a time: %d.\n", r.Recogniser, r.Rooms)
	for _, part := range []struct {
		title string
		rows  [][]string
	}{
		{"Hearing", r.hearingRows()},
		{"Nothing is said", r.nothingRows()},
		{"Ends of turns", r.turnRows()},
		{"Interruptions", yieldRows(r.Interruptions)},
		{"Stop, over the assistant's own voice in the microphone", yieldRows(r.Stops)},
		{"Nods, coughs and laughs", nodRows(r.Nods)},
		{"Echo", r.echoRows()},
		{"End of speech to first sound", r.responseRows()},
		{"Two rooms hear the same", r.louderRows()},
	} {
		if len(part.rows) > 1 {
			fmt.Fprintf(out, "\n### %s\n\n", part.title)
			printTable(out, part.rows)
		}
	}
}

// printTable prints rows, the head first, as a table of Markdown whose columns stand in line.
func printTable(out io.Writer, rows [][]string) {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	for i, row := range rows {
		fmt.Fprintf(w, "| %s\t|\n", strings.Join(row, "\t| "))
		if i == 0 {
			fmt.Fprintf(w, "| %s---\t|\n", strings.Repeat("---\t| ", len(row)-1))
		}
	}
	w.Flush()
}

func percent(part, whole int) string {
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(max(1, whole)))
}

func inSeconds(values []float64, share float64) string {
	if len(values) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f s", percentile(values, share))
}

func inMilliseconds(values []float64, share float64) string {
	if len(values) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f ms", 1000*percentile(values, share))
}

// known are the values that there are.
func known(values ...*float64) (all []float64) {
	for _, v := range values {
		if v != nil {
			all = append(all, *v)
		}
	}
	return all
}

func (r *Report) hearingRows() [][]string {
	rows := [][]string{{"condition", "clips", "word errors", "engine on the whole file", "difference in points, 95 % interval", "clips lost", "speech end, median", "final, median", "final, 90 %"}}
	for _, c := range Conditions {
		var wrong, whole, words, lost int
		var ended, speechEnd []float64
		var clips []Heard
		for _, h := range r.Hearing {
			if h.Condition != c.Name {
				continue
			}
			clips = append(clips, h)
			wrong, whole, words = wrong+h.Wrong, whole+h.WholeWrong, words+h.Words
			ended, speechEnd = append(ended, known(h.Ended)...), append(speechEnd, known(h.SpeechEnd)...)
			if h.Lost {
				lost++
			}
		}
		if len(clips) > 0 {
			rows = append(rows, []string{c.Name, fmt.Sprint(len(clips)), percent(wrong, words), percent(whole, words), differenceIn(clips), fmt.Sprint(lost),
				inSeconds(speechEnd, 0.5), inSeconds(ended, 0.5), inSeconds(ended, 0.9)})
		}
	}
	return rows
}

func (r *Report) nothingRows() [][]string {
	rows := [][]string{{"sound", "minutes", "false finals", "times taken for a voice"}}
	for _, kind := range []string{KindMusic, KindNoise, KindKeyboard} {
		for _, b := range r.Nothing {
			if b.Kind == kind {
				rows = append(rows, []string{path.Base(b.File), fmt.Sprintf("%.1f", b.Minutes), fmt.Sprint(len(b.Finals)), fmt.Sprint(b.Ducks)})
			}
		}
	}
	return rows
}

func (r *Report) turnRows() [][]string {
	rows := [][]string{{"rule", "pauses cut off", "of 0.8 s", "end of turn, mean", "median", "90 %"}}
	for _, p := range r.Turns {
		rows = append(rows, []string{p.Rule, fmt.Sprintf("%d of %d (%s)", p.CutOffs, p.Pauses, percent(p.CutOffs, p.Pauses)), percent(p.ShortCutOffs, p.Short),
			fmt.Sprintf("%.2f s", p.Mean), fmt.Sprintf("%.2f s", p.Median), fmt.Sprintf("%.2f s", p.P90)})
	}
	return rows
}

// yieldRows has a row for each share of echo, and one for each kind when there is none.
func yieldRows(all []Yield) [][]string {
	rows := [][]string{{"kind", "echo", "clips", "obeyed", "lowered, median", "95 %", "silent, median", "95 %", "within 1 s", "within 1.5 s", "typed stop, 95 %"}}
	for _, group := range groupsOf(all) {
		var duck, silence, typed []float64
		within := [2]int{}
		for _, y := range group {
			duck, silence, typed = append(duck, known(y.Duck)...), append(silence, known(y.Silence)...), append(typed, known(y.Typed)...)
			for i, limit := range []float64{1, 1.5} {
				if y.Silence != nil && *y.Silence <= limit {
					within[i]++
				}
			}
		}
		rows = append(rows, []string{group[0].Kind, fmt.Sprintf("%.0f %%", 100*group[0].Echo), fmt.Sprint(len(group)), fmt.Sprint(len(silence)),
			inSeconds(duck, 0.5), inSeconds(duck, 0.95), inSeconds(silence, 0.5), inSeconds(silence, 0.95), fmt.Sprint(within[0]), fmt.Sprint(within[1]), inSeconds(typed, 0.95)})
	}
	return rows
}

// groupsOf are the trials by kind and echo, in the order in which they came.
func groupsOf(all []Yield) (groups [][]Yield) {
next:
	for _, y := range all {
		for i, g := range groups {
			if g[0].Kind == y.Kind && g[0].Echo == y.Echo {
				groups[i] = append(g, y)
				continue next
			}
		}
		groups = append(groups, []Yield{y})
	}
	return groups
}

func nodRows(all []Yield) [][]string {
	rows := [][]string{{"kind", "clips", "answer whole", "without a gap of 60 ms", "longest gap, 90 %", "lowered, median"}}
	for _, group := range groupsOf(all) {
		var whole, smooth int
		var gaps, duck []float64
		for _, y := range group {
			if y.Whole {
				whole++
				gaps, duck = append(gaps, y.Gap), append(duck, known(y.Duck)...)
				if y.Gap < minGap.Seconds() {
					smooth++
				}
			}
		}
		rows = append(rows, []string{group[0].Kind, fmt.Sprint(len(group)), fmt.Sprint(whole), fmt.Sprint(smooth), inSeconds(gaps, 0.9), inSeconds(duck, 0.5)})
	}
	return rows
}

func (r *Report) echoRows() [][]string {
	rows := [][]string{{"share of the voice in the microphone", "answers", "with an accepted final", "woken", "not spoken to the end", "longest gap, 90 %"}}
	for _, share := range echoShares {
		var n, finals, woken, broken int
		var gaps []float64
		for _, e := range r.Echoes {
			if e.Share != share {
				continue
			}
			n++
			gaps = append(gaps, e.Gap)
			for _, c := range []struct {
				is    bool
				count *int
			}{{len(e.Finals) > 0, &finals}, {e.Woken, &woken}, {e.Broken, &broken}} {
				if c.is {
					*c.count++
				}
			}
		}
		if n > 0 {
			rows = append(rows, []string{fmt.Sprintf("%.0f %%", 100*share), fmt.Sprint(n), fmt.Sprint(finals), fmt.Sprint(woken), fmt.Sprint(broken), inSeconds(gaps, 0.9)})
		}
	}
	return rows
}

func (r *Report) responseRows() [][]string {
	rows := [][]string{{"questions", "answered", "final, median", "90 %", "first sound, median", "90 %", "most", "our own share, median"}}
	var sound, final, own []float64
	for _, p := range r.Responses {
		sound, final, own = append(sound, known(p.Sound)...), append(final, known(p.Endpoint)...), append(own, known(p.Own)...)
	}
	if len(r.Responses) == 0 {
		return rows
	}
	return append(rows, []string{fmt.Sprint(len(r.Responses)), fmt.Sprint(len(sound)), inSeconds(final, 0.5), inSeconds(final, 0.9),
		inSeconds(sound, 0.5), inSeconds(sound, 0.9), inSeconds(sound, 1), inMilliseconds(own, 0.5)})
}

func (r *Report) louderRows() [][]string {
	rows := [][]string{{"clips", "the louder room alone answered", "both", "the quieter one", "none"}}
	var n [4]int
	for _, l := range r.Louder {
		switch {
		case l.Louder && !l.Quieter:
			n[0]++
		case l.Louder:
			n[1]++
		case l.Quieter:
			n[2]++
		default:
			n[3]++
		}
	}
	if len(r.Louder) == 0 {
		return rows
	}
	return append(rows, []string{fmt.Sprint(len(r.Louder)), fmt.Sprint(n[0]), fmt.Sprint(n[1]), fmt.Sprint(n[2]), fmt.Sprint(n[3])})
}
