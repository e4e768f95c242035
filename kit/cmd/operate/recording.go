package operate

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/wire"
)

// RecordedMessage is one line of a recording. Payload is base64 of the bytes as they
// were on the wire.
type RecordedMessage struct {
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

var errNoTopic = errors.New("it needs at least a topic")

// ReadRecording yields the messages of a recording in their order. It ends with the first
// error, which names the line.
func ReadRecording(in io.Reader) iter.Seq2[RecordedMessage, error] {
	return func(yield func(RecordedMessage, error) bool) {
		lines := bufio.NewReader(in)
		for number := 1; ; number++ {
			text, err := lines.ReadBytes('\n')
			if errors.Is(err, io.EOF) && len(text) == 0 {
				return
			}
			if err != nil && !errors.Is(err, io.EOF) {
				yield(RecordedMessage{}, err)
				return
			}
			if len(strings.TrimSpace(string(text))) == 0 {
				continue
			}
			var r RecordedMessage
			if err := json.Unmarshal(text, &r); err != nil || r.Topic == "" {
				yield(RecordedMessage{}, fmt.Errorf("line %d is no message of a recording: %w", number, errors.Join(err, errNoTopic)))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Delivery is the message as a [kit.Tap] was given it.
func (r RecordedMessage) Delivery() *kit.Delivery {
	d := &kit.Delivery{Payload: r.Payload, Data: r.Payload, QoS: msg.QoS(min(r.QoS, 1)), Header: msg.Header{ContentType: r.ContentType, User: r.User}}
	d.Topic, d.Retained, d.Baggage, d.Trace = r.Topic, r.Retained, r.Baggage, r.Trace
	if e, err := wire.Open(r.Payload); err == nil {
		d.Data, d.ID, d.Type, d.Source = e.Data, e.ID, e.Type, e.Source
	}
	return d
}
