package otel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/fx"
	"google.golang.org/protobuf/proto"

	"github.com/gotars/tars/kit"
	"github.com/gotars/tars/kit/kittest"
	"github.com/gotars/tars/kit/msg"
	"github.com/gotars/tars/kit/otel"
)

// Note is something to read.
type Note struct {
	msg.Ident
	Text string `json:"text"`
}

// Route implements msg.Message.
func (Note) Route() msg.Route { return msg.Route{Topic: "box/note", QoS: msg.AtLeastOnce} }

// Receipt says that a Note was read.
type Receipt struct {
	msg.Ident
	Text string `json:"text"`
}

// Route implements msg.Message.
func (Receipt) Route() msg.Route { return msg.Route{Topic: "box/receipt", QoS: msg.AtLeastOnce} }

// echo gives a Receipt for each Note.
type echo struct{ bus *kit.Bus }

func (e *echo) Handlers() []kit.Handler { return []kit.Handler{kit.On(e.heard), kit.Sends[Receipt]()} }

func (e *echo) heard(ctx context.Context, m Note) error {
	return e.bus.Publish(ctx, Receipt{Text: m.Text})
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
		var sender *kit.Bus
		mods := otel.Trace(
			kittest.ServiceOf("sender", kit.Sends[Note]()).With(fx.Populate(&sender)),
			kit.Service[*echo]("echo", fx.Provide(func(b *kit.Bus) *echo { return &echo{b} })))
		b := kittest.Start(t, mods...)
		got := kittest.Watch[Receipt](b)
		if err := sender.Publish(t.Context(), Note{Text: "hi"}); err != nil {
			t.Fatal(err)
		}
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
	sent, handled, answered := find("sender", "send box/note"), find("echo", "heard box/note"), find("echo", "send box/receipt")
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
	b := kittest.Start(t, otel.Trace(kittest.ServiceOf("s", kit.On(func(ctx context.Context, _ Note) error {
		m := kit.From(ctx)
		tried <- m
		if m.Attempt == 1 {
			return errors.New("not yet")
		}
		return nil
	}, kit.Retry(1, 0))))...)
	b.Publish(t, Note{Text: "hi"})
	first := <-tried
	second := <-tried
	if first.Traceparent == "" || first.Traceparent != second.Traceparent || first.Attempt != 1 || second.Attempt != 2 {
		t.Errorf("first %+v, second %+v", first, second)
	}
}
