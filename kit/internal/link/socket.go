package link

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// socket is a WebSocket as a stream of bytes: one binary message per Write.
type socket struct {
	*websocket.Conn
	r        io.Reader    // rest of the message being read
	deadline atomic.Int64 // of writes, Unix nanoseconds; 0 is none
}

func (s *socket) Read(p []byte) (int, error) {
	for {
		if s.r == nil {
			kind, r, err := s.NextReader()
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, errors.New("websocket: MQTT in a message that is not binary")
			}
			s.r = r
		}
		n, err := s.r.Read(p)
		if err == io.EOF {
			s.r = nil
			if n == 0 {
				continue
			}
			err = nil
		}
		return n, err
	}
}

func (s *socket) Write(p []byte) (int, error) {
	var t time.Time
	if ns := s.deadline.Load(); ns != 0 {
		t = time.Unix(0, ns)
	}
	_ = s.Conn.SetWriteDeadline(t)
	if err := s.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s *socket) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// SetWriteDeadline bounds the Write that runs too: the one of websocket.Conn
// is for the goroutine that writes, and takes effect with its next message.
func (s *socket) SetWriteDeadline(t time.Time) error {
	var ns int64
	if !t.IsZero() {
		ns = t.UnixNano()
	}
	s.deadline.Store(ns)
	return s.NetConn().SetWriteDeadline(t)
}
