package kit_test

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/msg"
)

// unheard allows everything and says of the first so many messages on each
// topic that nobody subscribes to them, as Mosquitto does.
type unheard struct {
	mqtt.HookBase
	most int

	mu    sync.Mutex
	seen  map[string]int
	alone map[uint16]bool // ids of such messages
}

func newUnheard(most int) *unheard {
	return &unheard{most: most, seen: map[string]int{}, alone: map[uint16]bool{}}
}

func (u *unheard) ID() string { return "unheard" }

func (u *unheard) Provides(b byte) bool {
	return bytes.Contains([]byte{mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnPublish, mqtt.OnPacketEncode}, []byte{b})
}

func (u *unheard) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }
func (u *unheard) OnACLCheck(*mqtt.Client, string, bool) bool              { return true }

func (u *unheard) OnPublish(_ *mqtt.Client, p packets.Packet) (packets.Packet, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seen[p.TopicName]++
	u.alone[p.PacketID] = u.seen[p.TopicName] <= u.most
	return p, nil
}

func (u *unheard) OnPacketEncode(_ *mqtt.Client, p packets.Packet) packets.Packet {
	u.mu.Lock()
	defer u.mu.Unlock()
	if p.FixedHeader.Type == packets.Puback && u.alone[p.PacketID] {
		p.ReasonCode, p.Properties.ReasonString = 0x10, "nobody subscribes" // mochi writes no such code by itself
	}
	return p
}

func (u *unheard) times(topic string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.seen[topic]
}

// lamp is switched, or shines.
type lamp struct {
	On     bool `json:"on"`
	retain bool
}

func (l lamp) Route() msg.Route {
	topic := map[bool]string{true: "lamp/state", false: "lamp/switch"}[l.retain]
	return msg.Route{Topic: topic, Type: "lamp", QoS: msg.AtLeastOnce, Retain: l.retain}
}

// A broker that was killed knows no subscriptions. What is published before the
// others have come back is not for nobody.
func TestPublishWaitsForThoseWhoComeBack(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	serve := func(u *unheard) *broker.Broker {
		b, err := broker.New(broker.Options{Addr: addr, Auth: u})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		return b
	}
	first := newUnheard(1000)
	old := serve(first)
	cfg, err := kit.Load("lamps")
	if err != nil {
		t.Fatal(err)
	}
	cfg.URL, cfg.ReconnectMinDelay, cfg.ReconnectMaxDelay = "mqtt://"+addr, 10*time.Millisecond, 50*time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	bus, err := kit.Open(ctx, "lamps", cfg, kit.Sends[lamp]())
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close(context.Background())
	if err := bus.Publish(ctx, lamp{}); err != nil || first.times("lamp/switch") != 1 {
		t.Errorf("nobody is missing: sent %d times, %v", first.times("lamp/switch"), err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	second := newUnheard(3)
	serve(second)
	listener, err := kit.Open(ctx, "listener", cfg, kit.Tap("lamp/#", func(context.Context, *kit.Delivery) error { return nil }))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close(context.Background())
	if err := bus.Publish(ctx, lamp{}); err != nil || second.times("lamp/switch") < 4 {
		t.Errorf("somebody takes the fourth: sent %d times, %v", second.times("lamp/switch"), err)
	}
	if err := bus.Publish(ctx, lamp{retain: true}); err != nil || second.times("lamp/state") != 1 {
		t.Errorf("what is retained waits for nobody: sent %d times, %v", second.times("lamp/state"), err)
	}
}
