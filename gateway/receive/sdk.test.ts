/**
 * Stock OpenTelemetry exporters against both receivers. What reaches the lane is compared with
 * what the SDK's own serializer makes of the same items.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OTLPLogExporter as LogGrpc } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as LogJson } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as LogProto } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as MetricGrpc } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as MetricJson } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as MetricProto } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as TraceGrpc } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as TraceJson } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as TraceProto } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { systemClock } from '../../core/clock.ts';
import { RecordingCounters, RecordingLane, stored } from '../../test/support/receiving.ts';
import type { Answer, Signal } from '../answer.ts';
import { Admission } from './admission.ts';
import { startGrpc } from './grpc.ts';
import { startHttp } from './http.ts';
import type { Receiver } from './receiver.ts';

/** What all exporters have in common; the items differ, so they stay untyped here. */
type Exporter = {
  export(items: never, done: (result: { code: number; error?: Error }) => void): void;
  shutdown(): Promise<void>;
};
type Serializer = { serializeRequest(items: never): Uint8Array | undefined };
type Maker = new (options: { url: string; compression: never }) => Exporter;

const exporters = {
  traces: { grpc: TraceGrpc, protobuf: TraceProto, json: TraceJson },
  metrics: { grpc: MetricGrpc, protobuf: MetricProto, json: MetricJson },
  logs: { grpc: LogGrpc, protobuf: LogProto, json: LogJson },
} as unknown as Record<Signal, Record<string, Maker>>;

const serializers = {
  traces: { protobuf: ProtobufTraceSerializer, json: JsonTraceSerializer },
  metrics: { protobuf: ProtobufMetricsSerializer, json: JsonMetricsSerializer },
  logs: { protobuf: ProtobufLogsSerializer, json: JsonLogsSerializer },
} as unknown as Record<Signal, Record<'protobuf' | 'json', Serializer>>;

const items = {} as Record<Signal, never>;
let lane: RecordingLane;
let grpc: Receiver;
let http: Receiver;

async function makeItems(): Promise<void> {
  const spans = new InMemorySpanExporter();
  const tracers = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: spans })],
  });
  for (let index = 0; index < 200; index += 1) {
    const span = tracers.getTracer('test').startSpan(`span ${index}`);
    span.setAttribute('index', index).addEvent('event').end();
  }
  items.traces = spans.getFinishedSpans() as never;
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: metrics,
    exportIntervalMillis: 3_600_000,
  });
  const meters = new MeterProvider({ readers: [reader] });
  meters.getMeter('test').createCounter('requests').add(5, { code: 200 });
  meters.getMeter('test').createHistogram('duration').record(0.25);
  await meters.forceFlush();
  items.metrics = metrics.getMetrics()[0] as never;
  await meters.shutdown();
  const records = new InMemoryLogRecordExporter();
  const loggers = new LoggerProvider({
    processors: [new SimpleLogRecordProcessor({ exporter: records })],
  });
  loggers.getLogger('test').emit({ body: { nested: ['x', 1, true] }, severityText: 'INFO' });
  await loggers.forceFlush();
  items.logs = records.getFinishedLogRecords() as never;
}

function exportOnce(signal: Signal, protocol: string, compression = 'none') {
  const { grpc: grpcMaker } = exporters[signal];
  const Exporter = exporters[signal][protocol] ?? grpcMaker;
  if (Exporter === undefined) throw new Error(`no exporter for ${protocol}`);
  const url =
    protocol === 'grpc'
      ? `http://127.0.0.1:${grpc.address.port}`
      : `http://127.0.0.1:${http.address.port}/v1/${signal}`;
  const exporter = new Exporter({ url, compression: compression as never });
  return new Promise<{ code: number; error?: Error }>((resolve) => {
    exporter.export(items[signal], (result) => {
      void exporter.shutdown().then(() => resolve(result));
    });
  });
}

beforeAll(makeItems);

beforeEach(async () => {
  lane = new RecordingLane();
  const counters = new RecordingCounters();
  const common = {
    host: '127.0.0.1',
    port: 0,
    acceptor: lane,
    admission: new Admission(192 * 1024 ** 2),
    counters,
    clock: systemClock,
  };
  grpc = await startGrpc(common);
  http = await startHttp(common);
});

afterEach(async () => {
  await Promise.all([grpc.close(0), http.close(0)]);
});

const success = 0;
const failure = 1;

describe.each(['traces', 'metrics', 'logs'] as const)('the SDK sends %s', (signal) => {
  it.each([
    ['grpc', 'none', 'identity'],
    ['grpc', 'gzip', 'gzip'],
    ['protobuf', 'none', 'identity'],
    ['protobuf', 'gzip', 'gzip'],
    ['json', 'none', 'identity'],
    ['json', 'gzip', 'gzip'],
  ])('over %s with compression %s', async (protocol, compression, contentEncoding) => {
    const contentType = protocol === 'json' ? 'json' : 'protobuf';
    expect((await exportOnce(signal, protocol, compression)).code).toBe(success);
    expect(lane.submissions).toHaveLength(1);
    expect(lane.submissions[0]).toMatchObject({ signal, contentType, contentEncoding });
    const expected = serializers[signal][contentType].serializeRequest(items[signal]);
    const body = Buffer.from(lane.submissions[0]?.body ?? []);
    expect(body.equals(expected ?? Buffer.alloc(0))).toBe(true);
    expect(body.length).toBeGreaterThan(100);
  });
});

describe.each(['grpc', 'protobuf', 'json'])('the SDK over %s', (protocol) => {
  it.each([
    ['malformed', { outcome: 'malformed', message: 'bad', offset: 0 }],
    ['too large', { outcome: 'too_large', message: 'rows' }],
  ] as const)('gives up at once when the request is %s', async (_, answer) => {
    lane.answer = () => Promise.resolve(answer);
    expect((await exportOnce('traces', protocol)).code).toBe(failure);
    expect(lane.submissions).toHaveLength(1);
  });

  it('takes a partial success for a success', async () => {
    lane.answer = () => Promise.resolve({ outcome: 'stored', rejected: 3, message: 'ids' });
    expect((await exportOnce('traces', protocol)).code).toBe(success);
    expect(lane.submissions).toHaveLength(1);
  });
});

// Not over gRPC: that exporter of the JavaScript SDK has no retry at all, whatever it is told.
describe.each(['protobuf', 'json'])('the SDK over %s, when busy', (protocol) => {
  const busy: Answer = { outcome: 'busy', reason: 'memory', message: 'full', retryAfterSeconds: 1 };

  it('sends the same again when it is told to come back, then is content', async () => {
    let count = 0;
    lane.answer = () => Promise.resolve(count++ === 0 ? busy : stored);
    expect((await exportOnce('traces', protocol)).code).toBe(success);
    const [first, second] = lane.submissions;
    expect(lane.submissions).toHaveLength(2);
    expect(Buffer.from(first?.body ?? []).equals(second?.body ?? Buffer.alloc(0))).toBe(true);
  });
});
