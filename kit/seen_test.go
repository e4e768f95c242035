package kit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/fx"
	"google.golang.org/protobuf/proto"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/broker"
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

// freePort is an address that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestAdmin(t *testing.T) {
	srv, err := broker.New(broker.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	addr := freePort(t)
	t.Setenv("ADMIN_ADDR", addr)
	t.Setenv("MQTT_URL", "mqtt://"+srv.Addr())
	t.Setenv("LOG_LEVEL", "error")
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	ready := make(chan struct{})
	go func() {
		over <- kit.Run(ctx, busy(), kittest.ServiceOf("other", kit.OnConnect(func(context.Context) error { close(ready); return nil })))
	}()
	get := func(path string) (int, string) {
		t.Helper()
		r, err := http.Get("http://" + addr + path)
		if err != nil {
			return 0, err.Error()
		}
		defer func() { _ = r.Body.Close() }()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(body)
	}
	select {
	case <-ready:
	case err := <-over:
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for code, _ := get("/readyz"); code != 200; code, _ = get("/readyz") {
		if time.Now().After(deadline) {
			t.Fatal("never ready")
		}
		time.Sleep(10 * time.Millisecond) // real processes' time: nothing tells that all are ready
	}
	if code, body := get("/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %s", code, body)
	}
	_, body := get("/metrics")
	for _, want := range []string{`kit_link_up{service="busy"} 1`, `kit_link_up{service="other"} 1`, `kit_handled_total{handler="heard",service="busy"} 0`,
		`kit_handle_seconds_count{handler="answer",service="busy"} 0`, `kit_published_total{service="busy",type="health.status"} 1`, "go_goroutines",
		`kit_handled_total{handler="nothing foreign/b",service="busy"} 0`, `kit_handled_total{handler="tick 2",service="busy"} 0`} {
		for !strings.Contains(body, want) { // a service is ready a moment before its health is out
			if time.Now().After(deadline) {
				t.Fatalf("metrics lack %s", want)
			}
			time.Sleep(10 * time.Millisecond)
			_, body = get("/metrics")
		}
	}
	if code, _ := get("/debug/pprof/goroutine?debug=1"); code != 200 {
		t.Errorf("pprof: %d", code)
	}
	_ = srv.Close()
	for code, body := get("/readyz"); code != 503 || !strings.Contains(body, "is not ready"); code, body = get("/readyz") {
		if time.Now().After(deadline) {
			t.Fatalf("without a broker: %d %s", code, body)
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-over; err != nil {
		t.Error(err)
	}
	t.Run("an address that others can reach wants a token", func(t *testing.T) {
		t.Setenv("ADMIN_ADDR", "0.0.0.0:0")
		const want = "ADMIN_ADDR is 0.0.0.0:0, which others can reach: set ADMIN_TOKEN, or ADMIN_ADDR to 127.0.0.1:0"
		if err := kit.Run(t.Context(), busy()); err == nil || err.Error() != want {
			t.Errorf("error: %v, want %s", err, want)
		}
	})
	t.Run("an address in use is one line", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		t.Setenv("ADMIN_ADDR", l.Addr().String())
		if err := kit.Run(t.Context(), busy()); err == nil || !strings.HasPrefix(err.Error(), "ADMIN_ADDR: ") {
			t.Errorf("error: %v", err)
		}
	})
}

func TestSpansCrossServices(t *testing.T) {
	type seen struct{ service, name, trace, id, parent string }
	var mu sync.Mutex
	var spans []seen
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var req v1.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &req); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, rs := range req.ResourceSpans {
			service := ""
			for _, a := range rs.Resource.Attributes {
				if a.Key == "service.name" {
					service = a.Value.GetStringValue()
				}
			}
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					spans = append(spans, seen{service, s.Name, fmt.Sprintf("%x", s.TraceId), fmt.Sprintf("%x", s.SpanId), fmt.Sprintf("%x", s.ParentSpanId)})
				}
			}
		}
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Run("run", func(t *testing.T) {
		b := kittest.Start(t, kittest.ServiceOf("probe2"), kit.Service[*echo]("echo", fx.Provide(func(b *kit.Bus) *echo { return &echo{b} })))
		got := kittest.Watch[Receipt](b)
		b.Publish(t, Note{Text: "hi"})
		got.Next(t)
	})
	mu.Lock()
	defer mu.Unlock()
	find := func(service, name string) seen {
		t.Helper()
		for _, s := range spans {
			if s.service == service && s.name == name {
				return s
			}
		}
		t.Fatalf("no span %s of %s in %+v", name, service, spans)
		return seen{}
	}
	sent, handled, answered := find("probe", "send box/note"), find("echo", "heard box/note"), find("echo", "send box/receipt")
	if handled.trace != sent.trace || handled.parent != sent.id || answered.trace != sent.trace || answered.parent != handled.id {
		t.Errorf("not one chain: %+v %+v %+v", sent, handled, answered)
	}
}

// A retry belongs to the span of its run, and knows what number it has.
func TestRetryStaysInItsSpan(t *testing.T) {
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	tried := make(chan kit.Meta, 2)
	b := kittest.Start(t, kittest.ServiceOf("s", kit.On(func(ctx context.Context, _ Note) error {
		m := kit.From(ctx)
		tried <- m
		if m.Attempt == 1 {
			return errors.New("not yet")
		}
		return nil
	}, kit.Retry(1, 0))))
	b.Publish(t, Note{Text: "hi"})
	first := <-tried
	second := <-tried
	if first.Traceparent == "" || first.Traceparent != second.Traceparent || first.Attempt != 1 || second.Attempt != 2 {
		t.Errorf("first %+v, second %+v", first, second)
	}
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
