/** Generates telemetry with the SDK and exports it, so that the answer of each request is known. */
import { type Context, ROOT_CONTEXT, SeverityNumber, SpanKind, trace } from '@opentelemetry/api';
import { defaultResource, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
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
import { exporters, type SendOutcome } from './exporters.ts';

export type SendSignal = 'traces' | 'metrics' | 'logs';
export type OtlpProtocol = 'grpc' | 'http/protobuf' | 'http/json';
export type SendProtocol = OtlpProtocol | 'remote-write' | 'influx' | 'dogstatsd';

export type SendOptions = {
  readonly signals: readonly SendSignal[];
  readonly endpoint: string;
  readonly protocol: SendProtocol;
  readonly count: number;
  readonly service: string;
  readonly gzip: boolean;
  /** For lines and remote write; SDKs read their headers from the environment. */
  readonly token?: string | undefined;
};

/** What is sent by the SDK. */
export type OtlpOptions = SendOptions & { readonly protocol: OtlpProtocol };

/** Metrics only, by a protocol that is not OpenTelemetry's. */
type MetricsSender = (options: SendOptions) => Promise<SendOutcome>;

export type SendReport = {
  readonly endpoint: string;
  readonly protocol: SendProtocol;
  readonly results: readonly SendOutcome[];
};

const spansPerTrace = 5;
const itemsPerRequest = 1_000;

export async function send(options: SendOptions): Promise<SendReport> {
  const { endpoint, protocol } = options;
  if (!isOther(protocol)) return await sendByOtlp({ ...options, protocol });
  const sendMetricsBy = await others[protocol]();
  return { endpoint, protocol, results: [await sendMetricsBy(options)] };
}

const others = {
  'remote-write': async () => (await import('./remote-write.ts')).sendRemoteWrite,
  influx: async () => (await import('./lines.ts')).sendLines,
  dogstatsd: async () => (await import('./datagrams.ts')).sendDatagrams,
} as const satisfies Record<string, () => Promise<MetricsSender>>;

function isOther(protocol: SendProtocol): protocol is keyof typeof others {
  return Object.hasOwn(others, protocol);
}

async function sendByOtlp(options: OtlpOptions): Promise<SendReport> {
  const resource = defaultResource().merge(
    resourceFromAttributes({ 'service.name': options.service, 'service.version': '1.0.0' }),
  );
  const results: SendOutcome[] = [];
  for (const signal of options.signals) results.push(await senders[signal](options, resource));
  return { endpoint: options.endpoint, protocol: options.protocol, results };
}

const senders = { traces: sendTraces, metrics: sendMetrics, logs: sendLogs } as const;

async function sendTraces(options: OtlpOptions, resource: Resource): Promise<SendOutcome> {
  const memory = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource,
    spanProcessors: [new SimpleSpanProcessor({ exporter: memory })],
  });
  const tracer = provider.getTracer('obsctl send');
  let parent: Context = ROOT_CONTEXT;
  for (let index = 0; index < options.count; index += 1) {
    if (index % spansPerTrace === 0) parent = ROOT_CONTEXT;
    const kind = index % spansPerTrace === 0 ? SpanKind.SERVER : SpanKind.INTERNAL;
    const attributes = { 'http.route': '/sample', 'sample.index': index };
    const span = tracer.startSpan(`sample ${index % spansPerTrace}`, { kind, attributes }, parent);
    span.addEvent('sample event', { 'sample.index': index });
    parent = trace.setSpan(parent, span);
    span.end();
  }
  await provider.forceFlush();
  const outcome = await exporters(options).traces(chunks(memory.getFinishedSpans()));
  await provider.shutdown();
  return { signal: 'traces', sent: options.count, ...outcome };
}

async function sendLogs(options: OtlpOptions, resource: Resource): Promise<SendOutcome> {
  const memory = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({
    resource,
    processors: [new SimpleLogRecordProcessor({ exporter: memory })],
  });
  const logger = provider.getLogger('obsctl send');
  for (let index = 0; index < options.count; index += 1) {
    logger.emit({
      severityNumber: SeverityNumber.INFO,
      severityText: 'INFO',
      body: `sample log record ${index}`,
      attributes: { 'sample.index': index },
    });
  }
  await provider.forceFlush();
  const outcome = await exporters(options).logs(chunks(memory.getFinishedLogRecords()));
  await provider.shutdown();
  return { signal: 'logs', sent: options.count, ...outcome };
}

async function sendMetrics(options: OtlpOptions, resource: Resource): Promise<SendOutcome> {
  const memory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: memory });
  const provider = new MeterProvider({ resource, readers: [reader] });
  const meter = provider.getMeter('obsctl send');
  const counter = meter.createCounter('sample.count', { unit: '{item}' });
  const duration = meter.createHistogram('sample.duration', { unit: 's' });
  for (let index = 0; index < options.count; index += 1) {
    counter.add(1, { 'sample.shard': index % 10 });
    duration.record((index % 100) / 100);
  }
  await provider.forceFlush();
  const outcome = await exporters(options).metrics(memory.getMetrics());
  await provider.shutdown();
  return { signal: 'metrics', sent: options.count, ...outcome };
}

function chunks<Item>(items: readonly Item[]): Item[][] {
  const count = Math.ceil(items.length / itemsPerRequest);
  return Array.from({ length: count }, (_, index) =>
    items.slice(index * itemsPerRequest, (index + 1) * itemsPerRequest),
  );
}
