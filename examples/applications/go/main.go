// A checkout that fails once. Endpoint, protocol and service name come from the environment:
// OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_SERVICE_NAME.
package main

import (
	"context"
	"errors"
	"log"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	otellog "go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	spans, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return err
	}
	reader, err := autoexport.NewMetricReader(ctx)
	if err != nil {
		return err
	}
	records, err := autoexport.NewLogExporter(ctx)
	if err != nil {
		return err
	}
	traces := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	logs := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(records)))
	// Sends what is waiting; without it a short program ends before its telemetry has left.
	defer func() {
		err = errors.Join(err, traces.Shutdown(ctx), meters.Shutdown(ctx), logs.Shutdown(ctx))
	}()
	otel.SetTracerProvider(traces)
	otel.SetMeterProvider(meters)

	tracer := otel.Tracer("checkout")
	orders, err := otel.Meter("checkout").Int64Counter("shop.orders", metric.WithUnit("{order}"))
	if err != nil {
		return err
	}

	ctx, request := tracer.Start(ctx, "POST /checkout", trace.WithSpanKind(trace.SpanKindServer))
	defer request.End()
	_, charge := tracer.Start(ctx, "charge card", trace.WithSpanKind(trace.SpanKindClient))
	charge.SetStatus(codes.Error, "card declined")
	charge.End()
	orders.Add(ctx, 1, metric.WithAttributes(attribute.String("shop.payment", "declined")))
	var record otellog.Record
	record.SetSeverity(otellog.SeverityWarn)
	record.SetSeverityText("WARN")
	record.SetBody(attribute.StringValue("order 42: card declined"))
	record.AddAttributes(attribute.Int("shop.order", 42))
	logs.Logger("checkout").Emit(ctx, record)
	request.SetAttributes(attribute.Int("http.response.status_code", 402))
	return nil
}
