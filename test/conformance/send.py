"""Sends one of each signal by the OpenTelemetry SDK for Python, as an application would, and prints
what was sent in OTLP's JSON form, made by protobuf's own JSON mapping: the independent decoder.

    send.py ENDPOINT PROTOCOL COMPRESSION SERVICE
"""

import base64
import json
import sys
import time

from google.protobuf.json_format import MessageToDict
from opentelemetry.sdk.resources import Resource

endpoint, protocol, compression_name, service = sys.argv[1:5]

if protocol == "grpc":
    from grpc import Compression
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    compression = Compression.Gzip if compression_name == "gzip" else Compression.NoCompression
    options = {"endpoint": endpoint, "insecure": True, "compression": compression}
    paths = {"traces": options, "metrics": options, "logs": options}
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    compression = Compression.Gzip if compression_name == "gzip" else Compression.NoCompression
    paths = {
        signal: {"endpoint": f"{endpoint}/v1/{signal}", "compression": compression}
        for signal in ("traces", "metrics", "logs")
    }

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

resource = Resource.create({"service.name": service, "numbers": [1, 2, 3], "ratio": 0.25})
sent = {}
failures = []


def hexadecimal(node):
    """protobuf's JSON has ids in base64; OTLP's has them in hexadecimal."""
    if isinstance(node, list):
        for entry in node:
            hexadecimal(entry)
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("traceId", "spanId", "parentSpanId"):
                node[key] = base64.b64decode(value).hex()
            else:
                hexadecimal(value)


def as_json(message):
    # Enums as numbers, as OTLP demands.
    found = MessageToDict(message, use_integers_for_enums=True)
    hexadecimal(found)
    return found


def check(signal, result):
    if result.name != "SUCCESS":
        failures.append(f"{signal}: {result}")


memory = InMemorySpanExporter()
tracers = TracerProvider(resource=resource)
tracers.add_span_processor(SimpleSpanProcessor(memory))
tracer = tracers.get_tracer("conformance", "1.2.3", attributes={"scope.key": "scope value"})
with tracer.start_as_current_span("parent", kind=SpanKind.SERVER) as parent:
    parent.set_attributes(
        {"text": "grüße ✓", "int": -(2**53) - 1, "float": 0.1, "bool": True, "list": ["a", "b"]}
    )
    parent.add_event("an event", {"event.key": 7})
    link = Link(parent.get_span_context(), {"link.key": "link value"})
    with tracer.start_as_current_span("child", kind=SpanKind.CLIENT, links=[link]) as child:
        child.set_status(Status(StatusCode.ERROR, "broken"))
        child.record_exception(ValueError("bad value"))
    context = parent.get_span_context()
spans = memory.get_finished_spans()
sent["traces"] = as_json(encode_spans(spans))
check("traces", OTLPSpanExporter(**paths["traces"]).export(spans))

reader = InMemoryMetricReader()
meters = MeterProvider(resource=resource, metric_readers=[reader])
meter = meters.get_meter("conformance", "1.2.3")
meter.create_counter("a.counter", unit="{item}", description="counts").add(2**53 + 1, {"k": "v"})
meter.create_up_down_counter("an.updown").add(-1.5)
meter.create_histogram("a.histogram", unit="s").record(0.3, {"k": "v"})
meter.create_gauge("a.gauge").set(4.25)
data = reader.get_metrics_data()
sent["metrics"] = as_json(encode_metrics(data))
check("metrics", OTLPMetricExporter(**paths["metrics"]).export(data))

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

log_memory = InMemoryLogRecordExporter()
loggers = LoggerProvider(resource=resource)
loggers.add_log_record_processor(SimpleLogRecordProcessor(log_memory))
logger = loggers.get_logger("conformance", "1.2.3")
now = time.time_ns()
for body in ["plain text", 42, 2.5, True, ["a", 1], {"nested": {"deep": [1, 2.5, None]}}, b"\x00\xff"]:
    logger.emit(
        LogRecord(
            timestamp=now,
            observed_timestamp=now + 1,
            context=trace.set_span_in_context(trace.NonRecordingSpan(context)),
            severity_text="WARN",
            severity_number=SeverityNumber.WARN,
            body=body,
            attributes={"line": 12, "nested": {"a": [True]}},
            event_name="an.event",
        )
    )
records = log_memory.get_finished_logs()
sent["logs"] = as_json(encode_logs(records))
check("logs", OTLPLogExporter(**paths["logs"]).export(records))

print(json.dumps({"sent": sent, "failures": failures}))
