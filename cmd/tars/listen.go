package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
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
	<-ctx.Done()
	return bus.Close(context.WithoutCancel(ctx))
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
func (c *recordCmd) Run(ctx context.Context, home kit.Home) (err error) {
	quietly()
	var out io.Writer = os.Stdout
	if c.File != "-" {
		f, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // it holds what was said
		if err != nil {
			return err
		}
		defer f.Close()
		out = f
	}
	w := bufio.NewWriter(out)
	lines := json.NewEncoder(w)
	n := 0
	bus, err := open(ctx, home, "tars-cli", kit.Tap(c.Filter, func(_ context.Context, d *kit.Delivery) error {
		n++
		return lines.Encode(recorded{At: time.Now(), Topic: d.Topic, QoS: byte(d.QoS), Retained: d.Retained, ContentType: d.Header.ContentType,
			User: d.Header.User, Baggage: d.Baggage, Trace: d.Trace, Payload: d.Payload})
	}, kit.Name("record"), kit.Queue(1<<14)))
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "recording %s to %s, Ctrl-C ends it\n", c.Filter, c.File)
	<-ctx.Done()
	if err := bus.Close(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d messages\n", n)
	return w.Flush()
}
