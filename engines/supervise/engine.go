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
	out         *logFile
	log         *slog.Logger
	idle        time.Duration
	nice        int
	healthEvery time.Duration
	told        func() // after each change
	web         *web   // nil: the engine speaks something else
	wg          sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	child    *child // starting, ready or ending; nil: none
	state    string
	since    time.Time // of the state
	used     time.Time // when the last request or connection ended
	failed   failures
	err      error // of the last start or death; nil after a good one
	starts   int
	deaths   int
	requests int
	last     time.Duration
	busy     int // requests by HTTP
	lines    map[*tcpProxy]struct{}
	rest     *time.Timer // looks whether the child is needed
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
		if !e.enter(l) {
			_ = c.Close()
			return
		}
	}
}

// enter serves l, unless the engine is closed.
func (e *engine) enter(l *tcpProxy) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.lines[l] = struct{}{}
	e.wg.Go(func() {
		l.serve()
		e.mu.Lock()
		delete(e.lines, l)
		if !l.moved.IsZero() {
			e.used = time.Now()
		}
		e.mu.Unlock()
	})
	return true
}

var errClosed = errors.New("the engines are being stopped")

// need returns a child that is ready, and starts one when there is none.
func (e *engine) need(ctx context.Context) (*child, error) {
	for {
		c, err := e.current()
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

// current is the child that there is, or a fresh one. An engine that failed a
// moment ago has none.
func (e *engine) current() (*child, error) {
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
	e.is(discovery.Starting)
	e.wg.Go(func() {
		c.err = c.live(e)
		e.ended(c)
		close(c.done)
	})
	return c, nil
}

// dial connects to the engine, and starts it if it must. It asks twice: an
// engine may die between its answer and the next question.
func (e *engine) dial(ctx context.Context) (server net.Conn, err error) {
	for range 2 {
		var c *child
		if c, err = e.need(ctx); err != nil {
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

// is sets the state; mu is held.
func (e *engine) is(state string) {
	e.state, e.since = state, time.Now()
	e.told()
}

// answers notes that c is ready.
func (e *engine) answers(c *child) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.is(discovery.Ready)
	e.err = nil
	e.starts++
	e.log.Info("engine is ready", "took", time.Since(c.began).Round(time.Millisecond))
	if e.idle > 0 {
		e.rest = time.AfterFunc(e.idle, func() { e.sleep(c) })
	}
	close(c.ready)
}

// ended notes that the process of c is gone. Its connections broke with it.
func (e *engine) ended(c *child) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.child = nil
	if e.rest != nil {
		e.rest.Stop()
	}
	if c.ctx.Err() != nil { // as we asked
		e.is(discovery.Asleep)
		return
	}
	e.err = c.err
	if c.isReady() {
		e.deaths++
		e.failed.died(e.since)
	} else {
		e.failed.start()
	}
	e.log.Warn("engine ended", "err", c.err, "again_in", time.Until(e.failed.until).Round(time.Millisecond))
	e.is(discovery.Failed)
}

// sleep stops c when nobody used it for the idle time, and looks again later
// when somebody did.
func (e *engine) sleep(c *child) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.child != c || c.ctx.Err() != nil {
		return
	}
	left := max(time.Until(e.since.Add(e.idle)), time.Until(e.used.Add(e.idle)))
	if e.busy > 0 {
		left = e.idle
	}
	for l := range e.lines {
		left = max(left, l.busyFor(e.idle))
	}
	if left > 0 {
		e.rest.Reset(left)
		return
	}
	e.log.Info("engine rests", "idle", e.idle)
	e.failed = failures{}
	c.end()
	for l := range e.lines {
		l.hangUp()
	}
}

// answered notes how long an answer took.
func (e *engine) answered(took time.Duration) {
	e.mu.Lock()
	e.requests++
	e.last = took
	e.mu.Unlock()
	e.told()
}

// stayAwake keeps the engine running until ctx ends.
func (e *engine) stayAwake(ctx context.Context) {
	for ctx.Err() == nil {
		if c, err := e.need(ctx); err == nil {
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
	for l := range e.lines {
		l.hangUp()
	}
	e.mu.Unlock()
	e.wg.Wait()
}

func (e *engine) status() discovery.Engine {
	e.mu.Lock()
	s := discovery.Engine{
		Name: e.server.Name, State: e.state, Serves: e.serves, Log: e.out.name, Since: e.since,
		Starts: e.starts, Deaths: e.deaths, Requests: e.requests, Last: e.last,
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
	n     int
	until time.Time
}

const (
	shortest = 500 * time.Millisecond // between two starts that fail
	farthest = 30 * time.Second
	settled  = 10 * time.Second // an engine that ran so long is a good one
)

// start notes a start that failed.
func (f *failures) start() { f.add(max(f.n, 1) + 1) }

// died notes that an engine which was ready since then died. The first death
// costs no time.
func (f *failures) died(since time.Time) {
	if time.Since(since) >= settled {
		f.n = 0
	}
	f.add(f.n + 1)
}

func (f *failures) add(n int) {
	f.n = n
	f.until = time.Now().Add(restartDelay(n))
}

// restartDelay is the time before the start that follows n failures.
func restartDelay(n int) time.Duration {
	if n < 2 {
		return 0
	}
	return min(shortest<<min(n-2, 16), farthest)
}
