package main

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/figures"
)

// benchMarks stand around what tars bench engines writes.
const benchMarks = "tars bench engines"

// print writes Markdown.
func (b *bench) print(w io.Writer) {
	var speech time.Duration
	for _, c := range b.clips {
		speech += c.length()
	}
	fmt.Fprintf(w, "Measured by `tars bench engines` on %s, %d cores (%s/%s); %d clips, %.0f s of speech; %d requests each way.\n",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, len(b.clips), speech.Seconds(), b.runs)
	printRows(w, b.heard, "| Recogniser | Word errors | Real-time factor | One clip, median and worst | Memory | Adapter adds |", func(h recognised) string {
		return fmt.Sprintf("| %s | %.1f %% | %.2f | %s, %s | %s | %s |", h.name, 100*h.errors.Rate(), h.factor, figures.Duration(h.median), figures.Duration(h.most), figures.Memory(h.memory), h.added)
	})
	printRows(w, b.spoken, "| Voice, one sentence | First audio | All of it | Memory | Adapter adds |", func(s spoken) string {
		return fmt.Sprintf("| %s | %s | %s | %s | %s |", s.name, figures.Duration(s.first), figures.Duration(s.all), figures.Memory(s.memory), s.added)
	})
	printRows(w, b.written, "| Chat | First token | Tokens/s | Memory | Adapter adds |", func(t written) string {
		return fmt.Sprintf("| %s | %s | %.0f | %s | %s |", t.name, figures.Duration(t.first), t.speed, figures.Memory(t.memory), t.added)
	})
	printRows(w, b.embedded, "| Embeddings | One text | Numbers | Memory | Adapter adds |", func(e embedded) string {
		return fmt.Sprintf("| %s | %s | %d | %s | %s |", e.name, figures.Duration(e.one), e.numbers, figures.Memory(e.memory), e.added)
	})
	printRows(w, b.woken, "| Wake words | Heard | After the phrase | Memory | Adapter adds |", func(k woken) string {
		return fmt.Sprintf("| %s | %s, %d of %d | %s | %s | %s |", k.name, k.word, k.of, k.of, figures.Duration(k.after), figures.Memory(k.memory), k.added)
	})
	if len(b.heard)+len(b.spoken)+len(b.written)+len(b.embedded)+len(b.woken) == 0 {
		fmt.Fprintln(w, "\nNo engine was found: make engines installs some.")
	}
	for _, f := range b.failed {
		fmt.Fprintf(w, "\nNot measured: %s\n", f)
	}
}

// printRows writes head and a line for each of rows, if there are any.
func printRows[R any](w io.Writer, rows []R, head string, line func(R) string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n|%s\n", head, string(bytes.Repeat([]byte(" --- |"), bytes.Count([]byte(head), []byte("|"))-1)))
	for _, r := range rows {
		fmt.Fprintln(w, line(r))
	}
}

// quartiles are of a sample: half of it lies between the outer two.
type quartiles struct{ first, median, third time.Duration }

func quartilesOf(all []time.Duration) quartiles {
	sorted := slices.Sorted(slices.Values(all))
	half := len(sorted) / 2
	return quartiles{medianOf(sorted[:len(sorted)-half]), medianOf(sorted), medianOf(sorted[half:])}
}

// String is the median, and behind it the middle half.
func (q quartiles) String() string {
	return fmt.Sprintf("%s (%s to %s)", figures.Duration(q.median), figures.Duration(q.first), figures.Duration(q.third))
}

// medianOf of no numbers is 0.
func medianOf[N ~int64 | ~float64](all []N) N {
	if len(all) == 0 {
		return 0
	}
	sorted, half := slices.Sorted(slices.Values(all)), len(all)/2
	if len(all)%2 == 0 {
		return (sorted[half-1] + sorted[half]) / 2
	}
	return sorted[half]
}

func longestOf(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	return slices.Max(all)
}
