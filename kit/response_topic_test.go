package kit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
)

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
