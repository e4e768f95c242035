package eval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/gotars/tars/cmd/tars/internal/room"
	"github.com/gotars/tars/contract"
)

// Serve lets other programs talk to a house over a WebSocket, until ctx ends: each
// connection is a room. Both sides send signed 16-bit little-endian samples of one
// channel, 16 000 a second, in binary messages: the other side what its microphone hears,
// in real time and at least 20 ms in a message, this one what its loudspeaker plays. This
// side tells what it understood in JSON. It is the protocol of voicebench's adapter
// "websocket".
func Serve(ctx context.Context, h *House, l net.Listener) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	var rooms atomic.Int64
	s := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				return // it was answered
			}
			defer c.CloseNow()
			name := fmt.Sprintf("web-judge-%d", rooms.Add(1))
			_ = h.talk(ctx, c, name) // the other side knows why it went
		}),
	}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

// talk is one connection.
func (h *House) talk(ctx context.Context, c *websocket.Conn, name string) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	r := room.New(name, nil)
	played := make(chan []byte, 50) // a second; more is lost, as in a sound card
	r.Listen(func(s room.State, sound []float32) {
		if !s.Playing {
			return
		}
		select {
		case played <- room.Encode(sound):
		default:
		}
	})
	h.mu.Lock()
	h.open(ctx, r)
	h.mu.Unlock()
	go func() {
		defer leave()
		for {
			select {
			case sound := <-played:
				if c.Write(ctx, websocket.MessageBinary, sound) != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	go h.tellHeard(ctx, c, r)
	for seq := 0; ; seq++ {
		kind, sound, err := c.Read(ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageBinary || len(sound) < 2 {
			seq--
			continue
		}
		if err := h.hear(ctx, contract.MicAudio{Source: name, Seq: seq, PCM: sound[:len(sound)/2*2]}); err != nil {
			return errors.Join(err, c.Close(websocket.StatusInternalError, "the assistant cannot be reached"))
		}
	}
}

// tellHeard tells the other side what was understood.
func (h *House) tellHeard(ctx context.Context, c *websocket.Conn, r *room.Room) {
	for from := time.Duration(0); ctx.Err() == nil; {
		ev, ok := r.Await(ctx, from, time.Minute, func(m any) bool { _, is := m.(contract.FinalTranscript); return is })
		if !ok {
			continue
		}
		from = ev.At + 1
		line, err := json.Marshal(map[string]any{"type": "transcript", "role": "user", "text": ev.Message.(contract.FinalTranscript).Text, "final": true})
		if err != nil || c.Write(ctx, websocket.MessageText, line) != nil {
			return
		}
	}
}
