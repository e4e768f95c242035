package operate_test

import (
	"context"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/cmd/operate"
)

// A letter for a service that is not there stays.
func TestReplayKeepsWhatNobodyTakes(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	t.Setenv("MQTT_URL", "mqtt://"+srv.Addr())
	tool := operate.FromEnvironment("x")
	seen := make(chan *kit.Delivery, 1)
	bus, err := tool.Open(t.Context(), kit.Tap("box/note", func(_ context.Context, d *kit.Delivery) error { seen <- d; return nil }))
	if err != nil {
		t.Fatal(err)
	}
	p := &paho.Publish{Topic: "system/dead/gone/abcd", QoS: 1, Retain: true, Payload: []byte{1, 2}, Properties: &paho.PublishProperties{ContentType: "audio/pcm"}}
	p.Properties.User.Add("topic", "box/note")
	p.Properties.User.Add("seq", "7")
	if _, err := bus.Client().Publish(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var replayAll operate.DeadReplay
	replayAll.All = true
	err = replayAll.Run(t.Context(), tool)
	if err == nil || err.Error() != "letter abcd: gone is not on the bus: start it first" {
		t.Errorf("said %v", err)
	}
	if n := len(srv.Retained("system/dead/#")); n != 1 {
		t.Errorf("gone does not run, and %d letters are left", n)
	}
	select {
	case d := <-seen:
		t.Errorf("a service that is not gone got it, header %v", d.Header)
	case <-time.After(300 * time.Millisecond):
	}
	_ = bus.Close(t.Context())
}
