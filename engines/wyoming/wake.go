package wyoming

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// hearTimeout is how long a server may take no audio before it counts as lost.
const hearTimeout = 5 * time.Second

// Heard is a wake word that was heard.
type Heard struct {
	Name string `json:"name"` // as the server calls it, perhaps with a version: hey_jarvis_v0.1
}

// Detector listens for wake words in one stream of audio. One goroutine may
// call Hear while another one calls Next.
type Detector struct {
	conn  *Conn
	chunk Event
	alive chan struct{} // capacity 1: the server answered on this connection
}

// Detect connects and names the wake words to listen for; none: all that the
// server has loaded. The detector ends with ctx.
func (c *Client) Detect(ctx context.Context, f Format, words []string) (*Detector, error) {
	ask := struct {
		Names []string `json:"names,omitempty"`
	}{words}
	begin, err := New(Detect, ask)
	if err != nil {
		return nil, err
	}
	audio, err := f.events(nil)
	if err != nil {
		return nil, err
	}
	conn, err := c.ask(ctx, begin, audio[0])
	if err != nil {
		return nil, err
	}
	conn.writeTimeout = hearTimeout
	return &Detector{conn: conn, chunk: Event{Type: AudioChunk, Data: audio[0].Data}, alive: make(chan struct{}, 1)}, nil
}

// Hear sends audio. It blocks while the server does not keep up, for 5 s at most:
// then the detector is of no more use. Nothing is sent for no audio: the newest openWakeWord
// hears nothing more after an empty chunk, and does not say so.
func (d *Detector) Hear(pcm []byte) error {
	if len(pcm) == 0 {
		return nil
	}
	e := d.chunk
	e.Payload = pcm
	err := d.conn.Send(e)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("it has taken no audio for %v", hearTimeout)
	}
	return err
}

// Next waits for the next wake word. It ends with an error when the connection
// does.
func (d *Detector) Next() (Heard, error) {
	for {
		e, err := d.conn.Next()
		if err != nil {
			return Heard{}, err
		}
		switch e.Type {
		case Detection:
			var h Heard
			return h, e.Decode(&h)
		case Info:
			select {
			case d.alive <- struct{}{}:
			default:
			}
		}
	}
}

// Check asks the server on this connection whether it still reads: a server may be well
// for everybody else while it has given up this one. It waits for the answer as long as
// ctx runs, while another goroutine calls Next.
func (d *Detector) Check(ctx context.Context) error {
	select {
	case <-d.alive:
	default:
	}
	if err := d.conn.Send(Event{Type: Describe}); err != nil {
		return err
	}
	select {
	case <-d.alive:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close ends the connection.
func (d *Detector) Close() error { return d.conn.Close() }
