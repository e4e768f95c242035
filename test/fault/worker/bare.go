package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"github.com/gotars/tars/test/fault"
)

// bareTopic is apart from that of the kit's pair.
const bareTopic = "fault/bare"

// runByHand is the pair as one writes it by hand: a session that outlives the link,
// acknowledgement on arrival, a publication repeated until it is acknowledged,
// and the waits between attempts that the kit has too.
func runByHand(role string, w *worker) error {
	u, err := url.Parse(os.Getenv("MQTT_URL"))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	password, _ := u.User.Password()
	var attempts atomic.Int64
	cfg := autopaho.ClientConfig{
		ServerUrls: []*url.URL{u}, KeepAlive: 60, SessionExpiryInterval: 60, ConnectTimeout: 10 * time.Second,
		ConnectUsername: u.User.Username(), ConnectPassword: []byte(password),
		ReconnectBackoff: func(int) time.Duration {
			n := attempts.Add(1)
			if n == 1 {
				return 0
			}
			d := min(500*time.Millisecond<<min(n-2, 16), 5*time.Second)
			return d/2 + rand.N(d/2+1)
		},
		ClientConfig: paho.ClientConfig{ClientID: "fault-" + role},
	}
	cfg.OnConnectionUp = func(cm *autopaho.ConnectionManager, _ *paho.Connack) {
		attempts.Store(0)
		if role == "bare-take" {
			subscription := &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: bareTopic, QoS: 1}}}
			if _, err := cm.Subscribe(ctx, subscription); err != nil {
				return
			}
		}
		w.up()
	}
	cfg.OnPublishReceived = []func(paho.PublishReceived) (bool, error){w.received}
	cm, err := autopaho.NewConnection(ctx, cfg)
	if err != nil {
		return err
	}
	if role == "bare-send" {
		return w.atRate(ctx, func(ctx context.Context, n int) error { return publishUntilAcked(ctx, cm, n) })
	}
	<-cm.Done()
	return nil
}

func (w *worker) received(p paho.PublishReceived) (bool, error) {
	var m fault.Load
	if err := json.Unmarshal(p.Packet.Payload, &m); err != nil {
		return false, err
	}
	w.write(m.N)
	w.handled.Add(1)
	return true, nil
}

// publishUntilAcked publishes n until the broker has it.
func publishUntilAcked(ctx context.Context, cm *autopaho.ConnectionManager, n int) error {
	payload, err := json.Marshal(fault.Load{N: n, Pad: strings.Repeat("x", padding)})
	if err != nil {
		return err
	}
	for {
		if err := cm.AwaitConnection(ctx); err != nil {
			return err
		}
		_, err := cm.Publish(ctx, &paho.Publish{Topic: bareTopic, QoS: 1, Payload: payload})
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}
