package operate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gotars/tars/kit"
)

// Listen prints messages.
type Listen struct {
	Filter string `arg:"" default:"#" help:"MQTT topic filter; quote it."`
	Audio  bool   `help:"Show every chunk of audio, too."`
}

// Run implements the command.
func (c *Listen) Run(ctx context.Context, tool *Tool) error {
	bus, err := tool.Open(ctx, kit.Tap(c.Filter, func(_ context.Context, d *kit.Delivery) error {
		if c.Audio || !strings.HasPrefix(d.Header.ContentType, "audio/") {
			fmt.Fprintln(tool.out(), formatDelivery(d, time.Now(), tool.Marks))
		}
		return nil
	}, kit.Name("listen"), kit.Queue(4096)))
	if err != nil {
		return err
	}
	err = waitUntilDone(ctx, bus)
	return errors.Join(err, bus.Close(context.WithoutCancel(ctx)))
}

// waitUntilDone waits for Ctrl-C, or for the end of the link.
func waitUntilDone(ctx context.Context, bus *kit.Bus) error {
	select {
	case <-ctx.Done():
		return nil
	case <-bus.Done():
		return ErrLinkOver
	}
}

// formatDelivery is one message for a reader.
func formatDelivery(d *kit.Delivery, now time.Time, marks []string) string {
	text := ""
	var compact bytes.Buffer
	switch {
	case json.Compact(&compact, d.Data) == nil:
		text = compact.String()
	case utf8.Valid(d.Payload):
		text = string(d.Payload)
	default:
		text = fmt.Sprintf("%d bytes of %s", len(d.Payload), d.Header.ContentType)
	}
	from := d.Source
	if from == "" {
		from = "bare"
	}
	mark := ""
	if d.Retained {
		mark = " retained"
	}
	for _, key := range marks {
		if v := d.Baggage[key]; v != "" {
			mark += " " + key + "=" + v
		}
	}
	return fmt.Sprintf("%s  %-22s %-14s id=%.8s trace=%.8s%s  %s", now.Format("15:04:05.000"), d.Topic, from, d.ID, d.Trace, mark, text)
}

// Record writes messages to a file.
type Record struct {
	File   string `arg:"" help:"File to write, - for standard output."`
	Filter string `default:"#" help:"MQTT topic filter."`
}

// Run implements the command.
func (c *Record) Run(ctx context.Context, tool *Tool) error {
	r := &recorder{}
	bus, err := tool.Open(ctx, kit.Tap(c.Filter, r.write, kit.Name("record"), kit.Queue(1<<14), kit.Lane("file")),
		kit.Every(time.Second, r.flush, kit.Lane("file")))
	if err != nil {
		return err
	}
	if err := r.open(c.File, tool.out()); err != nil {
		return errors.Join(err, bus.Close(context.WithoutCancel(ctx)))
	}
	fmt.Fprintf(tool.errs(), "recording %s to %s, Ctrl-C ends it\n", c.Filter, c.File)
	err = errors.Join(waitUntilDone(ctx, bus), bus.Close(context.WithoutCancel(ctx)), r.close())
	fmt.Fprintf(tool.errs(), "%d messages\n", r.n)
	return err
}

// recorder writes to a file once it is open; what came before waits in memory.
type recorder struct {
	mu    sync.Mutex
	early bytes.Buffer
	file  *os.File // nil: standard output
	out   *bufio.Writer
	n     int
}

func (r *recorder) open(name string, out io.Writer) error {
	if name != "-" {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // it holds what was said
		if err != nil {
			return err
		}
		r.file, out = f, f
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out = bufio.NewWriter(out)
	_, err := r.early.WriteTo(r.out)
	return err
}

func (r *recorder) write(_ context.Context, d *kit.Delivery) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	var to io.Writer = &r.early
	if r.out != nil {
		to = r.out
	}
	return json.NewEncoder(to).Encode(RecordedMessage{At: time.Now(), Topic: d.Topic, QoS: byte(d.QoS), Retained: d.Retained, ContentType: d.Header.ContentType,
		User: d.Header.User, Baggage: d.Baggage, Trace: d.Trace, Payload: d.Payload})
}

func (r *recorder) flush(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.out == nil {
		return nil
	}
	return r.out.Flush()
}

func (r *recorder) close() error {
	err := r.flush(context.Background())
	if r.file != nil {
		err = errors.Join(err, r.file.Close())
	}
	return err
}
