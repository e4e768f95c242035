package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
)

// rawPayload is a payload that goes out byte by byte as it came in.
type rawPayload struct {
	payload []byte
	header  msg.Header
}

// MarshalBinary implements encoding.BinaryMarshaler.
func (u rawPayload) MarshalBinary() ([]byte, error) { return u.payload, nil }

// Route is the zero route: where it goes is known at run time.
func (rawPayload) Route() msg.Route { return msg.Route{} }

// Header implements msg.Headed.
func (u rawPayload) Header() msg.Header { return u.header }

// Replay publishes a recording.
type Replay struct {
	File   string  `arg:"" help:"Recording to read, - for standard input."`
	Speed  float64 `default:"1" help:"2 is twice as fast, 0 is without waiting."`
	Filter string  `default:"" help:"Only topics that begin with this; by default all but system/, which tells how services were."`
	DryRun bool    `help:"Say what would be published."`
}

// Run implements the command.
func (c *Replay) Run(ctx context.Context, tool *Tool) error {
	if c.Speed < 0 {
		return fmt.Errorf("--speed is %g, want 0 or more", c.Speed)
	}
	in := os.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	var bus *kit.Bus
	if !c.DryRun {
		var err error
		if bus, err = tool.Open(ctx); err != nil {
			return err
		}
	}
	n, err := c.publish(ctx, in, tool.out(), bus)
	fmt.Fprintf(tool.errs(), "%d messages\n", n)
	if bus != nil {
		err = errors.Join(err, bus.Close(context.WithoutCancel(ctx)))
	}
	return err
}

// publish sends what is to be sent, with the pauses it had. Without a bus it
// prints.
func (c *Replay) publish(ctx context.Context, in io.Reader, out io.Writer, bus *kit.Bus) (n int, _ error) {
	var first time.Time // of the recording
	begin := time.Now()
	for r, err := range ReadRecording(in) {
		if err != nil {
			return n, err
		}
		if r.Retained || !c.wanted(r.Topic) {
			continue
		}
		if first.IsZero() {
			first = r.At
		}
		if c.Speed > 0 {
			at := begin.Add(time.Duration(float64(r.At.Sub(first)) / c.Speed))
			select {
			case <-time.After(time.Until(at)):
			case <-ctx.Done():
				return n, nil
			}
		}
		if err := r.publishTo(ctx, out, bus); err != nil {
			return n, fmt.Errorf("message %d, on %s: %w", n+1, r.Topic, err)
		}
		n++
	}
	return n, nil
}

func (c *Replay) wanted(topic string) bool {
	if c.Filter == "" {
		return !strings.HasPrefix(topic, "system/")
	}
	return strings.HasPrefix(topic, c.Filter)
}

// publishTo publishes the message as it was.
func (r RecordedMessage) publishTo(ctx context.Context, out io.Writer, bus *kit.Bus) error {
	if bus == nil {
		_, err := fmt.Fprintf(out, "%s  %s  %d bytes\n", r.At.Format("15:04:05.000"), r.Topic, len(r.Payload))
		return err
	}
	for k, v := range r.Baggage {
		ctx = kit.WithBaggage(ctx, k, v)
	}
	body := rawPayload{r.Payload, msg.Header{ContentType: r.ContentType, User: r.User}}
	return bus.PublishTo(ctx, r.Topic, "", body, kit.AtQoS(msg.QoS(min(r.QoS, 1))), kit.ID(r.Trace))
}
