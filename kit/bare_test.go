package kit_test

import (
	"context"
	"testing"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
)

// Gadget is what foreign firmware says: with the names of an envelope.
type Gadget struct {
	ID        string         `json:"id"`
	Type      string         `json:"type" msg:"required"`
	TS        float64        `json:"ts"`
	Source    string         `json:"source"`
	Data      map[string]any `json:"data" msg:"required"`
	MessageID string         `json:"message_id"`
}

func (Gadget) Route() msg.Route {
	return msg.Route{Topic: "box/gadget", QoS: msg.AtLeastOnce, Bare: true}
}

// A bare route is bare, whatever its payload looks like.
func TestBarePayloadsThatLookLikeEnvelopes(t *testing.T) {
	t.Setenv("S_MQTT_DEDUPE_TTL", "60s")
	var l diary
	kittest.Run(t, "", func(t *testing.T, b *kittest.Harness) {
		seen := kittest.Watch[Gadget](b)
		for _, payload := range []string{
			`{"type":"device_joined","data":{"name":"lamp"}}`,
			`{"id":"lamp-1","type":"on","ts":1,"source":"hub","data":{"n":1}}`,
			`{"id":"lamp-1","type":"off","ts":1,"source":"hub","data":{"n":2}}`,
			`{"type":"x","data":{"id":"a","type":"b","ts":1,"source":"c","data":{}}}`,
		} {
			b.PublishRaw(t, "box/gadget", payload)
		}
		b.Publish(t, Gadget{Type: "ours", Data: map[string]any{"k": "v"}})
		b.Settle()
		same(t, l.take(), "device_joined map[name:lamp] of nobody", "on map[n:1] of nobody", "off map[n:2] of nobody",
			"x map[data:map[] id:a source:c ts:1 type:b] of nobody", "ours map[k:v] of nobody")
		var hub *kit.Bus
		b.Add(t, kittest.ServiceOf("hub", kit.Sends[Gadget]()).With(fx.Populate(&hub)))
		if err := hub.Publish(t.Context(), Gadget{ID: "lamp-1", Type: "on", TS: 1, Source: "hub", Data: map[string]any{"n": 1}}); err != nil {
			t.Error(err)
		}
		if g, _ := seen.Next(t); g.Type != "on" || g.ID != "lamp-1" {
			t.Errorf("watched %+v", g)
		}
	}, kittest.ServiceOf("s", kit.On(func(ctx context.Context, g Gadget) error {
		m := kit.From(ctx)
		who := m.Source + m.Type
		if who == "" {
			who = "nobody"
		}
		l.add("%s %v of %s", g.Type, g.Data, who)
		return nil
	}, kit.Name("gadget"))))
}
