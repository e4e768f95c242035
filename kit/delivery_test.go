package kit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTap(t *testing.T) {
	var l diary
	kittest.Run(t, "sees each arrival once, beside typed handlers, and retained state", func(t *testing.T, b *kittest.Harness) {
		b.Settle()
		if before := l.take(); !slices.Contains(before, "tap system/health/probe true") {
			t.Errorf("retained health is not in %q", before)
		}
		b.Publish(t, Note{Text: "hi"})
		if err := b.Bus.PublishTo(t.Context(), "foreign/thing", "", map[string]any{"event": "ready"}, kit.Bare(), kit.AtQoS(msg.AtMostOnce)); err != nil {
			t.Fatal(err)
		}
		b.Settle()
		got := l.take()
		slices.Sort(got)
		same(t, got, "tap box/note false", "tap foreign/thing false", "typed hi")
	}, kittest.ServiceOf("page",
		kit.Tap("#", func(_ context.Context, d *kit.Delivery) error { l.add("tap %s %v", d.Topic, d.Retained); return nil }),
		kit.On(func(_ context.Context, n Note) error { l.add("typed %s", n.Text); return nil }, kit.Name("heard"))))
}

func TestByKey(t *testing.T) {
	var l diary
	var busy sync.Map
	listen := func(_ context.Context, s Sound) error {
		if _, twice := busy.LoadOrStore(s.Room, true); twice {
			l.add("%s at once", s.Room)
		}
		defer busy.Delete(s.Room)
		time.Sleep(10 * time.Millisecond)
		l.add("%s %s %d", s.Room, s.Seq, s.Bytes[0])
		return nil
	}
	kittest.Run(t, "keeps order per key, and a loud key loses only its own", func(t *testing.T, b *kittest.Harness) {
		for i := range 40 { // the kitchen shouts: one runs and 8 may wait
			b.Publish(t, Sound{Room: "kitchen", Seq: fmt.Sprint(i), Bytes: []byte{byte(i)}})
		}
		for i := range 4 {
			b.Publish(t, Sound{Room: "hall", Seq: fmt.Sprint(i), Bytes: []byte{byte(i)}})
			time.Sleep(3 * time.Millisecond) // the next one comes while this one is at work
		}
		time.Sleep(time.Second)
		b.Settle()
		rooms := map[string][]string{}
		for _, s := range l.take() {
			if strings.HasSuffix(s, "at once") {
				t.Fatal(s)
			}
			room, seq, _ := strings.Cut(s, " ")
			rooms[room] = append(rooms[room], seq)
		}
		same(t, rooms["hall"], "0 0", "1 1", "2 2", "3 3")
		k := rooms["kitchen"]
		if len(k) < 8 || len(k) > 9 || k[len(k)-1] != "39 39" || !slices.IsSortedFunc(k, func(a, b string) int {
			var x, y int
			_, _ = fmt.Sscan(a, &x)
			_, _ = fmt.Sscan(b, &y)
			return x - y
		}) {
			t.Errorf("kitchen: %q, want the last 8 or 9 in order", k)
		}
	}, kittest.ServiceOf("stt", kit.On(listen, kit.Workers(4), kit.OrderedBy(func(s Sound) string { return s.Room }), kit.Queue(8))))
}

func TestQueueDropsOldest(t *testing.T) {
	var l diary
	kittest.Run(t, "only AtMostOnce, only the oldest", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, Tick{N: 0})
		b.Settle() // it runs; the others wait
		for i := range 9 {
			b.Publish(t, Tick{N: i + 1})
		}
		for i := range 6 {
			b.Publish(t, Note{Text: fmt.Sprint("note ", i)})
		}
		time.Sleep(3 * time.Second)
		b.Settle()
		same(t, l.take(), "tick 0", "tick 7", "tick 8", "tick 9", "note 0", "note 1", "note 2", "note 3", "note 4", "note 5")
	}, kittest.ServiceOf("slow",
		kit.On(func(_ context.Context, x Tick) error { time.Sleep(time.Second / 2); l.add("tick %d", x.N); return nil }, kit.Name("tick"), kit.Lane("x"), kit.Queue(3)),
		kit.On(func(_ context.Context, n Note) error { l.add("%s", n.Text); return nil }, kit.Name("note"), kit.Lane("x"), kit.Queue(3))))
}

// TestCancelOvertakes asks for 200 essays and stops them all: the stop must not
// wait behind them, although they are more than the Receive Maximum.
func TestCancelOvertakes(t *testing.T) {
	var l diary
	write := func(ctx context.Context, e Essay) error {
		select {
		case <-time.After(3 * time.Second):
			l.add("written")
		case <-ctx.Done():
			l.add("%v", context.Cause(ctx))
		}
		return nil
	}
	mod := kittest.ServiceOf("writer", kit.On(write, kit.AckFirst(), kit.Queue(1024), kit.Timeout(0), kit.CancelledBy(
		func(s Stop) string { return s.ID }, func(e Essay) string { return e.ID })))
	kittest.Run(t, "running and queued, beyond the receive maximum", func(t *testing.T, b *kittest.Harness) {
		for range 200 {
			b.Publish(t, Essay{ID: "u"})
		}
		time.Sleep(time.Second)
		b.Publish(t, Stop{ID: "*"})
		b.Settle()
		if got := l.take(); len(got) != 200 || slices.Contains(got, "written") {
			t.Errorf("%d ended, first %q", len(got), got[:min(3, len(got))])
		}
		b.Publish(t, Essay{ID: "u"})
		time.Sleep(4 * time.Second)
		same(t, l.take(), "written")
	}, mod)
	kittest.Run(t, "a request it overtook, by key", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, Stop{ID: "late"})
		b.Publish(t, Stop{ID: ""})
		b.Settle()
		b.Publish(t, Essay{ID: "other"})
		b.Publish(t, Essay{ID: "late"})
		time.Sleep(4 * time.Second)
		same(t, l.take(), "written", "cancelled")
		time.Sleep(10 * time.Second)
		b.Publish(t, Essay{ID: "late"})
		time.Sleep(4 * time.Second)
		same(t, l.take(), "written")
	}, mod)
}

