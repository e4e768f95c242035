package supervise

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/gotars/tars/engines/discovery"
	"github.com/gotars/tars/engines/install"
)

// engine is a port and the program behind it, when there is one.
type engine struct {
	server      install.Server
	serves      []discovery.Server
	listener    net.Listener
	output      *logFile
	log         *slog.Logger
	idle        time.Duration
	nice        int
	healthEvery time.Duration
	onChange    func()     // after each change
	web         *httpProxy // nil: the engine speaks something else
	wg          sync.WaitGroup

	mu           sync.Mutex
	closed       bool
	child        *child // starting, ready or ending; nil: none
	state        string
	since        time.Time // of the state
	lastUsed     time.Time // when the last request or connection ended
	failed       failures
	err          error // of the last start or death; nil after a good one
	starts       int
	deaths       int
	requests     int
	lastTook     time.Duration
	openRequests int // requests by HTTP
	proxies      map[*tcpProxy]struct{}
	idleTimer    *time.Timer // stops the child when nobody needs it
}

// accept takes connections until the listener closes.
func (e *engine) accept(ctx context.Context) {
	if e.web != nil {
		_ = e.web.server.Serve(e.listener)
		return
	}
	for {
		c, err := e.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // too many open files: it passes
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return
			}
			continue
		}
		l := &tcpProxy{engine: e, client: c.(*net.TCPConn)}
		if !e.serveConnection(l) {
			_ = c.Close()
			return
		}
	}
}

// serveConnection serves l in a goroutine of its own, unless the engine is closed.
func (e *engine) serveConnection(l *tcpProxy) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.proxies[l] = struct{}{}
	e.wg.Go(func() {
		l.serve()
		e.mu.Lock()
		delete(e.proxies, l)
		if !l.lastByte.IsZero() {
			e.lastUsed = time.Now()
		}
		e.mu.Unlock()
	})
	return true
}

var errClosed = errors.New("the engines are being stopped")

