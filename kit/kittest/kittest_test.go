package kittest_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// light is the state of a lamp, kept for late joiners.
type light struct {
	Room string `json:"-"`
	On   bool   `json:"on"`
}

func (light) Route() msg.Route {
	return msg.Route{Topic: "lab/light/+", QoS: msg.AtLeastOnce, Retain: true}
}
func (l light) Key() string      { return l.Room }
func (l *light) SetKey(k string) { l.Room = k }

func TestScriptedCalls(t *testing.T) {
	broken := errors.New("broken")
	play := func(ctx context.Context, a *kittest.Actor[string]) (said string, err error) {
		err = a.Play(ctx, func(s string) error { said += s; return nil })
		return said, err
	}
	synctest.Test(t, func(t *testing.T) {
		a := kittest.Script(kittest.After(300*time.Millisecond, "hel"), kittest.After(time.Second, "lo")).
			Then(kittest.After(0, "wo"), kittest.Fails[string](time.Second, broken)).
			Then(kittest.After(0, "x"), kittest.Hangs[string]())
		begin := time.Now()
		if said, err := play(t.Context(), a); said != "hello" || err != nil || time.Since(begin) != 1300*time.Millisecond {
			t.Errorf("first: %q, %v after %s", said, err, time.Since(begin))
		}
		if said, err := play(t.Context(), a); said != "wo" || err != broken {
			t.Errorf("second: %q, %v", said, err)
		}
		for range 2 { // the last script is that of all further calls
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Hour, kit.ErrCancelled)
			if said, err := play(ctx, a); said != "x" || err != kit.ErrCancelled {
				t.Errorf("later: %q, %v", said, err)
			}
			cancel()
		}
		if ends := a.Ends(); a.Calls() != 4 || len(ends) != 4 || ends[0] != nil || ends[1] != broken || ends[3] != kit.ErrCancelled {
			t.Errorf("%d calls ended with %v", a.Calls(), ends)
		}
	})
}

func TestScriptAsIterator(t *testing.T) {
	broken := errors.New("broken")
	synctest.Test(t, func(t *testing.T) {
		a := kittest.Script(kittest.After(time.Second, 1), kittest.After(time.Second, 2), kittest.Fails[int](time.Second, broken))
		sum, last := 0, error(nil)
		for n, err := range a.All(t.Context()) {
			sum, last = sum+n, err
		}
		if sum != 3 || last != broken {
			t.Errorf("yielded %d and %v", sum, last)
		}
		for range a.All(t.Context()) {
			break
		}
		if a.Calls() != 2 || len(a.Ends()) != 2 {
			t.Errorf("%d calls, %v", a.Calls(), a.Ends())
		}
	})
}

func TestScriptStepByStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := kittest.Script(kittest.After(time.Second, 20.5)).Then(kittest.After(time.Second, 21.0))
		for _, want := range []float64{20.5, 21} {
			if v, err := a.Next(t.Context()); v != want || err != nil {
				t.Errorf("got %v, %v, want %v", v, err, want)
			}
		}
		if _, err := a.Next(t.Context()); err != io.EOF {
			t.Errorf("after the last: %v", err)
		}
	})
}

func TestUnpluggedServiceComesBack(t *testing.T) {
	kittest.Run(t, "is offline until Plug", func(t *testing.T, b *kittest.Harness) {
		events := kittest.WatchHealth(b, "s")
		b.Unplug("s")
		if h, _ := events.Next(t); h.Event != "lost" || h.OK {
			t.Errorf("health says %+v", h)
		}
		time.Sleep(time.Minute)
		events.None(t)
		if b.Stats("s").Link.Up {
			t.Error("the link is up")
		}
		b.Plug("s")
		if h, _ := events.Next(t); h.Event != "reconnected" || !h.OK {
			t.Errorf("health says %+v", h)
		}
	}, kittest.ServiceOf("s"))
}

func TestRetained(t *testing.T) {
	kittest.Run(t, "is decoded, with its key", func(t *testing.T, b *kittest.Harness) {
		if _, kept := kittest.Retained[light](t, b, "hall"); kept {
			t.Error("kept before it was sent")
		}
		b.Publish(t, light{Room: "hall", On: true})
		b.Publish(t, light{Room: "attic"})
		if l, kept := kittest.Retained[light](t, b, "hall"); !kept || l != (light{"hall", true}) {
			t.Errorf("kept %+v, %v", l, kept)
		}
	})
}

func TestPublishRaw(t *testing.T) {
	kittest.Run(t, "is seen as it is", func(t *testing.T, b *kittest.Harness) {
		b.PublishRaw(t, "foreign/thing", "\xff{", "x", "y")
		b.PublishRaw(t, "lab/light/hall", `{"on":`)
		b.Settle()
		h := b.Stats("s").Handlers
		if last := h[len(h)-2]; last.Name != "light" || last.Dropped["json"] != 1 {
			t.Errorf("stats: %+v", h)
		}
	}, kittest.ServiceOf("s", kit.On(func(context.Context, light) error { return nil }, kit.Name("light"))))
}

func TestWatchRaw(t *testing.T) {
	kittest.Run(t, "sees dead letters", func(t *testing.T, b *kittest.Harness) {
		letters := kittest.WatchRaw(b, "system/dead/+")
		b.PublishRaw(t, "lab/light/hall", `{"on":true}`)
		if d, m := letters.Next(t); d.Header.User["reason"] != "no bulb" || m.Key != "s" {
			t.Errorf("letter %v of %s", d.Header.User, m.Key)
		}
	}, kittest.ServiceOf("s", kit.On(func(context.Context, light) error { return errors.New("no bulb") })))
}
