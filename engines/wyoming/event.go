package wyoming

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
)

// The types of events that this package sends or understands.
const (
	Describe          = "describe"
	Info              = "info"
	Transcribe        = "transcribe"
	Transcript        = "transcript"
	TranscriptStart   = "transcript-start"
	TranscriptChunk   = "transcript-chunk"
	TranscriptStop    = "transcript-stop"
	Synthesize        = "synthesize"
	SynthesizeStart   = "synthesize-start"
	SynthesizeChunk   = "synthesize-chunk"
	SynthesizeStop    = "synthesize-stop"
	SynthesizeStopped = "synthesize-stopped"
	AudioStart        = "audio-start"
	AudioChunk        = "audio-chunk"
	AudioStop         = "audio-stop"
	Detect            = "detect"
	Detection         = "detection"
	NotDetected       = "not-detected"
	Ping              = "ping"
	Pong              = "pong"
	Failed            = "error"
)

// The most that is read of one event, in bytes. The list of voices of a large
// server has 100 KB, and a chunk of audio a few.
const (
	maxHeader  = 1 << 20
	maxData    = 4 << 20
	maxPayload = 4 << 20
)

// ErrSize is the error of an event that is larger than any that makes sense, and
// of a text in pieces that is.
var ErrSize = errors.New("event too large")

// Event is one message of the protocol.
type Event struct {
	Type    string
	Data    json.RawMessage // one JSON object; empty: none
	Payload []byte          // audio; nil: none
}

// New returns an event with data, which must be a struct or a map.
func New(typ string, data any) (Event, error) {
	b, err := json.Marshal(data)
	if err != nil {
		return Event{}, fmt.Errorf("event %s: %w", typ, err)
	}
	return Event{Type: typ, Data: b}, nil
}

// header is the line that each event begins with.
type header struct {
	Type          string          `json:"type"`
	Data          json.RawMessage `json:"data,omitempty"`
	DataLength    *int            `json:"data_length,omitempty"`
	PayloadLength *int            `json:"payload_length,omitempty"`
}

// Append appends e as it travels.
func (e Event) Append(dst []byte) ([]byte, error) {
	h := header{Type: e.Type}
	if len(e.Data) > 0 {
		h.DataLength = new(len(e.Data))
	}
	if len(e.Payload) > 0 {
		h.PayloadLength = new(len(e.Payload))
	}
	line, err := json.Marshal(h)
	if err != nil {
		return dst, fmt.Errorf("event %s: %w", e.Type, err)
	}
	dst = append(append(dst, line...), '\n')
	return append(append(dst, e.Data...), e.Payload...), nil
}

// Decode fills v with the data of e.
func (e Event) Decode(v any) error {
	if len(e.Data) == 0 {
		return nil
	}
	if err := json.Unmarshal(e.Data, v); err != nil {
		return fmt.Errorf("event %s: %w", e.Type, err)
	}
	return nil
}

// Read reads one event. It returns io.EOF where the stream ends between two
// events, and io.ErrUnexpectedEOF where it ends within one.
func Read(r *bufio.Reader) (Event, error) {
	line, err := readLine(r)
	if err != nil {
		return Event{}, err
	}
	var h header
	if err := json.Unmarshal(line, &h); err != nil {
		return Event{}, fmt.Errorf("header of an event: %w", err)
	}
	if h.Type == "" {
		return Event{}, errors.New("header of an event: it has no type")
	}
	e := Event{Type: h.Type}
	more, err := readPart(r, h.DataLength, maxData)
	if err != nil {
		return Event{}, fmt.Errorf("data of event %s: %w", h.Type, err)
	}
	if e.Data, err = mergeData(h.Data, more); err != nil {
		return Event{}, fmt.Errorf("data of event %s: %w", h.Type, err)
	}
	if e.Payload, err = readPart(r, h.PayloadLength, maxPayload); err != nil {
		return Event{}, fmt.Errorf("payload of event %s: %w", h.Type, err)
	}
	return e, nil
}

// readLine reads up to the end of a line.
func readLine(r *bufio.Reader) (line []byte, err error) {
	for {
		piece, err := r.ReadSlice('\n')
		line = append(line, piece...)
		switch {
		case len(line) > maxHeader:
			return nil, fmt.Errorf("header of an event: %w", ErrSize)
		case err == nil:
			return line, nil
		case err == io.EOF && len(line) > 0:
			return nil, io.ErrUnexpectedEOF
		case err != bufio.ErrBufferFull:
			return nil, err
		}
	}
}

// readPart reads the n bytes that a header announced. Memory grows with what comes,
// not with what was announced.
func readPart(r io.Reader, n *int, most int) ([]byte, error) {
	switch {
	case n == nil || *n == 0:
		return nil, nil
	case *n < 0:
		return nil, fmt.Errorf("its length is %d", *n)
	case *n > most:
		return nil, ErrSize
	}
	var b bytes.Buffer
	got, err := io.CopyN(&b, r, int64(*n))
	if err == io.EOF || err == nil && got < int64(*n) {
		err = io.ErrUnexpectedEOF
	}
	return b.Bytes(), err
}

// mergeData is the object of the header with the one that followed it: servers use
// either, and the protocol allows both.
func mergeData(inline, more []byte) (json.RawMessage, error) {
	var all map[string]json.RawMessage
	if len(inline) > 0 && !bytes.Equal(inline, []byte("null")) {
		if err := json.Unmarshal(inline, &all); err != nil {
			return nil, err
		}
	}
	if len(more) == 0 {
		if all == nil {
			return nil, nil
		}
		return inline, nil
	}
	var rest map[string]json.RawMessage
	if err := json.Unmarshal(more, &rest); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return more, nil
	}
	maps.Copy(all, rest)
	return json.Marshal(all)
}
