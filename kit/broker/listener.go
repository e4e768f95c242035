package broker

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// acceptPause is how long the listener waits when the machine has no room for
// one more connection.
const acceptPause = 50 * time.Millisecond

// listener serves pipes and, with an address, TCP. It owns every goroutine of
// this package: start refuses when it is closed, and running ends with the last.
type listener struct {
	addr      string
	tcp       net.Listener
	h         *cure
	establish listeners.EstablishFn
	running   sync.WaitGroup

	mu          sync.Mutex
	closed      bool
	conns       map[*conn]struct{}
	beforeLogin []*conn // over TCP and not logged in, the oldest first
}

// start runs f, unless the listener is closed. A panic of f ends f alone.
func (l *listener) start(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.running.Go(func() {
			defer l.h.recoverPanic()
			f()
		})
	}
	return !l.closed
}

// recoverPanic ends a panic, counts it and tells the log. It must be deferred.
func (h *cure) recoverPanic() {
	if r := recover(); r != nil {
		h.refusals.count(refusedPanic, "a connection ended")
		h.refusals.log.Error("broker: panic, one connection ends", "panic", fmt.Sprintf("%.200v", r), "stack", string(debug.Stack()))
	}
}

func (l *listener) Init(*slog.Logger) (err error) {
	if l.addr != "" {
		l.tcp, err = net.Listen("tcp", l.addr)
	}
	return err
}

func (l *listener) ID() string       { return "broker" }
func (l *listener) Address() string  { return l.addr }
func (l *listener) Protocol() string { return "mqtt" }

func (l *listener) Serve(listeners.EstablishFn) {
	if l.tcp != nil {
		l.start(l.accept)
	}
}

func (l *listener) accept() {
	for {
		n, err := l.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // too many open files, mostly
			time.Sleep(acceptPause)
			continue
		}
		if !l.start(func() { l.serve(n, false) }) {
			_ = n.Close()
		}
	}
}

// Close disconnects the clients, and then what connected and did not say more.
// It returns when all of them are gone: mochi counts connections in a WaitGroup
// that it would else wait for while the first one is being added.
func (l *listener) Close(disconnect listeners.CloseFn) {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	if l.tcp != nil {
		_ = l.tcp.Close()
	}
	l.h.disconnectAll(func() { disconnect(l.ID()) })
	l.mu.Lock()
	for c := range l.conns {
		_ = c.Close()
	}
	l.mu.Unlock()
	l.running.Wait()
}

// disconnectAll lets nobody come or go while mochi lists its clients: it locks
// the list twice for that, and a change in between would wait for it for ever.
func (h *cure) disconnectAll(disconnect func()) {
	h.takeover.Lock()
	defer h.takeover.Unlock()
	disconnect()
}

// serve lets a client log in, hands it to mochi until it is gone, and cleans up
// whatever happened meanwhile.
func (l *listener) serve(n net.Conn, trusted bool) {
	c := newConn(n, l.h, l.start, trusted)
	if !l.start(c.pump) {
		_ = n.Close()
		return
	}
	l.addBeforeLogin(c)
	defer l.removeConn(c)
	defer close(c.done)
	defer l.h.cleanUp(c)
	_ = c.Conn.SetReadDeadline(time.Now().Add(l.h.limits.LoginTimeout))
	if c.readLogin() != nil || !l.h.admit(c) {
		return
	}
	l.removeBeforeLogin(c)
	defer l.h.recoverPanic()
	_ = l.establish(l.ID(), c)
}

// addBeforeLogin counts c among the connections before their login. When they are too
// many, the oldest goes: who means well logs in at once.
func (l *listener) addBeforeLogin(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	if l.closed {
		_ = c.Close()
	}
	if c.trusted {
		return
	}
	if l.beforeLogin = append(l.beforeLogin, c); len(l.beforeLogin) > l.h.limits.ConnectionsBeforeLogin {
		_ = l.beforeLogin[0].Close()
		l.beforeLogin = l.beforeLogin[1:]
		l.h.refusals.count(refusedBeforeLogin, "the oldest of the connections that have not logged in")
	}
}

// removeBeforeLogin takes c out of the connections before their login.
func (l *listener) removeBeforeLogin(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, one := range l.beforeLogin {
		if one == c {
			l.beforeLogin = append(l.beforeLogin[:i:i], l.beforeLogin[i+1:]...)
			return
		}
	}
}

func (l *listener) removeConn(c *conn) {
	l.removeBeforeLogin(c)
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}
