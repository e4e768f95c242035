package kittest

import (
	"context"
	"encoding/json"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/internal/codec"
	"github.com/gotars/tars/kit/internal/topic"
	"github.com/gotars/tars/kit/msg"
)

// Watcher collects what was seen on the bus, in order.
type Watcher[M any] struct {
	b      *Harness
	arrive chan struct{} // capacity 1: something is in seen

	mu   sync.Mutex
	seen []seenMessage[M]
}

type seenMessage[M any] struct {
	m    M
	meta kit.Meta
}

// Watch collects every M published from now on. What the harness itself publishes
// is not seen, and neither is what cannot be decoded.
func Watch[M msg.Message](b *Harness) *Watcher[M] {
	var zero M
	filter := zero.Route().Topic
	return watchFilter(b, filter, func(d *kit.Delivery) (m M, err error) {
		data := d.Data
		if zero.Route().Bare {
			data = d.Payload
		}
		err = codec.Decode(&m, codec.Arrival{Payload: d.Payload, Data: data, Key: topic.Key(filter, d.Topic), Header: d.Header})
		return m, err
	})
}

// WatchRaw collects everything published from now on that filter matches,
// undecoded: dead letters on system/dead/+, foreign topics, broken payloads.
func WatchRaw(b *Harness, filter string) *Watcher[*kit.Delivery] {
	return watchFilter(b, filter, func(d *kit.Delivery) (*kit.Delivery, error) { return d, nil })
}

// Health is what a service says about itself.
type Health struct {
	OK    bool
	Event string // ready reconnected degraded error shutdown, or lost by its will
	Err   string // why, for degraded and error
}

// WatchHealth collects what the service with this client id says of its health
// from now on; the id is the module's name, unless kit.As says otherwise.
func WatchHealth(b *Harness, clientID string) *Watcher[Health] {
	return watchFilter(b, "system/health/"+clientID, func(d *kit.Delivery) (h Health, err error) {
		return h, json.Unmarshal(d.Data, &h)
	})
}

func watchFilter[M any](b *Harness, filter string, read func(*kit.Delivery) (M, error)) *Watcher[M] {
	w := &Watcher[M]{b: b, arrive: make(chan struct{}, 1)}
	see := func(d *kit.Delivery) {
		if !topic.Matches(filter, d.Topic) || d.Retained {
			return
		}
		m, err := read(d)
		if err != nil {
			return
		}
		meta := d.Meta
		meta.Key = topic.Key(filter, d.Topic)
		w.mu.Lock()
		w.seen = append(w.seen, seenMessage[M]{m, meta})
		w.mu.Unlock()
		select {
		case w.arrive <- struct{}{}:
		default:
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers = append(b.watchers[:len(b.watchers):len(b.watchers)], see)
	return w
}

// Next takes the next M, or fails the test after a minute by the harness's clock.
func (w *Watcher[M]) Next(t testing.TB) (M, kit.Meta) {
	t.Helper()
	late := time.NewTimer(waitTimeout)
	defer late.Stop()
	for {
		w.mu.Lock()
		if len(w.seen) > 0 {
			s := w.seen[0]
			w.seen = w.seen[1:]
			w.mu.Unlock()
			return s.m, s.meta
		}
		w.mu.Unlock()
		select {
		case <-w.arrive:
		case <-late.C:
			t.Fatalf("no %T within %s", *new(M), waitTimeout)
		}
	}
}

// All takes what was seen and not taken. [Harness.Settle] first.
func (w *Watcher[M]) All() []M {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []M
	for _, s := range w.seen {
		all = append(all, s.m)
	}
	w.seen = nil
	return all
}

// None settles the harness, and fails the test when an M was published and not
// taken. Only under a fake clock.
func (w *Watcher[M]) None(t testing.TB) {
	t.Helper()
	w.b.Settle()
	if rest := w.All(); len(rest) > 0 {
		t.Errorf("unexpected %T: %+v", rest[0], rest)
	}
}

// memListener is a listener whose connections are pipes: a goroutine in a socket's
// Accept would stop the fake clock.
type memListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemListener() *memListener {
	return &memListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (d *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-d.conns:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (d *memListener) Close() error { d.once.Do(func() { close(d.closed) }); return nil }

// Addr implements net.Listener.
func (d *memListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

func (d *memListener) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case d.conns <- far:
		return near, nil
	case <-d.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
