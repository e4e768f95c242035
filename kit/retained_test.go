package kit_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.golang/paho"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// Lamp is the state of one lamp, which the broker keeps.
type Lamp struct {
	Room string `json:"-"`
	On   bool   `json:"on" msg:"required"`
}

func (Lamp) Route() msg.Route {
	return msg.Route{Topic: "box/lamp/+", QoS: msg.AtLeastOnce, Retain: true}
}
func (l Lamp) Key() string      { return l.Room }
func (l *Lamp) SetKey(k string) { l.Room = k }

// clearLamp ends what the broker keeps of a lamp, as other clients do.
func clearLamp(t *testing.T, b *kittest.Harness, room string) {
	t.Helper()
	if _, err := b.Bus.Client().Publish(t.Context(), &paho.Publish{Topic: "box/lamp/" + room, QoS: 1, Retain: true}); err != nil {
		t.Error(err)
	}
}

func TestClearedState(t *testing.T) {
	var l diary
	seen := func(ctx context.Context, x Lamp) error {
		l.add("%s %t cleared %t", x.Room, x.On, kit.From(ctx).Cleared)
		return nil
	}
	play := func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, Lamp{Room: "hall", On: true})
		clearLamp(t, b, "hall")
		b.Publish(t, Lamp{Room: "attic"})
		b.Settle()
	}
	for name, opts := range map[string][]kit.Option{
		"reaches a handler that takes it": nil,
		"with keys and workers":           {kit.Workers(2), kit.OrderedBy(func(x Lamp) string { return x.Room })},
		"with a middleware": {kit.Use(func(next kit.HandlerFunc) kit.HandlerFunc {
			return func(ctx context.Context, d *kit.Delivery) error {
				if d.Cleared != (len(d.Payload) == 0) {
					t.Errorf("%d bytes, cleared %t", len(d.Payload), d.Cleared)
				}
				return next(ctx, d)
			}
		})},
	} {
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			play(t, b)
			got := l.take()
			if name == "with keys and workers" {
				slices.Sort(got)
				same(t, got, "attic false cleared false", "hall false cleared true", "hall true cleared false")
				return
			}
			same(t, got, "hall true cleared false", "hall false cleared true", "attic false cleared false")
		}, kittest.ServiceOf("s", kit.On(seen, append(opts, kit.TakesCleared(), kit.Name("seen"))...)))
	}
	kittest.Run(t, "is counted and forgotten by others", func(t *testing.T, b *kittest.Harness) {
		var bus *kit.Bus
		b.Add(t, kittest.ServiceOf("s", kit.On(seen, kit.Name("seen"))).With(fx.Populate(&bus)))
		play(t, b)
		same(t, l.take(), "hall true cleared false", "attic false cleared false")
		for _, h := range bus.Stats().Handlers {
			if h.Name == "seen" && fmt.Sprint(h.Dropped) != "map[json:1]" {
				t.Errorf("dropped: %v", h.Dropped)
			}
		}
	})
}

// Brief lives for less than a second, which MQTT cannot say.
type Brief struct {
	Text string `json:"text"`
}

func (Brief) Route() msg.Route {
	return msg.Route{Topic: "box/brief", QoS: msg.AtLeastOnce, Retain: true, Expiry: time.Millisecond}
}

func TestExpiryIsRoundedUp(t *testing.T) {
	kittest.Run(t, "", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, Brief{Text: "x"})
		b.Settle()
		if n := len(b.Broker.Retained("box/brief")); n != 1 {
			t.Errorf("%d are kept at once, want 1", n)
		}
		var l diary
		see := kit.Tap("box/brief", func(_ context.Context, d *kit.Delivery) error { l.add("%s", d.Data); return nil })
		time.Sleep(time.Minute)
		b.Add(t, kittest.ServiceOf("late", see))
		b.Settle()
		same(t, l.take())
	})
}

// filterHook notes the retain handling of each subscription.
type filterHook struct {
	mqtt.HookBase
	l *diary
}

func (f *filterHook) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck || b == mqtt.OnSubscribe
}
func (f *filterHook) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }
func (f *filterHook) OnACLCheck(*mqtt.Client, string, bool) bool              { return true }
func (f *filterHook) OnSubscribe(_ *mqtt.Client, p packets.Packet) packets.Packet {
	for _, s := range p.Filters {
		if strings.Contains(s.Filter, "box/") {
			f.l.add("%s %d", s.Filter, s.RetainHandling)
		}
	}
	return p
}

// A group gets events and no state: each member that joins would have all of it
// repeated to some member.
func TestGroupsAskForNoRetainedState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l diary
		srv, err := broker.New(broker.Options{Auth: &filterHook{l: &l}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = srv.Close() })
		cut := &cutter{dial: srv.Dial}
		bus := app(t, kittest.ServiceOf("s",
			kit.On(func(context.Context, Lamp) error { return nil }, kit.Name("lamp"), kit.Shared("g")),
			kit.On(func(context.Context, Note) error { return nil }, kit.Name("note"))), cut.Dial)
		if err := bus.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		cut.Cut()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		got := l.take()
		slices.Sort(got)
		same(t, got, "$share/g/box/lamp/+ 2", "$share/g/box/lamp/+ 2", "box/note 0", "box/note 1")
	})
}