func TestFaultsStaySmall(t *testing.T) {
	var l diary
	read := func(ctx context.Context, n Note) error {
		switch n.Text {
		case "panic":
			panic("no")
		case "fail":
			return errors.New("no")
		case "drop":
			return kit.Drop("dull")
		case "hang":
			<-ctx.Done()
			return ctx.Err()
		}
		l.add("%s", n.Text)
		return nil
	}
	kittest.Run(t, "a panic, an error and a timeout cost one message each", func(t *testing.T, b *kittest.Harness) {
		for _, s := range []string{"one", "panic", "two", "fail", "drop", "hang", "three"} {
			b.Publish(t, Note{Text: s})
		}
		if err := b.Bus.PublishTo(t.Context(), "box/note", "", map[string]any{"txet": "wrong"}); err != nil {
			t.Fatal(err)
		}
		b.Publish(t, Note{Text: "four"})
		time.Sleep(time.Minute)
		same(t, l.take(), "one", "two", "three", "four")
		b.Kill("reader") // whatever was not acknowledged would come again
		b.Add(t, kittest.ServiceOf("reader", kit.On(read)))
		time.Sleep(time.Minute)
		same(t, l.take())
	}, kittest.ServiceOf("reader", kit.On(read)))
}

func TestOnChanAndEveryShareALane(t *testing.T) {
	var l diary
	kittest.Run(t, "one at a time", func(t *testing.T, b *kittest.Harness) {
		events := make(chan string) // of this bubble
		b.Add(t, kittest.ServiceOf("s",
			kit.Every(time.Second, func(context.Context) error { l.add("tick"); time.Sleep(2500 * time.Millisecond); return nil }, kit.Lane("x"), kit.Name("tick")),
			kit.OnChan(events, func(_ context.Context, s string) error { l.add("%s", s); return nil }, kit.Lane("x"), kit.Name("local")),
			kit.On(func(_ context.Context, n Note) error { l.add("%s", n.Text); return nil }, kit.Lane("x"), kit.Name("heard"))))
		time.Sleep(1500 * time.Millisecond)
		b.Publish(t, Note{Text: "mid"})
		b.Settle()
		events <- "local"
		b.Settle()
		same(t, l.take(), "tick")
		time.Sleep(2 * time.Second)
		if got := l.take(); len(got) < 2 || got[0] != "mid" || got[1] != "local" {
			t.Errorf("after: %q", got)
		}
	})
}

func TestLoopStartsAgain(t *testing.T) {
	var l diary
	runs := 0
	loop := func(ctx context.Context) error {
		runs++
		l.add("run %d", runs)
		if runs < 3 {
			return errors.New("device gone")
		}
		<-ctx.Done()
		return ctx.Err()
	}
	kittest.Run(t, "and says error meanwhile", func(t *testing.T, b *kittest.Harness) {
		time.Sleep(10 * time.Second)
		same(t, l.take(), "run 1", "run 2", "run 3")
		b.Settle()
		if p := b.Broker.Retained("system/health/mic"); len(p) != 1 || !strings.Contains(string(p[0]), `"event":"ready"`) {
			t.Errorf("health is %s", p)
		}
	}, kittest.ServiceOf("mic", kit.Loop(loop)))
}

func TestTraceAndBaggage(t *testing.T) {
	kittest.Run(t, "follow the chain", func(t *testing.T, b *kittest.Harness) {
		got := kittest.Watch[Receipt](b)
		ctx := kit.WithBaggage(t.Context(), "room", "hall = big")
		if err := b.Bus.Publish(ctx, Note{Text: "x"}, kit.ID("first")); err != nil {
			t.Fatal(err)
		}
		if _, m := got.Next(t); m.Trace != "first" || m.Baggage["room"] != "hall = big" || m.Source != "echo" || m.ID == "first" || m.Type != "box.receipt" {
			t.Errorf("got %+v", m)
		}
	}, kit.Service[*echo]("echo", fx.Provide(func(b *kit.Bus) *echo { return &echo{b} })))
}

type echo struct{ bus *kit.Bus }

func (e *echo) Handlers() []kit.Handler { return []kit.Handler{kit.On(e.heard), kit.Sends[Receipt]()} }

func (e *echo) heard(ctx context.Context, n Note) error {
	return e.bus.Publish(ctx, Receipt{Text: n.Text})
}

func TestMiddleware(t *testing.T) {
	var l diary
	wrap := func(name string) kit.Middleware {
		return func(next kit.HandlerFunc) kit.HandlerFunc {
			return func(ctx context.Context, d *kit.Delivery) error {
				l.add("%s before %s", name, d.Value.(Note).Text)
				return next(ctx, d)
			}
		}
	}
	kittest.Run(t, "the first runs outermost", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, Note{Text: "x"})
		b.Settle()
		same(t, l.take(), "outer before x", "inner before x", "handled")
	}, kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { l.add("handled"); return nil }, kit.Use(wrap("outer"), wrap("inner")))))
}
