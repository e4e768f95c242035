package wyoming

import (
	"context"
	"fmt"
	"iter"
)

// Line is what a voice is to say.
type Line struct {
	Text     string
	Voice    string // as the server calls it; empty: its own
	Language string // two letters, used without a voice; empty: the voice's own
	Stream   bool   // ask as those servers want to be asked that speak while text is written, see Program.StreamsText
}

// Audio is a piece of speech.
type Audio struct {
	Format
	PCM []byte
}

// Synthesize has the server say l, and yields audio as it comes. An error is
// the last pair.
func (c *Client) Synthesize(ctx context.Context, l Line) iter.Seq2[Audio, error] {
	return func(yield func(Audio, error) bool) {
		ask, err := l.events()
		if err != nil {
			yield(Audio{}, err)
			return
		}
		conn, err := c.ask(ctx, ask...)
		if err != nil {
			yield(Audio{}, err)
			return
		}
		defer conn.Close()
		if err := conn.audio(l.Stream, func(a Audio) bool { return yield(a, nil) }); err != nil {
			yield(Audio{}, err)
		}
	}
}

// events are the question of l. In a stream the whole text goes along as well,
// for servers that read only that.
func (l Line) events() ([]Event, error) {
	type voice struct {
		Name     string `json:"name,omitempty"`
		Language string `json:"language,omitempty"`
	}
	type question struct {
		Text  string `json:"text,omitempty"`
		Voice *voice `json:"voice,omitempty"`
	}
	var v *voice
	switch {
	case l.Voice != "":
		v = &voice{Name: l.Voice}
	case l.Language != "":
		v = &voice{Language: l.Language}
	}
	whole, err := New(Synthesize, question{l.Text, v})
	if err != nil || !l.Stream {
		return []Event{whole}, err
	}
	start, err := New(SynthesizeStart, question{Voice: v})
	if err != nil {
		return nil, err
	}
	piece, err := New(SynthesizeChunk, question{Text: l.Text})
	return []Event{start, piece, whole, {Type: SynthesizeStop}}, err
}

// audio hands on what comes until the end of the answer. A stream may hold
// several pieces that each have a start and a stop.
func (c *Conn) audio(stream bool, hear func(Audio) bool) error {
	for {
		e, err := c.Next()
		if err != nil {
			return err
		}
		switch {
		case e.Type == AudioStop && !stream, e.Type == SynthesizeStopped:
			return nil
		case e.Type == AudioChunk && len(e.Payload) > 0:
			a := Audio{PCM: e.Payload}
			if err := e.Decode(&a.Format); err != nil {
				return err
			}
			if a.Rate < 1 || a.Width != 2 || a.Channels != 1 || len(a.PCM)%2 != 0 {
				return fmt.Errorf("the server sent audio with rate %d, %d bytes a sample, %d channels, want one channel of 2 bytes", a.Rate, a.Width, a.Channels)
			}
			if !hear(a) {
				return nil
			}
		}
	}
}
