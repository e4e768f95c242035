package kit

import (
	"context"
	"os"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
)

// tracing makes OpenTelemetry spans. A nil one makes none, and what came with a
// message is passed on as it is.
type tracing struct{ tracer trace.Tracer }

// newTracing exports spans by OTLP over HTTP when the standard variables name
// where to: OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
// or OTEL_TRACES_EXPORTER=otlp for the default address.
func newTracing(lc fx.Lifecycle, name serviceName) (*tracing, error) {
	which := strings.ToLower(os.Getenv("OTEL_TRACES_EXPORTER"))
	asked := which == "otlp" || which == "" && os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")+os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
	if !asked || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return nil, nil
	}
	exporter, err := otlptracehttp.New(context.Background()) // it connects with the first spans
	if err != nil {
		return nil, err
	}
	res, err := resource.Merge(resource.Environment(), resource.NewSchemaless(attribute.String("service.name", string(name)), attribute.String("service.version", version())))
	if err != nil {
		return nil, err
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(res))
	lc.Append(fx.StopHook(p.Shutdown))
	return &tracing{p.Tracer("github.com/gotars/tars/kit")}, nil
}

// span is one run or one publication; a nil one is none.
type span struct{ trace.Span }

// end ends the span with how it went.
func (s *span) end(err error) {
	if s == nil {
		return
	}
	if err != nil {
		s.SetStatus(codes.Error, err.Error())
	}
	s.End()
}

// begin starts the span of a run. What it publishes continues it.
func (t *tracing) begin(ctx context.Context, it item) (context.Context, *span) {
	if t == nil {
		return ctx, nil
	}
	if it.d == nil {
		return t.start(ctx, it.h.name, trace.SpanKindInternal)
	}
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": it.d.Traceparent})
	return t.start(ctx, it.h.name+" "+it.d.Topic, trace.SpanKindConsumer,
		attribute.String("messaging.system", "mqtt"), attribute.String("messaging.destination.name", it.d.Topic),
		attribute.String("messaging.message.id", it.d.ID), attribute.String("tars.trace", it.d.Trace))
}

// publish starts the span of a publication.
func (t *tracing) publish(ctx context.Context, topic string) (context.Context, *span) {
	if t == nil {
		return ctx, nil
	}
	return t.start(ctx, "send "+topic, trace.SpanKindProducer,
		attribute.String("messaging.system", "mqtt"), attribute.String("messaging.destination.name", topic))
}

func (t *tracing) start(ctx context.Context, name string, kind trace.SpanKind, attrs ...attribute.KeyValue) (context.Context, *span) {
	ctx, s := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attrs...))
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	m := From(ctx)
	m.Traceparent = carrier["traceparent"]
	return context.WithValue(ctx, metaKey{}, &m), &span{s}
}
