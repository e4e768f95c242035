package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/cmd/tars/internal/lines"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
)

// memoryCmd looks into the memory, and changes it.
type memoryCmd struct {
	Search memorySearchCmd `cmd:"" help:"Print what the memory would recall of a question."`
	List   memoryListCmd   `cmd:"" help:"Print the last lines."`
	Forget memoryForgetCmd `cmd:"" help:"Forget lines for good: by their numbers, by their words, or all."`
	Export memoryExportCmd `cmd:"" help:"Write all lines as JSON, a line each."`
	Import memoryImportCmd `cmd:"" help:"Keep the lines of an export that are not there."`
}

// memoryTimeout is the longest wait for the memory to answer one message.
const memoryTimeout = 20 * time.Second

// withMemory has f use the bus.
func withMemory(ctx context.Context, home kit.Home, f func(context.Context, *kit.Bus) error) error {
	bus, err := address.Open(ctx, home, "tars-cli", append(lines.Asks(), kit.Asks[contract.MemoryQuery](), kit.Asks[contract.MemoryForget]())...)
	if err != nil {
		return err
	}
	defer bus.Close(context.WithoutCancel(ctx))
	if err := f(ctx, bus); errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the memory does not answer: does it run? See tars doctor")
	} else if err != nil {
		return err
	}
	return nil
}

// memorySearchCmd recalls.
type memorySearchCmd struct {
	Text []string `arg:"" help:"What to recall."`
	Top  int      `default:"5" help:"Most lines, 1 to 50."`
}

// Run implements the command.
func (c *memorySearchCmd) Run(ctx context.Context, home kit.Home) error {
	return withMemory(ctx, home, func(ctx context.Context, bus *kit.Bus) error {
		ctx, stop := context.WithTimeout(ctx, memoryTimeout)
		defer stop()
		found, err := kit.Ask(ctx, bus, contract.MemoryQuery{Text: strings.Join(c.Text, " "), TopK: c.Top})
		if err == nil {
			printFound(os.Stdout, found)
		}
		return err
	})
}

// printFound prints hits: the number of the line, how sure it is, when and by whom it was
// said, and its text.
func printFound(w io.Writer, found contract.MemoryResults) {
	if found.K == 0 {
		fmt.Fprintln(w, "nothing is known about that")
	}
	for _, x := range found.Results {
		doc, ok := x.Document.(map[string]any)
		if !ok {
			fmt.Fprintln(w, x.Document)
			continue
		}
		note := ""
		if doc["superseded_by"] != nil {
			note = fmt.Sprintf("  (superseded by %v)", doc["superseded_by"])
		}
		if doc["sure"] == false {
			note += "  (not sure)"
		}
		score := 0.0
		if x.Score != nil {
			score = *x.Score
		}
		at, _ := doc["ts"].(float64)
		fmt.Fprintf(w, "%6v  %3.0f %%  %s  %-9v  %v%s\n", doc["id"], 100*score, minuteOf(at), doc["role"], doc["text"], note)
	}
}

func minuteOf(seconds float64) string {
	return time.UnixMicro(int64(seconds * 1e6)).Format("2006-01-02 15:04")
}

// memoryListCmd lists.
type memoryListCmd struct {
	Last int `default:"20" help:"How many, 1 to 500."`
}

// Run implements the command.
func (c *memoryListCmd) Run(ctx context.Context, home kit.Home) error {
	return withMemory(ctx, home, func(ctx context.Context, bus *kit.Bus) error {
		ctx, stop := context.WithTimeout(ctx, memoryTimeout)
		defer stop()
		page, err := kit.Ask(ctx, bus, contract.MemoryList{Last: true, Limit: c.Last})
		if err != nil {
			return err
		}
		for _, l := range page.Lines {
			who := strings.TrimSpace(cmp.Or(l.Speaker, l.Role) + " " + l.Room)
			fmt.Printf("%6d  %s  %-9s  %s\n", l.ID, minuteOf(l.TS), who, l.Text)
		}
		fmt.Printf("%d of %d lines\n", len(page.Lines), page.Total)
		return nil
	})
}

// memoryForgetCmd forgets.
type memoryForgetCmd struct {
	IDs   []int64 `arg:"" optional:"" name:"number" help:"Numbers of lines, as list and search print them."`
	About string  `help:"Lines that have all of these words, for example \"the key\"." xor:"what"`
	Last  bool    `help:"What was told last, and the answer to it." xor:"what"`
	All   bool    `help:"Everything." xor:"what"`
	Yes   bool    `short:"y" help:"Do not ask whether it is meant."`
}

// Run implements the command.
func (c *memoryForgetCmd) Run(ctx context.Context, home kit.Home) error {
	if len(c.IDs) == 0 && c.About == "" && !c.Last && !c.All {
		return errors.New("forget what? Give numbers of lines, --about, --last or --all")
	}
	if (c.All || c.About != "") && !c.Yes && !confirm(os.Stdin, os.Stderr, "This cannot be undone. Forget? [y/N] ") {
		return errors.New("nothing was forgotten")
	}
	return withMemory(ctx, home, func(ctx context.Context, bus *kit.Bus) error {
		ctx, stop := context.WithTimeout(ctx, memoryTimeout)
		defer stop()
		r, err := kit.Ask(ctx, bus, contract.MemoryForget{IDs: c.IDs, About: c.About, Last: c.Last, All: c.All})
		if err == nil {
			fmt.Printf("forgot %d lines\n", r.Count)
		}
		return err
	})
}

// confirm asks, and reports whether the answer is yes.
func confirm(in io.Reader, out io.Writer, question string) bool {
	fmt.Fprint(out, question)
	answer, _ := bufio.NewReader(in).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// memoryExportCmd exports.
type memoryExportCmd struct {
	File string `arg:"" optional:"" type:"path" help:"Where to. Default: the standard output."`
}

// Run implements the command.
func (c *memoryExportCmd) Run(ctx context.Context, home kit.Home) error {
	return withMemory(ctx, home, func(ctx context.Context, bus *kit.Bus) (err error) {
		out := os.Stdout
		if c.File != "" {
			if out, err = os.OpenFile(c.File, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
				return err
			}
		}
		n, err := lines.Export(ctx, bus, out)
		if c.File != "" {
			err = errors.Join(err, out.Close())
		}
		fmt.Fprintf(os.Stderr, "exported %d lines\n", n)
		return err
	})
}

// memoryImportCmd imports.
type memoryImportCmd struct {
	File string `arg:"" optional:"" type:"existingfile" help:"Where from. Default: the standard input."`
}

// Run implements the command.
func (c *memoryImportCmd) Run(ctx context.Context, home kit.Home) error {
	return withMemory(ctx, home, func(ctx context.Context, bus *kit.Bus) error {
		in := os.Stdin
		if c.File != "" {
			f, err := os.Open(c.File)
			if err != nil {
				return err
			}
			defer f.Close()
			in = f
		}
		n, err := lines.Import(ctx, bus, in)
		fmt.Fprintf(os.Stderr, "added %d lines\n", n)
		return err
	})
}
