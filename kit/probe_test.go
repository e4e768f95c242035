package kit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
)

func TestHealthyThatHangs(t *testing.T) {
	kittest.Run(t, "is noticed, and asked once", func(t *testing.T, b *kittest.Harness) {
		health := kittest.WatchHealth(b, "s")
		hang, asked := make(chan struct{}), 0
		b.Add(t, kit.Service[*sick]("s", fx.Supply(&sick{func(context.Context) error {
			if asked++; asked == 1 {
				<-hang // whatever its context says
			}
			return nil
		}})))
		var said []string
		note := func() {
			h, _ := health.Next(t)
			said = append(said, h.Event+" "+h.Err)
		}
		note()
		note()
		time.Sleep(time.Minute)
		b.Settle()
		if asked != 1 {
			t.Errorf("asked %d times meanwhile", asked)
		}
		health.None(t)
		close(hang)
		note()
		same(t, said, "ready ", "degraded no answer: Healthy did not return within 5s", "ready ")
	})
	kittest.Run(t, "one that keeps to its context says the same", func(t *testing.T, b *kittest.Harness) {
		health := kittest.WatchHealth(b, "s")
		b.Add(t, kit.Service[*sick]("s", fx.Supply(&sick{func(ctx context.Context) error {
			<-ctx.Done()
			return fmt.Errorf("ask the engine: %w", ctx.Err())
		}})))
		_, _ = health.Next(t)
		if h, _ := health.Next(t); h.Err != "no answer: Healthy did not return within 5s" {
			t.Errorf("health is %+v", h)
		}
	})
}

func TestHealthyThatPanicsIsNewsOnce(t *testing.T) {
	kittest.Run(t, "", func(t *testing.T, b *kittest.Harness) {
		health := kittest.WatchHealth(b, "s")
		n := 0
		b.Add(t, kit.Service[*sick]("s", fx.Supply(&sick{func(context.Context) error {
			if n++; n%2 == 0 { // from another line each time
				panic("no engine")
			}
			panic("no engine")
		}})))
		_, _ = health.Next(t)
		if h, _ := health.Next(t); h.Event != "degraded" || h.Err != "panic: no engine" {
			t.Errorf("health is %+v", h)
		}
		time.Sleep(time.Minute)
		health.None(t)
		if n < 10 {
			t.Errorf("asked %d times", n)
		}
	})
}

// The hook that ran out of its time is named, and the limit too.
func TestHookThatTakesTooLong(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	t.Setenv("MQTT_URL", "mqtt://"+srv.Addr())
	t.Setenv("MQTT_DRAIN", "0")
	t.Setenv("LOG_LEVEL", "error")
	slow := fx.Invoke(func(lc fx.Lifecycle) { lc.Append(fx.StartHook(openSlowStore)) })
	err = kit.Run(t.Context(), kittest.ServiceOf("s").With(slow, fx.StartTimeout(50*time.Millisecond)))
	if err == nil || !strings.Contains(err.Error(), "s: the start hook kit_test.openSlowStore did not end within 50ms") {
		t.Errorf("error is %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	up := kit.OnConnect(func(context.Context) error { stop(); return nil })
	err = kit.Run(ctx, kittest.ServiceOf("s", up).With(fx.Invoke(func(lc fx.Lifecycle) { lc.Append(fx.StopHook(closeSlowStore)) })))
	if err == nil || !strings.Contains(err.Error(), "s: the stop hook kit_test.closeSlowStore did not end within 3s (MQTT_DRAIN and 3s)") {
		t.Errorf("error is %v", err)
	}
}

func openSlowStore(ctx context.Context) error  { <-ctx.Done(); return ctx.Err() }
func closeSlowStore(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func TestUseAll(t *testing.T) {
	var l diary
	mark := func(name string) kit.Middleware {
		return func(next kit.HandlerFunc) kit.HandlerFunc {
			return func(ctx context.Context, d *kit.Delivery) error {
				l.add("%s %s", name, d.Topic)
				return next(ctx, d)
			}
		}
	}
	s := kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { l.add("note"); return nil }, kit.Use(mark("own"))),
		kit.Answer(func(context.Context, Question) (QuickReply, error) { return QuickReply{Text: "a"}, nil })).With(kit.UseAll(mark("first"), mark("second")))
	for _, name := range []string{"is outside of Use", "and the same for the next process"} {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			b.Publish(t, Note{Text: "x"})
			b.Settle()
			same(t, l.take(), "first box/note", "second box/note", "own box/note", "note")
			if _, err := kit.Ask(t.Context(), b.Bus, Question{Text: "?"}); err != nil {
				t.Error(err)
			}
			same(t, l.take(), "first box/question", "second box/question")
		}, s.With(kit.UseAll()))
	}
	for name, mw := range map[string]kit.Middleware{"a middleware is nil": nil, "a middleware returned nil": func(kit.HandlerFunc) kit.HandlerFunc { return nil }} {
		if _, err := s.With(kit.UseAll(mw)).Describe(); err == nil || !strings.HasSuffix(err.Error(), "s: UseAll: "+name) {
			t.Errorf("error is %v", err)
		}
	}
}

// Where the broker tells that nobody subscribes, an Ask ends at once.
func TestAskNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, err := broker.New(broker.Options{Auth: newUnheard(1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = srv.Close() })
		cut := &cutter{dial: srv.Dial}
		silent := app(t, kittest.ServiceOf("silent", kit.Tap("box/#", func(context.Context, *kit.Delivery) error { return nil })), (&cutter{dial: srv.Dial}).Dial)
		if err := silent.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		bus := app(t, kittest.ServiceOf("s", kit.Asks[Question](), kit.Sends[Note]()), cut.Dial)
		if err := bus.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = kit.Ask(t.Context(), bus, Question{Text: "?"})
		var asked *kit.NoReplyError
		if !errors.As(err, &asked) || !errors.Is(err, kit.ErrNobody) || err.Error() != "nobody answers box/question" || time.Since(began) > time.Second {
			t.Errorf("error is %v after %s", err, time.Since(began))
		}
		if err := bus.Publish(t.Context(), Note{Text: "x"}); err != nil {
			t.Errorf("who publishes waits for nobody: %v", err)
		}
		began = time.Now()
		if _, err = kit.Ask(t.Context(), bus, Question{Text: "?"}); errors.Is(err, kit.ErrNobody) || time.Since(began) != 10*time.Second {
			t.Errorf("somebody is there and silent: %v after %s", err, time.Since(began))
		}
	})
}
