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
	bufferSize    = 32 << 10 // bytes of one read
	maxEarlyBytes = 4 << 20  // read from a client while its engine starts: two minutes of speech
)

// tcpProxy passes the bytes of one client to an engine that speaks Wyoming, and back.
// It understands none of them: who sent the last byte tells whether an answer is due.
type tcpProxy struct {
	engine *engine
	client *net.TCPConn

	mu           sync.Mutex
	server       net.Conn  // nil before the engine is ready
	closed       bool      // by closeBoth
	awaitsAnswer bool      // the client spoke last: it waits for an answer
	askedAt      time.Time // when the question began, or when the engine was connected to
	lastByte     time.Time // in either direction; zero before the first
}

var errClientGone = errors.New("the client has gone")

// serve passes bytes between client and engine until either is done. It waits for
// the first byte: who only looks whether the port is open starts no engine.
func (l *tcpProxy) serve() {
	defer l.closeBoth()
	first := make([]byte, bufferSize)
	n, err := l.client.Read(first)
	if n == 0 || err != nil && !errors.Is(err, io.EOF) {
		return
	}
	l.noteSpeaker(true)
	first, server, err := l.dialEngine(first[:n])
	switch {
	case errors.Is(err, errClientGone):
	case err != nil:
		l.refuse(err)
	default:
		l.splice(first, server)
	}
}

// dialEngine connects to the engine, and starts it if it must. It returns what the
// client said until then.
func (l *tcpProxy) dialEngine(said []byte) ([]byte, net.Conn, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var wg sync.WaitGroup
	wg.Go(func() { said = l.readEarly(said, cancel) })
	server, err := l.engine.dial(ctx)
	_ = l.client.SetReadDeadline(time.Unix(1, 0)) // ends listen
	wg.Wait()
	_ = l.client.SetReadDeadline(time.Time{})
	if err == nil && !l.setServer(server) {
		err = errClientGone
	}
	return said, server, err
}

// readEarly collects what the client says while it waits, and tells when it goes.
func (l *tcpProxy) readEarly(said []byte, gone context.CancelCauseFunc) []byte {
	buf := make([]byte, bufferSize)
	for len(said) < maxEarlyBytes {
		n, err := l.client.Read(buf)
		said = append(said, buf[:n]...)
		var late net.Error
		switch {
		case errors.As(err, &late) && late.Timeout(), errors.Is(err, io.EOF): // it has said all, and may still listen
			return said
		case err != nil:
			gone(errClientGone)
			return said
		}
	}
	return said
}

// setServer notes the connection to the engine, and reports false when this one was
// closed meanwhile.
func (l *tcpProxy) setServer(server net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = server.Close()
		return false
	}
	l.server = server
	l.askedAt = time.Now() // a start does not count as the engine's time to answer
	return true
}

// splice copies both ways until the engine has said all, or a side breaks.
func (l *tcpProxy) splice(first []byte, server net.Conn) {
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := server.Write(first); err != nil {
			l.closeBoth()
			return
		}
		if err := l.copyBytes(server, l.client, true); err != nil {
			l.closeBoth()
			return
		}
		_ = server.(*net.TCPConn).CloseWrite() // the client has said all; the answer may still come
	})
	_ = l.copyBytes(l.client, server, false)
	l.closeBoth()
	wg.Wait()
}

// copyBytes copies until the end of from, which is no error.
func (l *tcpProxy) copyBytes(to io.Writer, from io.Reader, question bool) error {
	buf := make([]byte, bufferSize)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			l.noteSpeaker(question)
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

// noteSpeaker notes who sent a byte: the client, with a question, or the engine. The
// first byte of the engine after a question ends the time that the answer took.
func (l *tcpProxy) noteSpeaker(question bool) {
	now := time.Now()
	l.mu.Lock()
	turn := l.awaitsAnswer != question
	took := now.Sub(l.askedAt)
	l.awaitsAnswer, l.lastByte = question, now
	if turn && question {
		l.askedAt = now
	}
	l.mu.Unlock()
	if turn && !question {
		l.engine.noteAnswer(took)
	}
}

// busyFor is how long from now this client keeps the engine from being stopped: for
// idle while it waits for an answer, and until idle after the last byte otherwise.
func (l *tcpProxy) busyFor(idle time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.lastByte.IsZero():
		return 0
	case l.awaitsAnswer:
		return idle
	}
	return time.Until(l.lastByte.Add(idle))
}

// closeBoth closes both ends.
func (l *tcpProxy) closeBoth() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
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
