package kit_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
)

// overheard is a connection that notes the acknowledgements written to it.
type overheard struct {
	net.Conn
	name string
	l    *diary
}

func (o *overheard) Write(p []byte) (int, error) {
	for r := bytes.NewReader(p); r.Len() > 0; {
		if c, err := packets.ReadPacket(r); err == nil && c.Type == packets.PUBACK {
			o.l.add("%s acknowledges", o.name)
		}
	}
	return o.Conn.Write(p)
}

// numbered starts a broker, a service of four workers who take notes and say
// when they have, and one that sends the notes 1 to n. It returns the
// connections of the first.
func numbered(t *testing.T, l *diary, n int, take func(number int)) <-chan *overheard {
	srv, err := broker.New(broker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	links := make(chan *overheard, 10)
	var dialled atomic.Int64
	heard := func(_ context.Context, x Note) error {
		var number int
		_, _ = fmt.Sscan(x.Text, &number)
		take(number)
		l.add("%d is handled", number)
		return nil
	}
	taker := app(t, kittest.ServiceOf("taker", kit.On(heard, kit.Workers(4))), func(ctx context.Context, _ *url.URL) (net.Conn, error) {
		c, err := srv.Dial(ctx)
		o := &overheard{Conn: c, name: fmt.Sprintf("link %d", dialled.Add(1)), l: l}
		links <- o
		return o, err
	})
	sender := app(t, kittest.ServiceOf("sender", kit.Sends[Note]()), func(ctx context.Context, _ *url.URL) (net.Conn, error) { return srv.Dial(ctx) })
	for _, b := range []*kit.Bus{taker, sender} {
		if err := b.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		if err := sender.Publish(t.Context(), Note{Text: fmt.Sprint(i + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	return links
}

// Handlers that end in another order than their messages arrived in are
// acknowledged in that of arrival, each as soon as it can be, and none before.
func TestAcknowledgedInOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l diary
		numbered(t, &l, 4, func(number int) {
			time.Sleep(map[int]time.Duration{1: 2 * time.Second, 2: 4 * time.Second, 3: time.Second, 4: 3 * time.Second}[number])
		})
		time.Sleep(5 * time.Second)
		synctest.Wait()
		same(t, l.take(), "3 is handled",
			"1 is handled", "link 1 acknowledges",
			"4 is handled",
			"2 is handled", "link 1 acknowledges", "link 1 acknowledges", "link 1 acknowledges")
	})
}

// What a handler began on one link is not acknowledged on the next, where the
// broker delivers it again.
func TestNotAcknowledgedOnAnotherLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l diary
		links := numbered(t, &l, 1, func(int) { time.Sleep(10 * time.Second) })
		first := <-links
		time.Sleep(5 * time.Second)
		_ = first.Close()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		same(t, l.take(), "1 is handled", "1 is handled", "link 2 acknowledges")
		second := <-links
		if second == first {
			t.Error("it did not connect again")
		}
	})
}
