package measure

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/gotars/tars/engines/discovery"
)

// wav is pcm as a file.
func wav(pcm []byte) []byte {
	b := append([]byte("RIFF"), make([]byte, 40)...)
	binary.LittleEndian.PutUint32(b[4:], uint32(36+len(pcm)))
	copy(b[8:], "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	binary.LittleEndian.PutUint32(b[24:], Rate)
	binary.LittleEndian.PutUint32(b[28:], 2*Rate)
	copy(b[32:], "\x02\x00\x10\x00data")
	binary.LittleEndian.PutUint32(b[40:], uint32(len(pcm)))
	return append(b, pcm...)
}

// talk is a Wyoming connection.
type talk struct {
	net.Conn
	r *bufio.Reader
}

// dialWyoming connects to s until ctx ends; close ends it before.
func dialWyoming(ctx context.Context, s discovery.Server) (t talk, close func(), err error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(s.URL, "tcp://"))
	if err != nil {
		return t, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	return talk{c, bufio.NewReader(c)}, func() { stop(); _ = c.Close() }, nil
}

// say sends one event.
func (t talk) say(kind string, data any, payload []byte) error {
	b, err := json.Marshal(map[string]any{"type": kind, "data": data, "payload_length": len(payload)})
	if err != nil {
		return err
	}
	_, err = t.Write(append(append(b, '\n'), payload...))
	return err
}

// hear reads one event.
func (t talk) hear() (kind string, data json.RawMessage, payload []byte, err error) {
	var head struct {
		Type   string          `json:"type"`
		Data   json.RawMessage `json:"data"`
		Length int             `json:"data_length"`
		Bytes  int             `json:"payload_length"`
	}
	line, err := t.r.ReadBytes('\n')
	if err != nil {
		return "", nil, nil, err
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return "", nil, nil, err
	}
	const most = 16 << 20
	if head.Length < 0 || head.Length > most || head.Bytes < 0 || head.Bytes > most {
		return "", nil, nil, errors.New("an event that is too large")
	}
	if head.Length > 0 {
		head.Data = make([]byte, head.Length)
	}
	payload = make([]byte, head.Bytes)
	if head.Length > 0 {
		if _, err := io.ReadFull(t.r, head.Data); err != nil {
			return "", nil, nil, err
		}
	}
	if _, err := io.ReadFull(t.r, payload); err != nil {
		return "", nil, nil, err
	}
	if head.Type == "error" {
		return "", nil, nil, fmt.Errorf("the server says %s", head.Data)
	}
	return head.Type, head.Data, payload, nil
}

func hearWyoming(ctx context.Context, s discovery.Server, pcm []byte) (string, error) {
	t, done, err := dialWyoming(ctx, s)
	if err != nil {
		return "", err
	}
	defer done()
	format := map[string]int{"rate": Rate, "width": 2, "channels": 1}
	err = errors.Join(t.say("transcribe", map[string]string{"language": "en"}, nil), t.say("audio-start", format, nil))
	const second = 2 * Rate
	for at := 0; at < len(pcm) && err == nil; at += second {
		err = t.say("audio-chunk", format, pcm[at:min(at+second, len(pcm))])
	}
	if err = errors.Join(err, t.say("audio-stop", struct{}{}, nil)); err != nil {
		return "", err
	}
	for {
		kind, data, _, err := t.hear()
		if err != nil {
			return "", err
		}
		if kind == "transcript" {
			var said struct{ Text string }
			err := json.Unmarshal(data, &said)
			return said.Text, err
		}
	}
}

func speakWyoming(ctx context.Context, s discovery.Server, text string, begin time.Time) (first, all time.Duration, err error) {
	t, done, err := dialWyoming(ctx, s)
	if err != nil {
		return 0, 0, err
	}
	defer done()
	if err := t.say("synthesize", map[string]string{"text": text}, nil); err != nil {
		return 0, 0, err
	}
	for {
		kind, _, payload, err := t.hear()
		switch {
		case err != nil:
			return 0, 0, err
		case kind == "audio-chunk" && first == 0 && len(payload) > 0:
			first = time.Since(begin)
		case kind == "audio-stop" && first == 0:
			return 0, 0, errors.New("no audio")
		case kind == "audio-stop":
			return first, time.Since(begin), nil
		}
	}
}
