"""A checkout that fails once. Endpoint and service name come from the environment:
OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME; the protocol is OTLP over HTTP.
"""

import logging

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

traces = TracerProvider()
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(traces)

meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
metrics.set_meter_provider(meters)

# The standard library's logging goes out as OTLP, with the trace that it was written in.
records = LoggerProvider()
records.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
log = logging.getLogger("checkout")
log.addHandler(LoggingHandler(logger_provider=records))

tracer = trace.get_tracer("checkout")
orders = metrics.get_meter("checkout").create_counter("shop.orders", unit="{order}")

with tracer.start_as_current_span("POST /checkout", kind=SpanKind.SERVER) as request:
    with tracer.start_as_current_span("charge card", kind=SpanKind.CLIENT) as charge:
        charge.set_status(Status(StatusCode.ERROR, "card declined"))
    orders.add(1, {"shop.payment": "declined"})
    log.warning("order 42: card declined", extra={"shop.order": 42})
    request.set_attribute("http.response.status_code", 402)

# Sends what is waiting; without it a short program ends before its telemetry has left.
for provider in (traces, meters, records):
    provider.shutdown()
