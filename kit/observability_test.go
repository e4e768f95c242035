package kit_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/wire"
)

// busy is a service that does one of everything that is counted.
func busy() kit.Module {
	n := 0
	return kittest.ServiceOf("busy",
		kit.On(func(_ context.Context, m Note) error {
			switch m.Text {
			case "bad":
				return errors.New("no")
			case "unwanted":
				return kit.Drop("unwanted")
			case "hard":
				if n++; n < 3 {
					return errors.New("not yet")
				}
			}
			return nil
		}, kit.Name("heard"), kit.Retry(2, time.Millisecond)),
		kit.Answer(func(context.Context, Question) (QuickReply, error) { return QuickReply{Text: "yes"}, nil }, kit.Name("answer"), kit.Workers(3)),
		kit.Tap("foreign/a", nothing), kit.Tap("foreign/b", nothing), kit.Every(time.Hour, tick), kit.Every(time.Hour, tick),
		kit.Asks[Essay](), kit.Sends[Receipt]())
}

func nothing(context.Context, *kit.Delivery) error { return nil }

func tick(context.Context) error { return nil }

func TestStats(t *testing.T) {
	t.Setenv("MQTT_DEDUPE_TTL", "30")
	var l diary
	kittest.Run(t, "are told to whoever asks", func(t *testing.T, b *kittest.Harness) {
		for _, text := range []string{"good", "bad", "unwanted", "hard"} {
			raw(t, b, "box/note", note(text, text))
		}
		raw(t, b, "box/note", note("good", "good"))
		raw(t, b, "box/note", `{"text":1}`)
		kittest.Ask(t, b, Question{Text: "?"})
		time.Sleep(time.Second)
		if err := b.Bus.PublishTo(t.Context(), "system/stats/get", "", map[string]any{}, kit.ID("who")); err != nil {
			t.Fatal(err)
		}
		b.Settle()
		got := l.take()
		if len(got) != 1 || !strings.HasPrefix(got[0], "who ") {
			t.Fatalf("told %q", got)
		}
		var s kit.Stats
		if err := wire.Decode([]byte(strings.TrimPrefix(got[0], "who ")), &s); err != nil {
			t.Fatal(err)
		}
		if s.Name != "busy" || s.ClientID != "busy" || !s.Link.Up || s.Published["box.answer"] != 1 || s.UptimeS < 1 {
			t.Errorf("stats: %+v", s)
		}
		i := slices.IndexFunc(s.Handlers, func(h kit.HandlerStats) bool { return h.Name == "heard" })
		h := s.Handlers[i]
		if h.Handled != 2 || h.Failed != 1 || h.Dead != 1 || h.Retried != 4 || h.Duplicates != 1 || h.Dropped["unwanted"] != 1 || h.Dropped["type"] != 1 || h.LastError != "no" || h.TookP99MS < 1 {
			t.Errorf("heard: %+v", h)
		}
	}, kittest.ServiceOf("page", kit.Tap("system/stats/busy", func(_ context.Context, d *kit.Delivery) error { l.add("%s %s", d.ID, d.Data); return nil })), busy())
}

func TestInfo(t *testing.T) {
	kittest.Run(t, "is retained", func(t *testing.T, b *kittest.Harness) {
		b.Settle()
		kept := b.Broker.Retained("system/info/busy")
		if len(kept) != 1 {
			t.Fatalf("retained: %q", kept)
		}
		e, err := wire.Open(kept[0])
		if err != nil {
			t.Fatal(err)
		}
		var i kit.Info
		if err := wire.Decode(e.Data, &i); err != nil {
			t.Fatal(err)
		}
		if e.Type != "system.info" || i.Name != "busy" || i.ClientID != "busy" || i.Version == "" || len(i.Instance) != 32 {
			t.Errorf("info: %+v", i)
		}
		heard, answer := i.Handlers[0], i.Handlers[1]
		if heard.Handler != "heard" || heard.Topic != "box/note" || heard.Type != "box.note" || heard.QoS != 1 || answer.Workers != 3 {
			t.Errorf("handlers: %+v", i.Handlers)
		}
		topics := func(ds []kit.EndpointInfo) (out []string) {
			for _, d := range ds {
				out = append(out, d.Topic)
			}
			return out
		}
		same(t, topics(i.Asks), "essay/write")
		same(t, topics(i.Sends), "box/answer", "box/receipt", "essay/stop")
		same(t, i.Reads, "box/note", "box/question", "essay/end", "foreign/a", "foreign/b", "system/error/busy", "system/replay/busy", "system/stats/get")
		same(t, i.Writes, "box/answer", "box/receipt", "essay/stop", "essay/write", "system/dead/busy", "system/dead/busy/+",
			"system/error/+", "system/health/busy", "system/info/busy", "system/keepalive/busy", "system/stats/busy")
	}, busy())
}

func TestTraceparentIsPassedOn(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	kittest.Run(t, "without an exporter", func(t *testing.T, b *kittest.Harness) {
		var l diary
		b.Add(t, kittest.ServiceOf("next", kit.On(func(ctx context.Context, _ Receipt) error { l.add("%s", kit.From(ctx).Traceparent); return nil })))
		raw(t, b, "box/note", note("1", "a"), "traceparent", parent)
		b.Settle()
		same(t, l.take(), parent)
	}, kit.Service[*echo]("echo", fx.Provide(func(b *kit.Bus) *echo { return &echo{b} })))
}

// noted is a kit.Observer that writes down what it sees, and marks what
// continues a run.
type noted struct{ *diary }

func (o noted) Run(ctx context.Context, handler string, d *kit.Delivery) (context.Context, func(error)) {
	what := handler
	if d != nil {
		what += " " + d.Topic + " after " + d.Traceparent
	}
	return kit.WithTraceparent(ctx, "span of "+handler), func(err error) { o.add("run %s: %v", what, err) }
}

func (o noted) Publish(ctx context.Context, topic string) (context.Context, func(error)) {
	return ctx, func(err error) { o.add("publish %s: %v", topic, err) }
}

func TestObserverSeesRunsAndPublications(t *testing.T) {
	var l diary
	observed := func(m kit.Module) kit.Module {
		return m.With(fx.Provide(func() kit.Observer { return noted{&l} }))
	}
	kittest.Run(t, "with their outcome", func(t *testing.T, b *kittest.Harness) {
		b.Settle()
		l.take() // what the services said at their start
		raw(t, b, "box/note", note("1", "a"))
		b.Settle()
		got := l.take()
		slices.Sort(got) // the two services run beside each other
		same(t, got, "publish box/receipt: <nil>", "run forgets box/receipt after span of heard: no", "run heard box/note after : <nil>")
	}, observed(kit.Service[*echo]("echo", fx.Provide(func(b *kit.Bus) *echo { return &echo{b} }))),
		observed(kittest.ServiceOf("next", kit.On(func(context.Context, Receipt) error { return errors.New("no") }, kit.Name("forgets"), kit.AckFirst()))))
}
