package operate_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/cmd/operate"
	"github.com/gotars/tars/kit/kittest"
)

func TestStatsShowWhatAServiceCountsItself(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	t.Setenv("MQTT_URL", "mqtt://"+srv.Addr())
	t.Setenv("LOG_LEVEL", "error")
	var read, lost kit.Counter
	var reading kit.Durations
	read.Add(3)
	reading.Add(2 * time.Second)
	ctx, stop := context.WithCancel(t.Context())
	over, ready := make(chan error, 1), make(chan struct{})
	go func() {
		over <- kit.Run(ctx, kittest.ServiceOf("busy", kit.Counts("letters_read", &read), kit.Counts("letters_lost", &lost), kit.Times("reading", &reading),
			kit.OnConnect(func(context.Context) error { close(ready); return nil })))
	}()
	<-ready
	var out strings.Builder
	tool := operate.FromEnvironment("x")
	tool.Out = &out
	if err := (&operate.Stats{Service: "busy"}).Run(t.Context(), tool); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n  counted: letters_read 3\n", "\n  reading: 1 times, p50 2."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("printed without %q:\n%s", want, out.String())
		}
	}
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
}
