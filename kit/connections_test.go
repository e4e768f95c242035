package kit_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// heard writes down what a handler got, without blocking it.
type heard chan string

func (h heard) note(_ context.Context, n Note) error { h <- n.Text; return nil }

// tap notes the health of the service s, and what that says.
func (h heard) tap(_ context.Context, d *kit.Delivery) error {
	if d.Topic == "system/health/s" {
		h <- string(d.Data)
	}
	return nil
}

// No Local of MQTT holds within one connection; the promise is about a service.
func TestNoServiceHearsItself(t *testing.T) {
	h := make(heard, 100)
	var bus *kit.Bus
	module := kittest.ServiceOf("s", kit.On(h.note), kit.Tap("system/health/+", h.tap), kit.Asks[Essay](), kit.Sends[Note]()).With(fx.Populate(&bus))
	kittest.Run(t, "on none of its connections", func(t *testing.T, b *kittest.Harness) {
		if err := bus.Publish(t.Context(), Note{Text: "own"}); err != nil {
			t.Fatal(err)
		}
		b.Settle()
		b.Kill("s") // its will is the broker's word, and about itself
		b.Settle()
		b.Add(t, module) // gets what is retained
		b.Publish(t, Note{Text: "foreign"})
		b.Settle()
		close(h)
		for text := range h {
			if text != "foreign" {
				t.Errorf("heard %s", text)
			}
		}
	}, module)
}

// A program that takes a message and publishes it elsewhere is another sender,
// also when it keeps the properties.
func TestRepublishedMessageIsHeard(t *testing.T) {
	var bus *kit.Bus
	var l diary
	kittest.Run(t, "by the service that sent the first", func(t *testing.T, b *kittest.Harness) {
		see := kittest.WatchRaw(b, "box/note")
		if err := bus.Publish(t.Context(), Note{Text: "own"}); err != nil {
			t.Fatal(err)
		}
		d, _ := see.Next(t)
		b.Settle()
		b.PublishRaw(t, "box/copy", string(d.Payload), "from_client", "s box/note")
		b.Settle()
		same(t, l.take(), "box/copy")
	}, kittest.ServiceOf("s", kit.Tap("box/#", func(_ context.Context, d *kit.Delivery) error { l.add("%s", d.Topic); return nil }),
		kit.Asks[Essay](), kit.Sends[Note]()).With(fx.Populate(&bus)))
}

// A service is down as soon as one of its connections is, and up again when all
// are.
func TestOneLostConnectionIsALostLink(t *testing.T) {
	events := make(chan string, 10)
	say := func(what string) func(context.Context) error {
		return func(context.Context) error { events <- what; return nil }
	}
	kittest.Run(t, "and is told once", func(t *testing.T, b *kittest.Harness) {
		health := kittest.WatchHealth(b, "s")
		b.CutOne("s")
		time.Sleep(time.Minute)
		b.Settle()
		h, _ := health.Next(t)
		if h.Event == "lost" { // the one with the will
			h, _ = health.Next(t)
		}
		if !h.OK || h.Event != "reconnected" {
			t.Errorf("health is %+v, want reconnected", h)
		}
		health.None(t)
		close(events)
		var got []string
		for e := range events {
			got = append(got, e)
		}
		if all := strings.Join(got, " "); all != "up down up" {
			t.Errorf("told %s, want up down up", all)
		}
		b.Publish(t, Note{Text: "x"})
		if s := b.Stats("s"); s.Link.Reconnects != 1 || !s.Link.Up {
			t.Errorf("stats of the link are %+v", s.Link)
		}
	}, kittest.ServiceOf("s", kit.On(make(heard, 10).note), kit.Asks[Essay](), kit.OnConnect(say("up")), kit.OnDisconnect(say("down"))))
}

// What waits for one handler is nothing to another, even when the broker cannot
// send more of it.
func TestLettersComeBackOnTheConnectionOfTheirHandler(t *testing.T) {
	var handled atomic.Int32
	var release chan struct{} // of the bubble
	broken := true
	kittest.Run(t, "and hold up nobody", func(t *testing.T, b *kittest.Harness) {
		release = make(chan struct{})
		letters := kittest.WatchRaw(b, "system/dead/s")
		for range 100 {
			b.Publish(t, Note{Text: "lost"})
		}
		b.Settle()
		broken = false
		for range 100 {
			d, _ := letters.Next(t)
			b.PublishRaw(t, "system/replay/s", string(d.Payload), "topic", "box/note")
		}
		b.Settle() // the first of them is at work, the others fill its window
		if a := kittest.Ask(t, b, Question{Text: "y"}); a.Text != "re: y" {
			t.Errorf("answered %+v", a)
		}
		close(release)
		b.Settle()
		if n := handled.Load(); n != 100 {
			t.Errorf("%d letters were handled, want 100", n)
		}
	}, kittest.ServiceOf("s", kit.On(func(context.Context, Note) error {
		if broken {
			return &kit.Error{Code: kit.CodeUnavailable, Message: "disk"}
		}
		<-release
		handled.Add(1)
		return nil
	}, kit.Name("note"), kit.Timeout(0)), kit.Answer(func(_ context.Context, q Question) (QuickReply, error) { return QuickReply{Text: "re: " + q.Text}, nil })))
}
