package main

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

// listenCmd prints messages.
type listenCmd struct {
	Filter string `arg:"" default:"#" help:"MQTT topic filter; quote it."`
	Audio  bool   `help:"Show every chunk of audio, too."`
}

// Run implements the command.
func (c *listenCmd) Run(ctx context.Context, home kit.Home) error {
	quietly()
	bus, err := open(ctx, home, "tars-cli", kit.Tap(c.Filter, func(_ context.Context, d *kit.Delivery) error {
		if c.Audio || !strings.HasPrefix(d.Header.ContentType, "audio/") {
			fmt.Fprintln(os.Stdout, line(d, time.Now()))
		}
		return nil
	}, kit.Name("listen"), kit.Queue(4096)))
	if err != nil {
		return err
	}
	err = untilDone(ctx, bus)
	return errors.Join(err, bus.Close(context.WithoutCancel(ctx)))
}

// untilDone waits for Ctrl-C, or for the end of the link.
func untilDone(ctx context.Context, bus *kit.Bus) error {
	select {
	case <-ctx.Done():
		return nil
	case <-bus.Done():
		return errLinkOver
	}
}

// line is one message for a reader.
func line(d *kit.Delivery, now time.Time) string {
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
	if r := d.Baggage["room"]; r != "" {
		mark += " room=" + r
	}
	return fmt.Sprintf("%s  %-22s %-14s id=%.8s trace=%.8s%s  %s", now.Format("15:04:05.000"), d.Topic, from, d.ID, d.Trace, mark, text)
}

// recordCmd writes messages to a file.
type recordCmd struct {
	File   string `arg:"" help:"File to write, - for standard output."`
	Filter string `default:"#" help:"MQTT topic filter."`
}

// recorded is one line of a recording. Payload is base64 of the bytes as they
// were on the wire.
type recorded struct {
	At          time.Time         `json:"at"`
	Topic       string            `json:"topic"`
	QoS         byte              `json:"qos"` // of the sender
	Retained    bool              `json:"retained,omitempty"`
	ContentType string            `json:"content_type,omitempty"`
	User        map[string]string `json:"user,omitempty"`
	Baggage     map[string]string `json:"baggage,omitempty"`
	Trace       string            `json:"trace,omitempty"`
	Payload     []byte            `json:"payload"`
}

// Run implements the command.
func (c *recordCmd) Run(ctx context.Context, home kit.Home) error {
	quietly()
	r := &recorder{}
	bus, err := open(ctx, home, "tars-cli", kit.Tap(c.Filter, r.write, kit.Name("record"), kit.Queue(1<<14), kit.Lane("file")),
		kit.Every(time.Second, r.flush, kit.Lane("file")))
	if err != nil {
		return err
	}
	if err := r.open(c.File); err != nil {
		return errors.Join(err, bus.Close(context.WithoutCancel(ctx)))
	}
	fmt.Fprintf(os.Stderr, "recording %s to %s, Ctrl-C ends it\n", c.Filter, c.File)
	err = errors.Join(untilDone(ctx, bus), bus.Close(context.WithoutCancel(ctx)), r.close())
	fmt.Fprintf(os.Stderr, "%d messages\n", r.n)
	return err
}

// recorder writes to a file once it is open; what came before waits in memory.
type recorder struct {
	mu    sync.Mutex
	early bytes.Buffer
	file  *os.File
	out   *bufio.Writer
	n     int
}

func (r *recorder) open(name string) error {
	f := os.Stdout
	if name != "-" {
		var err error
		if f, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil { // it holds what was said
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.file, r.out = f, bufio.NewWriter(f)
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
	return json.NewEncoder(to).Encode(recorded{At: time.Now(), Topic: d.Topic, QoS: byte(d.QoS), Retained: d.Retained, ContentType: d.Header.ContentType,
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

func (r *recorder) close() error { return errors.Join(r.flush(context.Background()), r.file.Close()) }