// readyChild returns a child that is ready, and starts one when there is none.
func (e *engine) readyChild(ctx context.Context) (*child, error) {
	for {
		c, err := e.childOrStart()
		if err != nil {
			return nil, err
		}
		select {
		case <-c.ready:
			if c.ctx.Err() == nil {
				return c, nil
			}
			select { // it is being stopped: the next one serves
			case <-c.done:
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		case <-c.done:
			if c.ctx.Err() == nil {
				return nil, c.err
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// childOrStart returns the child that there is, starting, ready or ending, and
// starts one when there is none. After failures it returns an error until the time
// for the next start.
func (e *engine) childOrStart() (*child, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch wait := time.Until(e.failed.until); {
	case e.closed:
		return nil, errClosed
	case e.child != nil:
		return e.child, nil
	case wait > 0:
		return nil, fmt.Errorf("%w; the next start is in %v", e.err, wait.Round(100*time.Millisecond))
	}
	c := newChild()
	e.child = c
	e.setState(discovery.Starting)
	e.wg.Go(func() {
		c.err = c.run(e)
		e.noteEnded(c)
		close(c.done)
	})
	return c, nil
}

// dial connects to the engine, and starts it if it must. It tries twice: the engine
// may die between the moment it is found ready and the connection.
func (e *engine) dial(ctx context.Context) (server net.Conn, err error) {
	for range 2 {
		var c *child
		if c, err = e.readyChild(ctx); err != nil {
			return nil, err
		}
		if server, err = new(net.Dialer).DialContext(ctx, "tcp", c.addr); err == nil {
			return server, nil
		}
		select {
		case <-c.done:
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return nil, fmt.Errorf("engine %s: %w", e.server.Name, err)
}

// setState sets the state; mu is held.
func (e *engine) setState(state string) {
	e.state, e.since = state, time.Now()
	e.onChange()
}

// noteReady notes that c is ready.
func (e *engine) noteReady(c *child) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.setState(discovery.Ready)
	e.err = nil
	e.starts++
	e.log.Info("engine is ready", "took", time.Since(c.began).Round(time.Millisecond))
	if e.idle > 0 {
		e.idleTimer = time.AfterFunc(e.idle, func() { e.stopIfIdle(c) })
	}
	close(c.ready)
}

// noteEnded notes that the process of c is gone. Its connections broke with it.
func (e *engine) noteEnded(c *child) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.child = nil
	if e.idleTimer != nil {
		e.idleTimer.Stop()
	}
	if c.ctx.Err() != nil { // as we asked
		e.setState(discovery.Asleep)
		return
	}
	e.err = c.err
	if c.isReady() {
		e.deaths++
		e.failed.noteDeath(e.since)
	} else {
		e.failed.noteFailedStart()
	}
	e.log.Warn("engine ended", "err", c.err, "again_in", time.Until(e.failed.until).Round(time.Millisecond))
	e.setState(discovery.Failed)
}

// stopIfIdle stops c when nobody used it for the idle time, and looks again later
// when somebody did.
func (e *engine) stopIfIdle(c *child) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.child != c || c.ctx.Err() != nil {
		return
	}
	left := max(time.Until(e.since.Add(e.idle)), time.Until(e.lastUsed.Add(e.idle)))
	if e.openRequests > 0 {
		left = e.idle
	}
	for l := range e.proxies {
		left = max(left, l.busyFor(e.idle))
	}
	if left > 0 {
		e.idleTimer.Reset(left)
		return
	}
	e.log.Info("engine rests", "idle", e.idle)
	e.failed = failures{}
	c.end()
	for l := range e.proxies {
		l.closeBoth()
	}
}

// noteAnswer notes how long an answer took.
func (e *engine) noteAnswer(took time.Duration) {
	e.mu.Lock()
	e.requests++
	e.lastTook = took
	e.mu.Unlock()
	e.onChange()
}

// stayAwake keeps the engine running until ctx ends.
func (e *engine) stayAwake(ctx context.Context) {
	for ctx.Err() == nil {
		if c, err := e.readyChild(ctx); err == nil {
			select {
			case <-c.done:
			case <-ctx.Done():
			}
			continue
		}
		e.mu.Lock()
		wait := max(time.Until(e.failed.until), 10*time.Millisecond)
		e.mu.Unlock()
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// close ends the child and all connections, and waits for them.
func (e *engine) close() {
	_ = e.listener.Close()
	e.mu.Lock()
	e.closed = true
	if e.web != nil {
		_ = e.web.server.Close()
	}
	if e.child != nil {
		e.child.end()
	}
	for l := range e.proxies {
		l.closeBoth()
	}
	e.mu.Unlock()
	e.wg.Wait()
}

func (e *engine) status() discovery.Engine {
	e.mu.Lock()
	s := discovery.Engine{
		Name: e.server.Name, State: e.state, Serves: e.serves, Log: e.output.name, Since: e.since,
		Starts: e.starts, Deaths: e.deaths, Requests: e.requests, Last: e.lastTook,
	}
	if e.err != nil {
		s.Error = e.err.Error()
	}
	if e.child != nil {
		s.PID = int(e.child.pid.Load())
	}
	e.mu.Unlock()
	s.Memory = Memory(s.PID)
	return s
}

// failures count how often an engine failed in a row, and say when it may try
// again.
type failures struct {
	inRow int
	until time.Time
}

const (
	minRestartDelay = 500 * time.Millisecond // between two starts, after the second failure in a row
	maxRestartDelay = 30 * time.Second       // it doubles up to this
	stableAfter     = 10 * time.Second       // an engine that ran so long before it died counts as working: failures start over
)

// noteFailedStart notes a start that failed.
func (f *failures) noteFailedStart() { f.add(max(f.inRow, 1) + 1) }

// noteDeath notes that an engine which was ready since then died. The first death
// costs no time.
func (f *failures) noteDeath(since time.Time) {
	if time.Since(since) >= stableAfter {
		f.inRow = 0
	}
	f.add(f.inRow + 1)
}

func (f *failures) add(n int) {
	f.inRow = n
	f.until = time.Now().Add(restartDelay(n))
}

// restartDelay is the time before the start that follows n failures.
func restartDelay(n int) time.Duration {
	if n < 2 {
		return 0
	}
	return min(minRestartDelay<<min(n-2, 16), maxRestartDelay)
}
