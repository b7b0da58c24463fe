/** The SDK's nine OTLP exporters behind one shape that tells what was answered. */
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { OtlpOptions, SendSignal } from './send.ts';

export type SendOutcome = {
  readonly signal: SendSignal;
  /** Spans, log records, or measurements behind the metrics. */
  readonly sent: number;
  readonly requests: number;
  /** Of a protocol without answers: nobody says whether it came. */
  readonly unanswered?: true;
  /** What the first failed request was answered; absent when all were taken. */
  readonly error?: string;
};

type Outcome = Omit<SendOutcome, 'signal' | 'sent'>;

type Exporters = {
  readonly traces: (batches: readonly ReadableSpan[][]) => Promise<Outcome>;
  readonly logs: (batches: readonly ReadableLogRecord[][]) => Promise<Outcome>;
  readonly metrics: (batches: readonly ResourceMetrics[]) => Promise<Outcome>;
};

const classes = {
  grpc: { traces: GrpcTraces, metrics: GrpcMetrics, logs: GrpcLogs },
  'http/protobuf': { traces: ProtoTraces, metrics: ProtoMetrics, logs: ProtoLogs },
  'http/json': { traces: JsonTraces, metrics: JsonMetrics, logs: JsonLogs },
} as const;

export function exporters(options: OtlpOptions): Exporters {
  const chosen = classes[options.protocol];
  const config = (signal: SendSignal): object => ({
    url: options.protocol === 'grpc' ? options.endpoint : `${options.endpoint}/v1/${signal}`,
    compression: options.gzip ? 'gzip' : 'none',
  });
  return {
    traces: (batches) => exportAll(new chosen.traces(config('traces')), batches),
    logs: (batches) => exportAll(new chosen.logs(config('logs')), batches),
    metrics: (batches) => exportAll(new chosen.metrics(config('metrics')), batches),
  };
}

type Exporter<Batch> = {
  readonly export: (
    batch: Batch,
    done: (result: { readonly code: number; readonly error?: Error }) => void,
  ) => void;
  readonly shutdown: () => Promise<void>;
};

async function exportAll<Batch>(
  exporter: Exporter<Batch>,
  batches: readonly Batch[],
): Promise<Outcome> {
  let error: string | undefined;
  for (const batch of batches) {
    const result = await new Promise<{ readonly code: number; readonly error?: Error }>((resolve) =>
      exporter.export(batch, resolve),
    );
    if (result.code === 0) continue;
    error = result.error?.message ?? 'refused without a reason';
    break;
  }
  await exporter.shutdown();
  return { requests: batches.length, ...(error !== undefined && { error }) };
}
