package kit_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
)

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
