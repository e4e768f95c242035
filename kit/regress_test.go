package kit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
)

// Each of these was once wrong.

func TestNewestOfEachKey(t *testing.T) {
	var l diary
	kittest.Run(t, "by key, newest only", func(t *testing.T, b *kittest.Harness) {
		for i, room := range []string{"hall", "kitchen", "kitchen"} {
			b.Publish(t, Sound{Room: room, Seq: fmt.Sprint(i), Bytes: []byte{byte(i)}})
			b.Settle()
		}
		time.Sleep(5 * time.Second)
		b.Settle()
		same(t, l.take(), "hall 0", "kitchen 2")
	}, kittest.ServiceOf("stt", kit.On(func(_ context.Context, s Sound) error {
		time.Sleep(time.Second)
		l.add("%s %s", s.Room, s.Seq)
		return nil
	}, kit.Name("listen"), kit.Workers(1),
		kit.OrderedBy(func(s Sound) string { return s.Room }), kit.Queue(1)), kit.On(func(context.Context, Note) error { return nil }, kit.Name("n"))))
}

func TestWhatTheBrokerForgotStays(t *testing.T) {
	var l diary
	gate := map[string]chan struct{}{}
	kittest.Run(t, "over a second link, too", func(t *testing.T, b *kittest.Harness) {
		gate["first"] = make(chan struct{})
		for _, text := range []string{"first", "2", "3"} {
			b.Publish(t, Note{Text: text})
		}
		b.Settle()
		b.Unplug("s")
		time.Sleep(90 * time.Second) // the session ends
		b.Plug("s")
		time.Sleep(20 * time.Second)
		b.Settle()
		b.Cut("s")
		time.Sleep(20 * time.Second)
		b.Publish(t, Note{Text: "4"})
		b.Settle()
		close(gate["first"])
		time.Sleep(time.Second)
		b.Settle()
		same(t, l.take(), "first", "2", "3", "4")
	}, kittest.ServiceOf("s", kit.On(func(_ context.Context, n Note) error {
		if g := gate[n.Text]; g != nil {
			<-g
		}
		l.add("%s", n.Text)
		return nil
	}, kit.Name("heard"), kit.Timeout(0))))
}

func TestReplayInAGroup(t *testing.T) {
	var l diary
	take := func(who string) kit.Handler {
		return kit.On(func(_ context.Context, n Note) error { l.add("%s %s", who, n.Text); return nil }, kit.Name("heard"), kit.Shared("g"))
	}
	kittest.Run(t, "reaches the member it is for", func(t *testing.T, b *kittest.Harness) {
		for i := range 10 {
			raw(t, b, "system/replay/b", note(fmt.Sprint(i), fmt.Sprint(i)), "topic", "box/note")
		}
		b.Settle()
		if got := l.take(); len(got) != 10 || slices.ContainsFunc(got, func(s string) bool { return !strings.HasPrefix(s, "b ") }) {
			t.Errorf("10 replays to b, handled %q", got)
		}
	}, kittest.ServiceOf("a", take("a")), kittest.ServiceOf("b", take("b")))
}

func TestShutdownIsSaidWithoutADrain(t *testing.T) {
	t.Setenv("MQTT_DRAIN", "0")
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	t.Setenv("MQTT_URL", "mqtt://"+srv.Addr())
	t.Setenv("LOG_LEVEL", "error")
	for range 6 {
		ctx, stop := context.WithCancel(t.Context())
		up := make(chan struct{})
		over := make(chan error, 1)
		go func() {
			over <- kit.Run(ctx, kittest.ServiceOf("z", kit.OnConnect(func(context.Context) error { close(up); return nil })))
		}()
		<-up
		stop()
		<-over
		for _, p := range srv.Retained("system/health/z") {
			if strings.Contains(string(p), `"ok":true`) {
				t.Error("gone, and its health says ok")
			}
		}
	}
}

func TestNoURLShowsItsPassword(t *testing.T) {
	for _, u := range []string{"tars:s3cret@broker:1883", "mqtt:tars:s3cret@broker:1883", "mqtt://u:s3cret@"} {
		s := kit.Settings{URL: u}
		if err := s.Validate(); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
	}
}

