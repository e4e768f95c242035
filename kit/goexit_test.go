package kit_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// A function of a service that ends its goroutine, as t.FailNow does, costs what
// it was doing and nothing that comes after it.
func TestGoexitCostsOneMessage(t *testing.T) {
	var l diary
	note := func(_ context.Context, n Note) error {
		if n.Text == "exit" {
			runtime.Goexit()
		}
		l.add("%s", n.Text)
		return nil
	}
	exit := func(next kit.HandlerFunc) kit.HandlerFunc {
		return func(ctx context.Context, d *kit.Delivery) error {
			if strings.Contains(string(d.Payload), "exit") {
				runtime.Goexit()
			}
			return next(ctx, d)
		}
	}
	lane := kit.Lane("one")
	for name, h := range map[string]kit.Handler{
		"in a handler":            kit.On(note),
		"with a lane":             kit.On(note, lane),
		"with workers and keys":   kit.On(note, kit.Workers(3), kit.OrderedBy(func(n Note) string { return n.Text })),
		"with one key":            kit.On(note, kit.Workers(2), kit.OrderedBy(func(Note) string { return "k" })),
		"with tries":              kit.On(note, kit.Retry(3, time.Millisecond)),
		"without a deadline":      kit.On(note, kit.Timeout(0)),
		"acknowledged on arrival": kit.On(note, kit.AckFirst()),
		"in a middleware":         kit.On(note, kit.Use(exit)),
		"cancellable":             kit.On(note, kit.CancelledBy(func(s Stop) string { return s.ID }, func(n Note) string { return n.Text })),
	} {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			letters := kittest.WatchRaw(b, "system/dead/s")
			for _, text := range []string{"a", "exit", "b", "exit", "c"} {
				b.Publish(t, Note{Text: text})
			}
			b.Settle()
			got := l.take()
			slices.Sort(got)
			same(t, got, "a", "b", "c")
			for range 2 {
				if d, _ := letters.Next(t); !strings.Contains(d.Header.User["reason"], "runtime.Goexit") {
					t.Errorf("reason is %s", d.Header.User["reason"])
				}
			}
		}, kittest.ServiceOf("s", h))
	}
}

// Brittle is a message whose check may end the goroutine that reads it.
type Brittle struct {
	Text string `json:"text"`
}

func (Brittle) Route() msg.Route  { return msg.Route{Topic: "box/brittle", QoS: msg.AtLeastOnce} }
func (b Brittle) Validate() error { exitAt(b.Text); return nil }

// exitAt returns its text, if that is not "exit".
func exitAt(text string) string {
	if text == "exit" {
		runtime.Goexit()
	}
	return text
}

// Failure is a request of which not even the failure can be told.
type Failure struct {
	Text string `json:"text"`
}

func (Failure) Route() msg.Route      { return msg.Route{Topic: "box/failure", QoS: msg.AtLeastOnce} }
func (Failure) Reply() (r QuickReply) { return }
func (f Failure) Failed(_, text string) QuickReply {
	return QuickReply{Text: exitAt(f.Text) + " " + text}
}

