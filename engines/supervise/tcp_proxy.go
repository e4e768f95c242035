package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	piece = 32 << 10 // bytes read at once
	early = 4 << 20  // most that is taken from a client while its engine starts
)

// tcpProxy is a connection of a client to an engine that speaks Wyoming.
type tcpProxy struct {
	engine *engine
	client *net.TCPConn

	mu     sync.Mutex
	server net.Conn  // nil before the engine is ready
	hung   bool      // by us
	asked  bool      // the client spoke last: it waits for an answer
	at     time.Time // of the last byte, or of the first one of the question
	moved  time.Time // of the last byte
}

var errGone = errors.New("the client has gone")

// serve carries bytes between client and engine until either is done. It
// waits for the first byte: to look whether a port is open costs no start.
func (l *tcpProxy) serve() {
	defer l.hangUp()
	first := make([]byte, piece)
	n, err := l.client.Read(first)
	if n == 0 || err != nil && !errors.Is(err, io.EOF) {
		return
	}
	l.mark(true)
	first, server, err := l.reach(first[:n])
	switch {
	case errors.Is(err, errGone):
	case err != nil:
		l.refuse(err)
	default:
		l.splice(first, server)
	}
}

// reach connects to the engine, and starts it if it must. It returns what the
// client said until then.
func (l *tcpProxy) reach(said []byte) ([]byte, net.Conn, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var wg sync.WaitGroup
	wg.Go(func() { said = l.listen(said, cancel) })
	server, err := l.engine.dial(ctx)
	_ = l.client.SetReadDeadline(time.Unix(1, 0)) // ends listen
	wg.Wait()
	_ = l.client.SetReadDeadline(time.Time{})
	if err == nil && !l.connect(server) {
		err = errGone
	}
	return said, server, err
}

// listen collects what the client says while it waits, and tells when it goes.
func (l *tcpProxy) listen(said []byte, gone context.CancelCauseFunc) []byte {
	buf := make([]byte, piece)
	for len(said) < early {
		n, err := l.client.Read(buf)
		said = append(said, buf[:n]...)
		var late net.Error
		switch {
		case errors.As(err, &late) && late.Timeout(), errors.Is(err, io.EOF): // it has said all, and may still listen
			return said
		case err != nil:
			gone(errGone)
			return said
		}
	}
	return said
}

// connect notes the other end, unless the line is hung up.
func (l *tcpProxy) connect(server net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hung {
		_ = server.Close()
		return false
	}
	l.server = server
	l.at = time.Now() // a start does not count as the engine's time to answer
	return true
}

// splice copies both ways until the engine has said all, or a side breaks.
func (l *tcpProxy) splice(first []byte, server net.Conn) {
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := server.Write(first); err != nil {
			l.hangUp()
			return
		}
		if err := l.carry(server, l.client, true); err != nil {
			l.hangUp()
			return
		}
		_ = server.(*net.TCPConn).CloseWrite() // the client has said all; the answer may still come
	})
	_ = l.carry(l.client, server, false)
	l.hangUp()
	wg.Wait()
}

// carry copies until the end of from, which is no error.
func (l *tcpProxy) carry(to io.Writer, from io.Reader, question bool) error {
	buf := make([]byte, piece)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			l.mark(question)
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// mark notes who speaks.
func (l *tcpProxy) mark(question bool) {
	now := time.Now()
	l.mu.Lock()
	turn := l.asked != question
	took := now.Sub(l.at)
	l.asked, l.moved = question, now
	if turn && question {
		l.at = now
	}
	l.mu.Unlock()
	if turn && !question {
		l.engine.answered(took)
	}
}

// busyFor is how long from now the line keeps its engine from resting: a
// client that waits for an answer does, as one that was served within idle.
func (l *tcpProxy) busyFor(idle time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.moved.IsZero():
		return 0
	case l.asked:
		return idle
	}
	return time.Until(l.moved.Add(idle))
}

// hangUp closes both ends.
func (l *tcpProxy) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hung = true
	_ = l.client.Close()
	if l.server != nil {
		_ = l.server.Close()
	}
}

// refuse tells the client why there is no engine.
func (l *tcpProxy) refuse(why error) {
	text, err := json.Marshal(why.Error())
	if err != nil {
		return
	}
	_ = l.client.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprintf(l.client, `{"type":"error","data":{"text":%s,"code":"engine-unavailable"}}`+"\n", text); err == nil {
		_ = l.client.CloseWrite()
		_, _ = io.Copy(io.Discard, l.client) // or the kernel would drop the answer
	}
}
