/**
 * Further OTLP back ends beside the gateway, each with a queue of its own in memory:
 *
 *     traces ─▶ gateway
 *            └▶ forward ─▶ traces/extra_vendor: batch ─▶ queue ─▶ vendor
 *
 * A queue that is full answers with an error, and beside the gateway in one pipeline that error
 * makes the sender send again what the gateway has: twice in ClickHouse, for as long as the vendor
 * is away. The batch processor is the one component that keeps such an error to itself; what it
 * may lose was to be dropped anyway.
 */
import { escapeDollars } from '../../collector/escape.ts';
import type { Attachment, Component, PipelineId, Signal } from '../../collector/types.ts';
import type { Contribution, EnvVar } from '../../collector/workload.ts';
import { fromEnv } from '../from-env.ts';
import type { PresetContext } from '../preset.ts';
import { unsampledPipeline } from '../span-metrics/preset.ts';
import type { ExtraExportersOptions } from './config.ts';

type Exporter = ExtraExportersOptions[string];

/** What `extra_exporters` adds to one Collector: it follows every pipeline of its signals. */
export function extraExporters(
  options: ExtraExportersOptions,
  pipelines: readonly PipelineId[],
  context: PresetContext,
): Contribution {
  const components: Component[] = [];
  const attachments: Attachment[] = [];
  const env: EnvVar[] = [];
  const warnings: string[] = [];
  for (const [name, exporter] of Object.entries(options)) {
    if (!exporter.agents.includes(context.agent)) continue;
    const fed = pipelines.filter((pipeline) => takes(exporter, pipeline));
    if (fed.length === 0) {
      warnings.push(`extra_exporters.${name}: ${context.agent} has none of its signals`);
      continue;
    }
    const id = `${exporter.protocol === 'grpc' ? 'otlp_grpc' : 'otlp_http'}/${name}`;
    components.push(
      { kind: 'connector', id: `forward/${name}`, config: {} },
      {
        kind: 'processor',
        id: `batch/${name}`,
        config: batchConfig(exporter),
      },
      { kind: 'exporter', id, config: exporterConfig(name, exporter) },
    );
    attachments.push(...attachmentsOf(name, id, fed));
    env.push(...secretHeaders(name, exporter));
  }
  const piece = { preset: 'extra_exporters', components, attachments };
  return { piece, needs: { env }, warnings };
}

/** One pipeline a signal behind all that feed it. */
function attachmentsOf(name: string, id: string, fed: readonly PipelineId[]): Attachment[] {
  const signals = new Set(fed.map((pipeline) => pipeline.split('/')[0] as Signal));
  return [
    ...fed.map((pipeline) => ({ pipeline, as: 'exporter' as const, id: `forward/${name}` })),
    ...[...signals].flatMap((signal): Attachment[] => {
      const pipeline: PipelineId = `${signal}/extra_${name}`;
      return [
        { pipeline, as: 'receiver', id: `forward/${name}` },
        { pipeline, as: 'processor', id: `batch/${name}`, stage: 'reduce' },
        { pipeline, as: 'exporter', id },
      ];
    }),
  ];
}

/** What a sampler has not decided on yet does not leave it. */
function takes(exporter: Exporter, pipeline: PipelineId): boolean {
  if (pipeline === unsampledPipeline) return false;
  const signal = pipeline.split('/')[0] ?? '';
  return exporter.signals.some((wanted) => wanted === signal);
}

function exporterConfig(name: string, exporter: Exporter): Component['config'] {
  const headers = Object.entries(exporter.headers).map(([header, value]) => [
    header,
    typeof value === 'string' ? escapeDollars(value) : fromEnv(variable(name, header)),
  ]);
  return {
    endpoint: escapeDollars(exporter.endpoint),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
    ...(exporter.insecure && { tls: { insecure: true } }),
    compression: exporter.compression,
    timeout: exporter.timeout,
    // In memory: a back end that is away must not fill the disk of what goes to the gateway.
    sending_queue: {
      enabled: true,
      sizer: 'items',
      queue_size: exporter.queue_size,
      batch: {
        flush_timeout: '1s',
        sizer: 'items',
        min_size: Math.min(batchItems, exporter.queue_size),
        max_size: Math.min(batchItems, exporter.queue_size),
      },
    },
    retry_on_failure: { enabled: true, max_elapsed_time: exporter.max_elapsed_time },
  };
}

/** Items of one request, well below the 4 MiB of a gRPC message. */
const batchItems = 4096;

/** No batch is larger than the queue behind it, which would refuse it even when it is empty. */
function batchConfig({ queue_size }: Exporter): Component['config'] {
  const size = Math.min(batchItems, queue_size);
  return { timeout: '200ms', send_batch_size: size, send_batch_max_size: size };
}

function secretHeaders(name: string, exporter: Exporter): readonly EnvVar[] {
  return Object.entries(exporter.headers).flatMap(([header, value]) =>
    typeof value === 'string'
      ? []
      : [{ name: variable(name, header), secret: { name: value.secret, key: value.key } }],
  );
}

function variable(name: string, header: string): string {
  return `EXTRA_${name}_${header}`.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}
