package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/gotars/tars/cmd/tars/internal/address"
	"github.com/gotars/tars/contract"
	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/cmd/operate"
	turnfile "github.com/gotars/tars/services/ui-web/turns"
)

// turnCmd writes and reads files of turns, which the page opens.
type turnCmd struct {
	Save turnSaveCmd `cmd:"" help:"Write each turn that ends to a file, until Ctrl-C."`
	From turnFromCmd `cmd:"" help:"Write the turns of a recording of tars record to files."`
	Show turnShowCmd `cmd:"" help:"Print why a turn of a file went as it did, and where the time went."`
}

type turnSaveCmd struct {
	Folder string `arg:"" help:"Folder of the files; it is made when it is not there."`
	Room   string `help:"Only turns of this room."`
	Sound  bool   `help:"Keep what was said in them, too."`
}

type turnFromCmd struct {
	Recording string `arg:"" help:"Recording to read, - for standard input."`
	Folder    string `arg:"" help:"Folder of the files; it is made when it is not there."`
	Sound     bool   `help:"Keep what was said in them, too, where the recording has it."`
}

type turnShowCmd struct {
	File string `arg:"" help:"File of a turn."`
}

// afterTurn is how long after the end of a turn more of it is told: the last line is still
// spoken, and details follow what they are about.
const afterTurn = 3 * time.Second

// turnFolder writes turns to a folder, each once.
type turnFolder struct {
	*turnfile.Collector
	folder, room string

	mu      sync.Mutex
	written map[string]bool
	n       int
}

func newTurnFolder(folder, room string, sound bool) (*turnFolder, error) {
	var opts []turnfile.Option
	if sound {
		opts = append(opts, turnfile.KeepSound())
	}
	return &turnFolder{Collector: turnfile.NewCollector(opts...), folder: folder, room: room, written: map[string]bool{}}, os.MkdirAll(folder, 0o700)
}

// write writes the turns that were over at a time.
func (f *turnFolder) write(by time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, s := range f.List() {
		t, ok := f.Get(s.ID)
		if !ok || f.written[t.ID] || t.Outcome == "" || t.Ended > float64(by.UnixMicro())/1e6 || f.room != "" && f.room != t.Room {
			continue
		}
		f.written[t.ID] = true
		if err := f.writeTurn(t); err != nil {
			errs = append(errs, err)
			continue
		}
		f.n++
	}
	return errors.Join(errs...)
}

func (f *turnFolder) writeTurn(t turnfile.Turn) error {
	begun := time.UnixMicro(int64(t.Begun * 1e6)).UTC().Format("20060102-150405.000")
	id := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, t.ID)
	name := filepath.Join(f.folder, fmt.Sprintf("turn-%s-%.8s.json", begun, id))
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // it holds what was said
	if err != nil {
		return err
	}
	return errors.Join(t.Write(file), file.Close())
}

// Run implements the command.
func (c *turnSaveCmd) Run(ctx context.Context, home kit.Home) error {
	f, err := newTurnFolder(c.Folder, c.Room, c.Sound)
	if err != nil {
		return err
	}
	take := func(_ context.Context, d *kit.Delivery) error {
		f.Take(d, time.Now())
		return nil
	}
	topics := turnfile.Topics()
	if c.Sound {
		topics = append(topics, contract.MicAudio{}.Route().Topic)
	}
	handlers := []kit.Handler{kit.Every(time.Second, func(context.Context) error { return f.write(time.Now().Add(-afterTurn)) }, kit.Lane("file"))}
	for _, topic := range topics {
		handlers = append(handlers, kit.Tap(topic, take, kit.Name(topic), kit.Lane("turns"), kit.Queue(4096)))
	}
	bus, err := address.Open(ctx, home, "tars-cli", handlers...)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "saving turns to %s, Ctrl-C ends it\n", c.Folder)
	select {
	case <-ctx.Done():
		err = nil
	case <-bus.Done():
		err = operate.ErrLinkOver
	}
	err = errors.Join(err, bus.Close(context.WithoutCancel(ctx)), f.write(time.Now()))
	fmt.Fprintf(os.Stderr, "%d turns\n", f.n)
	return err
}

// Run implements the command.
func (c *turnFromCmd) Run() error {
	in := io.Reader(os.Stdin)
	if c.Recording != "-" {
		file, err := os.Open(c.Recording)
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	f, err := newTurnFolder(c.Folder, "", c.Sound)
	if err != nil {
		return err
	}
	n, err := f.read(in)
	fmt.Fprintf(os.Stderr, "%d turns of %d messages\n", f.n, n)
	return err
}

// read takes a recording, and writes its turns as they end.
func (f *turnFolder) read(in io.Reader) (n int, _ error) {
	last := time.Time{}
	for r, err := range operate.ReadRecording(in) {
		if err != nil {
			return n, errors.Join(err, f.write(last))
		}
		n++
		f.Take(r.Delivery(), r.At)
		if r.At.Sub(last) >= time.Second { // more turns may follow than are kept
			last = r.At
			if err := f.write(last.Add(-afterTurn)); err != nil {
				return n, err
			}
		}
	}
	return n, f.write(time.Now())
}

// Run implements the command.
func (c *turnShowCmd) Run() error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	t, err := turnfile.Read(file)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	printTurn(os.Stdout, t)
	return nil
}

// printTurn prints a turn for a reader.
func printTurn(out io.Writer, t turnfile.Turn) {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	row := func(what, text string) {
		if text != "" {
			fmt.Fprintf(w, "%s\t%s\n", what, text)
		}
	}
	said := t.Text
	if said == "" && t.Speech != nil && t.Speech.Text != nil {
		said = *t.Speech.Text
	}
	row("said", said)
	row("room", t.Room)
	row("outcome", t.Outcome)
	row("reason", t.Reason)
	row("error", t.Error)
	row("said into", t.Into)
	row("ended by", t.By)
	for _, s := range t.Spoken {
		row(s.State, s.Text)
	}
	for _, s := range t.Stages {
		row(formatDuration(time.Duration((s.To-s.From)*float64(time.Second))), strings.TrimSpace(s.Name+" "+s.Note)+" ("+s.Of+")")
	}
	if t.Wait != nil {
		row("first sound", fmt.Sprintf("%.2f s after the last word: engines %.2f s, silence %.2f s, all else %.2f s", t.Wait.Total, t.Wait.Engines, t.Wait.Pause, t.Wait.Ours))
	}
	_ = w.Flush()
}