// What the kit calls of a contract or an option, outside the handler, may end its
// goroutine as well.
func TestGoexitOutsideTheHandler(t *testing.T) {
	var l diary
	note := func(_ context.Context, n Note) error { l.add("%s", n.Text); return nil }
	text := func(n Note) string { return n.Text }
	brittle := func(_ context.Context, b Brittle) error { l.add("%s", b.Text); return nil }
	fails := func(_ context.Context, f Failure) (QuickReply, error) {
		l.add("%s", f.Text)
		return QuickReply{}, errors.New("no")
	}
	for name, tt := range map[string]struct {
		h     kit.Handler
		topic string
	}{
		"in By":                           {kit.On(note, kit.Workers(2), kit.OrderedBy(func(n Note) string { return exitAt(n.Text) })), "box/note"},
		"in the key of what is cancelled": {kit.On(note, kit.CancelledBy(func(s Stop) string { return s.ID }, func(n Note) string { return exitAt(n.Text) })), "box/note"},
		"in the key of a cancel":          {kit.On(note, kit.CancelledBy(func(s Stop) string { return exitAt(s.ID) }, text)), "essay/stop"},
		"in a check":                      {kit.On(brittle), "box/brittle"},
		"in a check, with keys":           {kit.On(brittle, kit.Workers(2), kit.OrderedBy(func(b Brittle) string { return b.Text })), "box/brittle"},
		"while a failure is told":         {kit.Answer(fails), "box/failure"},
		"while one is told, with a lane":  {kit.Answer(fails, kit.Lane("one")), "box/failure"},
	} {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			last, field := tt.topic, "text"
			if tt.topic == "essay/stop" {
				last, field = "box/note", "id"
			}
			for range 3 {
				b.PublishRaw(t, tt.topic, `{"`+field+`":"exit"}`)
			}
			b.PublishRaw(t, last, `{"text":"next"}`)
			b.Settle()
			if got := l.take(); !slices.Contains(got, "next") {
				t.Errorf("got %q, and nothing after it", got)
			}
			if s := b.Stats("s"); len(s.Handlers) < 3 || s.Handlers[2].Queue != 0 || !s.Link.Up {
				t.Errorf("stats are %+v", s)
			}
		}, kittest.ServiceOf("s", tt.h))
	}
}

func TestGoexitElsewhere(t *testing.T) {
	var l diary
	kittest.Run(t, "in an answer: the asker hears it", func(t *testing.T, b *kittest.Harness) {
		for range 2 {
			if _, err := kit.Ask(t.Context(), b.Bus, Question{Text: "?"}); err == nil || !strings.Contains(err.Error(), "runtime.Goexit") {
				t.Errorf("error is %v", err)
			}
		}
	}, kittest.ServiceOf("s", kit.Answer(func(context.Context, Question) (QuickReply, error) { runtime.Goexit(); return QuickReply{}, nil })))

	kittest.Run(t, "in Local, Every and Up of one lane", func(t *testing.T, b *kittest.Harness) {
		events := make(chan int)
		lane := kit.Lane("one")
		b.Add(t, kittest.ServiceOf("s",
			kit.OnChan(events, func(_ context.Context, n int) error {
				if n == 1 {
					runtime.Goexit()
				}
				l.add("%d", n)
				return nil
			}, lane),
			kit.Every(time.Second, func(context.Context) error { l.add("tick"); runtime.Goexit(); return nil }, lane),
			kit.OnConnect(func(context.Context) error { runtime.Goexit(); return nil }, lane)))
		for n := range 3 {
			events <- n
		}
		time.Sleep(2500 * time.Millisecond)
		b.Settle()
		got := l.take()
		slices.Sort(got)
		same(t, got, "0", "2", "tick", "tick")
	})

	kittest.Run(t, "in a Loop: it is started again", func(t *testing.T, b *kittest.Harness) {
		health := kittest.WatchHealth(b, "s")
		b.Add(t, kittest.ServiceOf("s", kit.Loop(func(context.Context) error { l.add("loop"); runtime.Goexit(); return nil })))
		time.Sleep(5 * time.Second)
		b.Settle()
		if got := l.take(); len(got) < 2 {
			t.Errorf("it ran %d times", len(got))
		}
		for h, _ := health.Next(t); h.Event != "error"; h, _ = health.Next(t) {
		}
	})

	kittest.Run(t, "in Healthy: degraded, and asked again", func(t *testing.T, b *kittest.Harness) {
		health := kittest.WatchHealth(b, "s")
		asked := 0
		b.Add(t, kit.Service[*sick]("s", fx.Supply(&sick{func(context.Context) error {
			if asked++; asked < 3 {
				runtime.Goexit()
			}
			return nil
		}})))
		time.Sleep(16 * time.Second)
		var said []string
		for len(said) < 3 {
			h, _ := health.Next(t)
			said = append(said, h.Event)
		}
		same(t, said, "ready", "degraded", "ready")
	})
}

// sick is a service whose health a test decides.
type sick struct{ healthy func(context.Context) error }

func (s *sick) Handlers() []kit.Handler           { return nil }
func (s *sick) Healthy(ctx context.Context) error { return s.healthy(ctx) }
