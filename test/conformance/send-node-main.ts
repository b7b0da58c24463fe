/**
 * Sends one of each signal by the OpenTelemetry SDK for Node and prints what was sent in OTLP's
 * JSON form, made by the SDK's own serializer: `send-node-main.ts ENDPOINT PROTOCOL COMPRESSION
 * SERVICE`.
 */
import { ROOT_CONTEXT, SeverityNumber, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  AggregationType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { exporters } from '../../cli/send/exporters.ts';
import type { OtlpProtocol } from '../../cli/send/send.ts';

const [endpoint = '', protocol = 'grpc', compression = 'none', service = ''] =
  process.argv.slice(2);
const resource = resourceFromAttributes({
  'service.name': service,
  'deployment.environment.name': 'test',
  ports: [1, 2],
});

const spans = makeSpans();
const records = makeRecords();
const metrics = await makeMetrics();
const out = exporters({
  signals: [],
  endpoint,
  protocol: protocol as OtlpProtocol,
  count: 0,
  service,
  gzip: compression === 'gzip',
});
const results = [await out.traces([spans]), await out.logs([records]), await out.metrics(metrics)];
const decode = (bytes: Uint8Array | undefined): unknown =>
  JSON.parse(new TextDecoder().decode(bytes));
const [first] = metrics;
if (first === undefined) throw new Error('no metrics were made');
const sent = {
  traces: decode(JsonTraceSerializer.serializeRequest(spans)),
  logs: decode(JsonLogsSerializer.serializeRequest(records)),
  metrics: decode(JsonMetricsSerializer.serializeRequest(first)),
};
const failures = results.flatMap((result) => (result.error === undefined ? [] : [result.error]));
process.stdout.write(`${JSON.stringify({ sent, failures })}\n`);

function makeSpans(): ReadableSpan[] {
  const memory = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor({ exporter: memory });
  const tracer = new TracerProvider({ resource, spanProcessors: [processor] }).getTracer(
    'conformance',
    '1.2.3',
  );
  const parent = tracer.startSpan('parent', {
    kind: SpanKind.SERVER,
    attributes: { text: 'grüße ✓', int: -(2 ** 40), double: 1e-7, yes: true, list: ['a', 'b'] },
  });
  const within = trace.setSpan(ROOT_CONTEXT, parent);
  for (const kind of [SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.INTERNAL]) {
    const links = [{ context: parent.spanContext(), attributes: { 'link.key': 'link value' } }];
    const child = tracer.startSpan(`child ${kind}`, { kind, links }, within);
    child.addEvent('an event', { 'event.key': 7 });
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' });
    child.end();
  }
  parent.setStatus({ code: SpanStatusCode.OK });
  parent.end();
  return memory.getFinishedSpans();
}

function makeRecords(): ReadableLogRecord[] {
  const memory = new InMemoryLogRecordExporter();
  const processor = new SimpleLogRecordProcessor({ exporter: memory });
  const logger = new LoggerProvider({ resource, processors: [processor] }).getLogger('conformance');
  const bodies = ['plain', 42, 2.5, true, ['a', 1], { nested: { deep: [1, 2.5] } }];
  for (const body of bodies) {
    logger.emit({
      severityNumber: SeverityNumber.ERROR,
      severityText: 'ERROR',
      eventName: 'an.event',
      body,
      attributes: { line: 12, nested: { a: [true] } },
    });
  }
  return memory.getFinishedLogRecords();
}

async function makeMetrics(): Promise<ResourceMetrics[]> {
  const memory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: memory });
  const provider = new MeterProvider({
    resource,
    readers: [reader],
    views: [
      {
        instrumentName: 'an.exponential',
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM },
      },
    ],
  });
  const meter = provider.getMeter('conformance', '1.2.3');
  meter.createCounter('a.counter', { unit: '{item}', description: 'counts' }).add(3, { k: 'v' });
  meter.createUpDownCounter('an.updown').add(-1.5);
  meter.createGauge('a.gauge').record(4.25);
  meter.createHistogram('a.histogram', { unit: 's' }).record(0.3, { k: 'v' });
  const exponential = meter.createHistogram('an.exponential');
  for (const value of [0, 0.001, 1, 1000]) exponential.record(value);
  await provider.forceFlush();
  const made = memory.getMetrics();
  await provider.shutdown();
  return made.slice(0, 1);
}
