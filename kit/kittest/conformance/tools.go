package conformance

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// waitTimeout is how long anything may take on a busy machine.
const waitTimeout = time.Minute

// journal collects lines about what happened, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
	news  chan struct{} // capacity 1
}

func newJournal() *journal { return &journal{news: make(chan struct{}, 1)} }

func (b *journal) add(format string, a ...any) {
	b.mu.Lock()
	b.lines = append(b.lines, fmt.Sprintf(format, a...))
	b.mu.Unlock()
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// until takes the lines up to the first that is last, which is left out.
func (b *journal) until(t *testing.T, last string) []string {
	t.Helper()
	var got []string
	b.wait(t, last, func() bool {
		i := slices.Index(b.lines, last)
		if i >= 0 {
			got, b.lines = b.lines[:i:i], b.lines[i+1:]
		}
		return i >= 0
	})
	return got
}

// take takes n lines.
func (b *journal) take(t *testing.T, n int) []string {
	t.Helper()
	var got []string
	b.wait(t, fmt.Sprint(n, " lines"), func() bool {
		if len(b.lines) >= n {
			got, b.lines = b.lines[:n:n], b.lines[n:]
		}
		return got != nil
	})
	return got
}

func (b *journal) wait(t *testing.T, what string, there func() bool) {
	t.Helper()
	late := time.NewTimer(waitTimeout)
	defer late.Stop()
	for {
		b.mu.Lock()
		ok, lines := there(), len(b.lines)
		b.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-b.news:
		case <-late.C:
			t.Fatalf("no %s within %s, %d lines so far: %.500q", what, waitTimeout, lines, b.lines)
		}
	}
}

// recordNotes writes each note into b.
func recordNotes(b *journal, opts ...kit.Option) kit.Handler {
	return kit.On(func(_ context.Context, n note) error { b.add("%s", n.Text); return nil }, append([]kit.Option{kit.Name("note")}, opts...)...)
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %.2000q, want %.2000q", got, want)
	}
}

// numberedLines are "a 0" to "a n-1".
func numberedLines(prefix string, n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint(prefix, i))
	}
	return all
}

// expectHealth takes health events and compares them. A link that broke before the
// broker's PUBACK came makes "reconnected" come again.
func expectHealth(t *testing.T, w *kittest.Watcher[kittest.Health], events ...string) {
	t.Helper()
	for _, want := range events {
		h, _ := w.Next(t)
		for h.Event == "reconnected" && want != h.Event {
			h, _ = w.Next(t)
		}
		if h.Event != want {
			t.Errorf("health says %+v, want %s", h, want)
		}
	}
}

// foreignClient is a client that does not use the kit.
type foreignClient struct {
	*paho.Client
	got chan *paho.Publish
}

func newForeignClient(t *testing.T, at Broker, filters ...string) *foreignClient {
	t.Helper()
	u, err := url.Parse(at.URL)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	f := &foreignClient{got: make(chan *paho.Publish, 1000)}
	f.Client = paho.NewClient(paho.ClientConfig{Conn: conn, ClientID: uniqueName("foreign"), OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(p paho.PublishReceived) (bool, error) { f.got <- p.Packet; return true, nil },
	}})
	c := &paho.Connect{ClientID: f.ClientID(), KeepAlive: 60, CleanStart: true, Properties: &paho.ConnectProperties{RequestProblemInfo: true}}
	if u.User != nil {
		password, _ := u.User.Password()
		c.Username, c.UsernameFlag, c.Password, c.PasswordFlag = u.User.Username(), true, []byte(password), true
	}
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	if _, err := f.Connect(ctx, c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Disconnect(&paho.Disconnect{}) })
	for _, filter := range filters {
		if _, err := f.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: filter, QoS: 1, RetainHandling: 2}}}); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f *foreignClient) next(t *testing.T) *paho.Publish {
	t.Helper()
	select {
	case p := <-f.got:
		return p
	case <-time.After(waitTimeout):
		t.Fatalf("nothing arrived within %s", waitTimeout)
		return nil
	}
}

func (f *foreignClient) publish(t *testing.T, p *paho.Publish) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	if _, err := f.Publish(ctx, p); err != nil {
		t.Fatal(err)
	}
}

// clearRetained clears the retained message of a topic.
func clearRetained(t *testing.T, b *kittest.Harness, topic string) {
	t.Helper()
	if _, err := b.Bus.Client().Publish(t.Context(), &paho.Publish{Topic: topic, QoS: byte(msg.AtLeastOnce), Retain: true}); err != nil {
		t.Error(err)
	}
}
