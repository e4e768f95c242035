package kit_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
)

// TestForeignIDs sends ids that MQTT cannot carry as a property. Passed on as
// the trace, one of them would break every link from then on.
func TestForeignIDs(t *testing.T) {
	for name, id := range map[string]string{"with a NUL": `a\u0000b`, "too long": "x" + strings.Repeat("é", 33000)} {
		var bus *kit.Bus
		kittest.Run(t, name, func(t *testing.T, b *kittest.Harness) {
			got := kittest.Watch[Receipt](b)
			b.Add(t, kittest.ServiceOf("s", kit.Sends[Receipt](), kit.On(func(ctx context.Context, n Note) error {
				return bus.Publish(ctx, Receipt{Text: n.Text})
			}, kit.Name("heard"))).With(fx.Populate(&bus)))
			packet := `{"id":"` + id + `","type":"box.note","ts":1,"source":"x","data":{"message_id":"m","text":"poison"}}`
			if _, err := b.Bus.Client().Publish(t.Context(), &paho.Publish{Topic: "box/note", QoS: 1, Payload: []byte(packet)}); err != nil {
				t.Fatal(err)
			}
			b.Publish(t, Note{Text: "fine"})
			for _, want := range []string{"poison", "fine"} {
				if r, _ := got.Next(t); r.Text != want {
					t.Errorf("got %q, want %q", r.Text, want)
				}
			}
			if h := b.Broker.Retained("system/health/s"); !strings.Contains(string(h[0]), `"event":"ready"`) {
				t.Errorf("health is %s", h)
			}
		})
	}
}

func TestWhatCannotTravel(t *testing.T) {
	kittest.Run(t, "is an error of Publish, and the link stays", func(t *testing.T, b *kittest.Harness) {
		ctx := kit.WithBaggage(t.Context(), "room", "ha\x00ll")
		if err := b.Bus.Publish(ctx, Note{Text: "x"}); err != nil { // baggage is escaped
			t.Errorf("baggage: %v", err)
		}
		if err := b.Bus.Publish(t.Context(), Sound{Room: "hall", Seq: "\x00"}); err == nil {
			t.Error("a NUL in a header went out")
		}
		if err := b.Bus.Publish(t.Context(), Note{Text: strings.Repeat("x", 5<<20)}); err == nil || !strings.Contains(err.Error(), "MQTT_MAX_PACKET") {
			t.Errorf("too large: %v", err)
		}
		b.Publish(t, Note{Text: "still there"})
	})
}

// TestPanicOutsideTheHandler panics where the kit calls into a contract or an
// option: it costs one message, too.
func TestPanicOutsideTheHandler(t *testing.T) {
	var l diary
	first := func(n Note) string { return n.Text[:1] }
	kittest.Run(t, "in By", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, Note{Text: ""})
		b.Publish(t, Note{Text: "a"})
		b.Settle()
		same(t, l.take(), "a")
	}, kittest.ServiceOf("s", kit.On(func(_ context.Context, n Note) error { l.add("%s", n.Text); return nil }, kit.Workers(2), kit.OrderedBy(first))))
	kittest.Run(t, "in CancelledBy", func(t *testing.T, b *kittest.Harness) {
		b.Publish(t, Stop{ID: ""})
		b.Publish(t, Note{Text: ""})
		b.Publish(t, Note{Text: "b"})
		b.Settle()
		same(t, l.take(), "b")
	}, kittest.ServiceOf("s", kit.On(func(_ context.Context, n Note) error { l.add("%s", n.Text); return nil },
		kit.CancelledBy(func(s Stop) string { return s.ID[:1] }, first))))
}

// TestStopAfterCut stops at the moment a link comes back: health must not say
// that the service is there.
func TestStopAfterCut(t *testing.T) {
	for i := range 30 {
		kittest.Run(t, "the last word is not ready", func(t *testing.T, b *kittest.Harness) {
			time.Sleep(10 * time.Second)
			b.Cut("s")
			time.Sleep(time.Duration(i%3) * 100 * time.Microsecond)
			b.Stop(t, "s")
			if h := b.Broker.Retained("system/health/s"); len(h) != 1 || strings.Contains(string(h[0]), `"ok":true`) {
				t.Errorf("health is %s", h)
			}
		}, kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { return nil }, kit.Name("h"))))
	}
}

func TestAServiceMayTellOfRefusedMessagesItself(t *testing.T) {
	var told diary
	var log lockedBuffer
	kittest.Run(t, "and the log does not", func(t *testing.T, b *kittest.Harness) {
		b.LogTo(&log)
		b.Add(t, kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { return nil }, kit.Name("heard"),
			kit.OnRefused(func(d *kit.Delivery, err error) { told.add("%s: %v", d.Topic, err) }))))
		b.PublishRaw(t, "box/note", `{"text":1}`)
		b.Settle()
		same(t, told.take(), "box/note: text: 1 is no string")
		if log.contains("message refused") {
			t.Error("the log tells of it, too")
		}
		for _, h := range b.Stats("s").Handlers {
			if h.Name == "heard" && h.Dropped["type"] != 1 {
				t.Errorf("counted %v", h.Dropped)
			}
		}
	})
	kittest.Run(t, "and a panic there is no end of it", func(t *testing.T, b *kittest.Harness) {
		b.LogTo(&log)
		b.Add(t, kittest.ServiceOf("s", kit.On(func(_ context.Context, n Note) error { told.add("%s", n.Text); return nil },
			kit.OnRefused(func(*kit.Delivery, error) { panic("no") }))))
		b.PublishRaw(t, "box/note", `{"text":1}`)
		b.Publish(t, Note{Text: "next"})
		b.Settle()
		same(t, told.take(), "next")
		if !log.contains("OnRefused failed") {
			t.Error("the panic is not logged")
		}
	})
	if _, err := kittest.ServiceOf("s", kit.On(func(context.Context, Note) error { return nil }, kit.OnRefused(nil))).Describe(); err == nil || !strings.Contains(err.Error(), "OnRefused: the function is nil") {
		t.Errorf("error is %v", err)
	}
}

// lockedBuffer is a log of many goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

// Write implements io.Writer.
func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) contains(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), text)
}
