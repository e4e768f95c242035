// Package otel makes OpenTelemetry spans of what services of the kit do: one for
// each run of a handler and one for each publication, joined across services by
// the W3C trace context that travels with every message.
//
// Spans go out by OTLP over HTTP when the standard variables name where to:
// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, or
// OTEL_TRACES_EXPORTER=otlp for the default address. Otherwise, and with
// OTEL_SDK_DISABLED=true, there are none, and the trace context that comes with a
// message is passed on as it is. Sampling, headers and resource attributes have
// their standard variables too.
package otel

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

	"github.com/gotars/tars/kit"
)

// Trace returns the modules as services that make spans, where the environment
// asks for them: kit.Run(ctx, otel.Trace(alarm.Module, lamp.Module)...).
func Trace(mods ...kit.Module) []kit.Module {
	if !isRequested() {
		return mods
	}
	traced := make([]kit.Module, len(mods))
	for i, m := range mods {
		traced[i] = m.With(fx.Provide(func(lc fx.Lifecycle) (kit.Observer, error) {
			provider, err := newProvider(m.Name)
			if err != nil {
				return nil, err
			}
			lc.Append(fx.StopHook(provider.Shutdown)) // which sends the last spans
			return &tracer{provider.Tracer("github.com/gotars/tars/kit")}, nil
		}))
	}
	return traced
}

// isRequested reports whether the environment asks for spans.
func isRequested() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	exporter := strings.ToLower(os.Getenv("OTEL_TRACES_EXPORTER"))
	endpoint := os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") + os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	return exporter == "otlp" || exporter == "" && endpoint != ""
}

// newProvider exports the spans of one service. It connects with the first of
// them.
func newProvider(service string) (*sdktrace.TracerProvider, error) {
	exporter, err := otlptracehttp.New(context.Background())
	if err != nil {
		return nil, err
	}
	res, err := resource.Merge(resource.Environment(), resource.NewSchemaless(
		attribute.String("service.name", service), attribute.String("service.version", kit.Version())))
	if err != nil {
		return nil, err
	}
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(res)), nil
}

// tracer is the [kit.Observer] of one service.
type tracer struct{ trace.Tracer }

// Run implements [kit.Observer]. What the run publishes continues its span.
func (t *tracer) Run(ctx context.Context, handler string, d *kit.Delivery) (context.Context, func(error)) {
	if d == nil {
		return t.begin(ctx, handler, trace.SpanKindInternal)
	}
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": d.Traceparent})
	return t.begin(ctx, handler+" "+d.Topic, trace.SpanKindConsumer,
		attribute.String("messaging.system", "mqtt"), attribute.String("messaging.destination.name", d.Topic),
		attribute.String("messaging.message.id", d.ID), attribute.String("kit.trace", d.Trace))
}

// Publish implements [kit.Observer].
func (t *tracer) Publish(ctx context.Context, topic string) (context.Context, func(error)) {
	return t.begin(ctx, "send "+topic, trace.SpanKindProducer,
		attribute.String("messaging.system", "mqtt"), attribute.String("messaging.destination.name", topic))
}

// begin starts a span, and lets publications with the context continue it.
func (t *tracer) begin(ctx context.Context, name string, kind trace.SpanKind, attrs ...attribute.KeyValue) (context.Context, func(error)) {
	ctx, span := t.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attrs...))
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return kit.WithTraceparent(ctx, carrier["traceparent"]), func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}
}
