package kit_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
)

// strangersBroker is a broker that anybody may use by any name.
func strangersBroker(t *testing.T) *broker.Broker {
	t.Helper()
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	t.Setenv("MQTT_URL", "mqtt://"+srv.Addr())
	t.Setenv("LOG_LEVEL", "error")
	return srv
}

// evict connects by the name of another client.
func evict(t *testing.T, srv *broker.Broker, clientID string) {
	t.Helper()
	conn, err := net.Dial("tcp", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := (&packets.Connect{ProtocolName: "MQTT", ProtocolVersion: 5, ClientID: clientID, KeepAlive: 60, CleanStart: true, Properties: &packets.Properties{}}).WriteTo(conn); err != nil {
		t.Fatal(err)
	}
	if p, err := packets.ReadPacket(conn); err != nil || p.Type != packets.CONNACK {
		t.Fatalf("got %v, %v", p, err)
	}
}

// A stranger with a service's name takes that service, and no other.
func TestEvictedServiceEndsAlone(t *testing.T) {
	for name, clientID := range map[string]string{"by its client id": "victim", "by that of a lane": "victim.note"} {
		t.Run(name, func(t *testing.T) {
			srv := strangersBroker(t)
			b := kittest.StartOn(t, "mqtt://"+srv.Addr())
			health, others := kittest.WatchHealth(b, "victim"), kittest.WatchHealth(b, "other")
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				ended <- kit.Run(ctx,
					kittest.ServiceOf("victim", kit.On(func(context.Context, Note) error { return nil }, kit.Name("note")), kit.Asks[Essay]()),
					kittest.ServiceOf("other", kit.Answer(func(_ context.Context, q Question) (QuickReply, error) { return QuickReply{Text: "re: " + q.Text}, nil })))
			}()
			for h, _ := health.Next(t); h.Event != "ready"; h, _ = health.Next(t) {
			}
			evict(t, srv, clientID)
			h, _ := health.Next(t)
			for h.Event == "lost" { // the will
				h, _ = health.Next(t)
			}
			if h.OK || h.Event != "error" || h.Err != "another victim is connected" {
				t.Errorf("health says %+v", h)
			}
			for _, kept := range srv.Retained("system/health/victim") {
				if !strings.Contains(string(kept), "another victim is connected") {
					t.Errorf("retained is %s", kept)
				}
			}
			for range 300 { // it goes on answering while the victim ends
				if a := kittest.Ask(t, b, Question{Text: "x"}); a.Text != "re: x" {
					t.Fatalf("the other service answered %+v", a)
				}
			}
			for _, h := range others.All() {
				if h.Event == "shutdown" {
					t.Error("the other service ended too")
				}
			}
			stop()
			if err := <-ended; err == nil || err.Error() != "victim: another victim is connected" {
				t.Errorf("Run ended with %v", err)
			}
		})
	}
}

// A successor of the same name serves, and its health stays.
func TestEvictedServiceLeavesItsSuccessorAlone(t *testing.T) {
	srv := strangersBroker(t)
	up := make(chan struct{}, 2)
	m := kittest.ServiceOf("twin", kit.OnConnect(func(context.Context) error { up <- struct{}{}; return nil }))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- kit.Run(ctx, m, kittest.ServiceOf("other")) }()
	<-up
	go func() { second <- kit.Run(ctx, m) }()
	<-up
	time.Sleep(2 * time.Second) // real clock: longer than an evicted service waits for its successor
	for _, kept := range srv.Retained("system/health/twin") {
		if !strings.Contains(string(kept), `"ready"`) {
			t.Errorf("retained is %s", kept)
		}
	}
	stop()
	if err := <-first; err == nil || err.Error() != "twin: another twin is connected" {
		t.Errorf("the first ended with %v", err)
	}
	if err := <-second; err != nil {
		t.Errorf("the second ended with %v", err)
	}
}
