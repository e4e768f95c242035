package wyoming

import (
	"cmp"
	"context"
	"fmt"
	"strings"
)

// Format is the form of raw audio: signed little-endian samples.
type Format struct {
	Rate     int `json:"rate"`     // samples per second
	Width    int `json:"width"`    // bytes per sample
	Channels int `json:"channels"` // 1 or 2
}

// Speech is what a recogniser is to write down.
type Speech struct {
	Format
	PCM      []byte
	Language string // two letters; empty: the server's choice
	Model    string // empty: the server's choice
}

// Text is what a recogniser understood.
type Text struct {
	Text     string `json:"text"`
	Language string `json:"language"` // empty when the server does not tell
}

// pieceBytes is how much audio goes into one event.
const pieceBytes = 8 << 10

// Transcribe has the server write down s.
func (c *Client) Transcribe(ctx context.Context, s Speech) (Text, error) {
	ask := map[string]string{}
	if s.Language != "" {
		ask["language"] = s.Language
	}
	if s.Model != "" {
		ask["name"] = s.Model
	}
	begin, err := New(Transcribe, ask)
	if err != nil {
		return Text{}, err
	}
	audio, err := s.Format.events(s.PCM)
	if err != nil {
		return Text{}, err
	}
	conn, err := c.ask(ctx, append([]Event{begin}, append(audio, Event{Type: AudioStop})...)...)
	if err != nil {
		return Text{}, err
	}
	defer conn.Close()
	var pieces strings.Builder
	var whole Text
	for {
		e, err := conn.Next()
		if err != nil {
			return Text{}, err
		}
		var t Text
		switch e.Type {
		case Transcript: // also the end of a text that came in pieces
			return t, e.Decode(&t)
		case TranscriptStart, TranscriptChunk:
			if err := e.Decode(&t); err != nil {
				return Text{}, err
			}
			if pieces.Len()+len(t.Text) > maxData { // as much as in one event
				return Text{}, fmt.Errorf("transcript in pieces: %w", ErrSize)
			}
			pieces.WriteString(t.Text)
			whole.Language = cmp.Or(t.Language, whole.Language)
		case TranscriptStop:
			whole.Text = pieces.String()
			return whole, nil
		}
	}
}

// events is pcm in pieces, with its start.
func (f Format) events(pcm []byte) ([]Event, error) {
	start, err := New(AudioStart, f)
	all := append(make([]Event, 0, 3+len(pcm)/pieceBytes), start)
	for len(pcm) > 0 {
		n := min(len(pcm), pieceBytes)
		all = append(all, Event{Type: AudioChunk, Data: start.Data, Payload: pcm[:n]})
		pcm = pcm[n:]
	}
	return all, err
}