func TestErrorRepliesAreOneType(t *testing.T) {
	kittest.Run(t, "whoever they go to", func(t *testing.T, b *kittest.Harness) {
		for i := range 500 {
			raw(t, b, "box/question", fmt.Sprintf(`{"id":"%d","type":"box.question","ts":1,"source":"x","data":{"text":"t"}}`, i), "error_to", fmt.Sprintf("system/error/tool-%08x", i))
		}
		b.Settle()
		time.Sleep(time.Second)
		if n := len(b.Stats("s").Published); n > 50 {
			t.Errorf("%d event types are remembered", n)
		}
	}, kittest.ServiceOf("s", kit.Answer(func(context.Context, Question) (QuickReply, error) { return QuickReply{}, errors.New("no") }, kit.Name("answer"))))
}

func TestAckFirstAfterAnOutage(t *testing.T) {
	var l diary
	kittest.Run(t, "what waits is said once", func(t *testing.T, b *kittest.Harness) {
		for _, s := range []string{"1", "2", "3", "4", "5", "6"} {
			b.Publish(t, Note{Text: s})
		}
		b.Settle()
		b.Unplug("s")
		time.Sleep(11 * time.Second)
		b.Plug("s")
		time.Sleep(2 * time.Minute)
		b.Settle()
		same(t, l.take(), "1", "2", "3", "4", "5", "6")
	}, kittest.ServiceOf("s", kit.On(func(_ context.Context, n Note) error {
		time.Sleep(10 * time.Second)
		l.add("%s", n.Text)
		return nil
	}, kit.Name("say"), kit.AckFirst(), kit.Queue(2))))
}

func TestLetterOfALargeMessage(t *testing.T) {
	t.Setenv("S_MQTT_MAX_PACKET", "4096")
	kittest.Run(t, "its reason is cut to what fits", func(t *testing.T, b *kittest.Harness) {
		raw(t, b, "box/note", note("1", strings.Repeat("x", 3000)))
		time.Sleep(time.Second)
		b.Settle()
		if n := len(b.Broker.Retained("system/dead/#")); n != 1 {
			t.Errorf("%d letters", n)
		}
	}, kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { panic("no") }, kit.Name("heard"))))
}

func TestBareMessagesHaveNoTime(t *testing.T) {
	var l diary
	kittest.Run(t, "which nobody said", func(t *testing.T, b *kittest.Harness) {
		raw(t, b, "x/y", `{"message_id":"1"}`)
		b.Settle()
		same(t, l.take(), "true")
	}, kittest.ServiceOf("s", kit.Tap("x/y", func(_ context.Context, d *kit.Delivery) error { l.add("%v", d.Sent.IsZero()); return nil })))
}

func TestResponseTopicInVain(t *testing.T) {
	srv := tcp(t, broker.Options{Auth: &gate{}})
	t.Setenv("MQTT_URL", "mqtt://"+srv.Addr())
	t.Setenv("LOG_LEVEL", "error")
	ran := make(chan string, 9)
	m := kittest.ServiceOf("s", kit.Answer(func(context.Context, Essay) (End, error) { ran <- "ran"; return End{ID: "e"}, nil }, kit.Retry(2, time.Millisecond)))
	var bus *kit.Bus
	a := m.App(fx.Populate(&bus), fx.Replace(slog.New(slog.DiscardHandler), kit.Home(t.TempDir())))
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Stop(context.Background()) }()
	if err := bus.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := kit.Open(t.Context(), "b", settings(t, srv.Addr()), kit.On(func(_ context.Context, e End) error {
		if e.Err != nil {
			ran <- "end with " + *e.Err
		} else {
			ran <- "end"
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Client().Publish(t.Context(), &paho.Publish{Topic: "essay/write", QoS: 1, Payload: []byte(`{"id":"e"}`),
		Properties: &paho.PublishProperties{ResponseTopic: "secret/answers"}}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 2 {
		select {
		case s := <-ran:
			got = append(got, s)
		case <-time.After(time.Minute):
		}
	}
	time.Sleep(500 * time.Millisecond) // for one more, which must not come
	_ = b.Close(t.Context())
	close(ran)
	for s := range ran {
		got = append(got, s)
	}
	same(t, got, "ran", "end")
}
